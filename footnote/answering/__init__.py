"""Processes that answer questions beside the one that draws the pages."""
