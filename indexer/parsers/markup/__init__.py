"""Formats made of tags or marks: HTML, XML, Markdown, reStructuredText, EPUB, mail."""
