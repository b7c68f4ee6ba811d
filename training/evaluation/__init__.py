"""Metrics, evaluation sets and the proof."""
