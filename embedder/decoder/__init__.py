"""Base decoders: weights found, converted, run in torch in the fastest precision."""
