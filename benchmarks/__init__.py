"""Measurements beside peers; imported by nobody."""
