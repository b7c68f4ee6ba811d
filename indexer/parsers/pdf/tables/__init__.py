"""Tables of a PDF page: found from rules and from alignment."""
