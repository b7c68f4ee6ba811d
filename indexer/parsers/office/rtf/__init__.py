"""RTF documents."""

from indexer.parsers.office.rtf.parse import parse_rtf

__all__ = ["parse_rtf"]
