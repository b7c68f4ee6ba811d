"""Examples written by a language model."""
