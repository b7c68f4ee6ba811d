"""Fused search: keyword and dense scores, calibrated for each collection."""
