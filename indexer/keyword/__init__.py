"""Keyword search: text → terms → FTS5 candidates → BM25."""
