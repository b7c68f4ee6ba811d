"""Parsing and embedding on other machines; nothing here writes to a store."""
