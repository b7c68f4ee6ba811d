"""The trained reader: which sentences answer, whether anything does, what a passage supports."""
