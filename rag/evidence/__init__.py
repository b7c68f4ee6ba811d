"""Passages and sentences that answer, and whether they do."""
