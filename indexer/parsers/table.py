"""Which parser reads which kind of file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

from indexer.parsers.archive import parse_archive, parse_gzip
from indexer.parsers.container import Container, ole_streams, open_ole
from indexer.parsers.data import parse_json, parse_jsonl, parse_notebook
from indexer.parsers.detect import kind_of, kind_of_ole, kind_of_zip
from indexer.parsers.errors import CorruptedError, EmptyFileError, EncryptedError
from indexer.parsers.image import parse_image
from indexer.parsers.mail.calendar import parse_calendar
from indexer.parsers.mail.eml import parse_eml, parse_mbox
from indexer.parsers.mail.letter import ReadMember
from indexer.parsers.mail.msg import parse_msg
from indexer.parsers.mail.tnef import parse_tnef
from indexer.parsers.markup.epub import parse_epub
from indexer.parsers.markup.html import parse_html
from indexer.parsers.markup.markdown import parse_markdown
from indexer.parsers.markup.rst import parse_rst
from indexer.parsers.markup.xml import parse_xml
from indexer.parsers.office.legacy import parse_doc, parse_ppt
from indexer.parsers.office.opendocument.parse import parse_opendocument
from indexer.parsers.office.opendocument.spreadsheet import parse_ods
from indexer.parsers.office.rtf import parse_rtf
from indexer.parsers.office.sheets import parse_csv
from indexer.parsers.office.slides.parse import parse_pptx
from indexer.parsers.office.word.parse import parse_docx
from indexer.parsers.office.workbook.parse import parse_workbook
from indexer.parsers.pdf.parse import Progress, parse_pdf
from indexer.parsers.plain.asciidoc import parse_asciidoc
from indexer.parsers.plain.latex import parse_latex
from indexer.parsers.plain.org import parse_org
from indexer.parsers.plain.source_code import parse_code
from indexer.parsers.plain.subtitles import parse_subtitles
from indexer.parsers.reading import DEFAULT_LIMITS, Reading, ReadingLimits
from indexer.parsers.text import parse_plain, parse_yaml
from indexer.records import ParsedFile

_FROM_BYTES: Mapping[str, Callable[[bytes, str], ParsedFile]] = MappingProxyType(
    {
        "adoc": parse_asciidoc,
        "calendar": parse_calendar,
        "code": parse_code,
        "csv": parse_csv,
        "image": parse_image,
        "json": parse_json,
        "jsonl": parse_jsonl,
        "org": parse_org,
        "rst": parse_rst,
        "subtitles": parse_subtitles,
        "tex": parse_latex,
        "txt": parse_plain,
        "xml": parse_xml,
        "yaml": parse_yaml,
    }
)
# Those that know hidden text of their format.
_LOOKING: Mapping[str, Callable[[bytes, str, Reading], ParsedFile]] = MappingProxyType(
    {"html": parse_html, "ipynb": parse_notebook, "md": parse_markdown, "rtf": parse_rtf}
)
# Those that hold other files.
_HOLDING: Mapping[str, Callable[[bytes, str, Reading, ReadMember], ParsedFile]] = MappingProxyType(
    {"eml": parse_eml, "gz": parse_gzip, "mbox": parse_mbox, "tnef": parse_tnef}
)
_FROM_ZIP: Mapping[str, Callable[[Container, str, Reading], ParsedFile]] = MappingProxyType(
    {"epub": parse_epub, "ods": parse_ods, "odt": parse_opendocument}
)
_OFFICE: Mapping[str, Callable[[bytes, str, Reading], ParsedFile]] = MappingProxyType(
    {"docx": parse_docx, "pptx": parse_pptx, "sheet": parse_workbook}
)


def parse_bytes(
    data: bytes,
    name: str,
    limits: ReadingLimits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> ParsedFile:
    """Read a file from its bytes.

    Raises `ParseError`. Where the file has no title of its own, the title is `name`.
    """
    return _parse(data, name, Reading(limits, len(data)), 0, progress)


def _parse(
    data: bytes, name: str, reading: Reading, depth: int, progress: Progress | None = None
) -> ParsedFile:
    """`depth` counts the archives and mails around the file."""
    if not data:
        raise EmptyFileError("has no content (0 bytes)")
    reading.descend(depth)

    def read(member: bytes, member_name: str) -> ParsedFile:
        return _parse(member, member_name, reading, depth + 1)

    try:
        return _read(data, name, reading, read, progress)
    # Brackets in a mail's header, folders of an OLE file that lie in themselves, and the like.
    except RecursionError as error:
        raise CorruptedError(
            "is nested deeper in itself than any document; save it again in another format"
        ) from error


def _read(
    data: bytes, name: str, reading: Reading, read: ReadMember, progress: Progress | None
) -> ParsedFile:
    """`read` reads what lies inside."""
    kind = kind_of(data, PurePosixPath(name).suffix)
    if kind == "pdf":
        return parse_pdf(data, name, reading, read, progress)
    if kind in _HOLDING:
        return _HOLDING[kind](data, name, reading, read)
    if kind == "zip":
        return _from_zip(data, name, reading, read)
    if kind == "ole":
        return _from_ole(data, name, reading, read)
    if kind in _LOOKING:
        return _LOOKING[kind](data, name, reading)
    return _FROM_BYTES[kind](data, name)


def _from_zip(data: bytes, name: str, reading: Reading, read: ReadMember) -> ParsedFile:
    container = Container(data, reading)
    mimetype = b"" if container.encrypted else container.find("mimetype") or b""
    kind = kind_of_zip(container.names, mimetype)
    if kind == "zip":
        return parse_archive(container, name, reading, read)
    if kind in _OFFICE:
        container.check()
        return _OFFICE[kind](data, name, reading)
    return _FROM_ZIP[kind](container, name, reading)


def _from_ole(data: bytes, name: str, reading: Reading, read: ReadMember) -> ParsedFile:
    container = open_ole(data)
    kind = kind_of_ole(ole_streams(container))
    if kind == "encrypted":
        raise EncryptedError("is protected with a password; save it without one")
    if kind == "msg":
        return parse_msg(container, name, reading, read)
    if kind == "doc":
        return parse_doc(container, name)
    if kind == "ppt":
        return parse_ppt(container, name)
    return parse_workbook(data, name, reading)
