"""The reader's training: word vectors, cases, gradient-boosted trees; a cross-encoder."""
