"""A writer of questions that needs no endpoint: the bundled base with an adapter of its own."""
