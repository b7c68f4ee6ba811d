"""A trained embedder for other programs: sentence-transformers, MTEB, PEFT."""
