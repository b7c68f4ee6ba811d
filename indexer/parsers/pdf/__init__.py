"""PDF: text, layout, scans and hidden text."""
