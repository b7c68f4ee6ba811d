"""Answering: question → passages → cited, checked answer."""
