"""Kinds whose structure is in their lines: records, subtitles, source code, LaTeX, AsciiDoc."""
