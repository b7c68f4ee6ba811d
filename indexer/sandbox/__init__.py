"""Parsing and page drawing in child processes with limits."""
