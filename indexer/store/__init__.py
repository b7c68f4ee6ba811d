"""The SQLite database, which is the truth, and the originals beside it."""
