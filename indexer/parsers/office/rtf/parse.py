"""RTF, read into paragraphs and tables by `reader`."""

from __future__ import annotations

from indexer.parsers.errors import EmptyFileError
from indexer.parsers.office.rtf.reader import Reader
from indexer.parsers.reading import Reading
from indexer.records import ParsedFile


def parse_rtf(data: bytes, name: str, reading: Reading) -> ParsedFile:
    """An RTF document: headers and footers once, then its text."""
    builder = reading.builder()
    reader = Reader(builder)
    # RTF itself is ASCII; what is not comes as escapes, which name their code page.
    blocks = reader.read(data.decode("latin-1"))
    for line in reader.running:
        builder.paragraph(line)
    for block in blocks:
        block.write(builder)
    pages = builder.sections()
    if not any(page.text.strip() or page.hidden for page in pages):
        raise EmptyFileError("holds no text")
    return ParsedFile(name, pages, "rtf")
