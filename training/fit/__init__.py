"""Fitting an embedder: batches, loss, gradient cache, trainer, collection whitening."""
