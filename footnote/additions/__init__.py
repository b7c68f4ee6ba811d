"""Embedders that come on request, because their base is under terms of its own."""
