"""Writes small files of many formats for the parsers' tests, byte by byte where need be."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"


CHUNKS = {
    "aFChunk html": "text/html",
    "aFChunk rtf": "application/rtf",
    "aFChunk text": "text/plain",
    "aFChunk mht": "message/rfc822",
}


def zipped(members: dict[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def docx(
    body: str, prolog: str = "", more: dict[str, tuple[str, str]] | None = None, **parts: str
) -> bytes:
    """A Word file of a body's XML; `parts` are further parts of word/ by name.

    `more` are others by their path in word/: the kind of their relation, whose id is the path, and
    their text.
    """
    kinds = "http://schemas.openxmlformats.org/package/2006/content-types"
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    types = f'<Default Extension="rels" ContentType="{RELS_TYPE}"/>'
    relations = ""
    for name, kind in (("document", "document.main"), *((name, name) for name in parts)):
        types += f'<Override PartName="/word/{name}.xml" ContentType="{word}.{kind}+xml"/>'
    for name in parts:
        relations += f'<Relationship Id="{name}" Type="{OFFICE}/{name}" Target="{name}.xml"/>'
    for path, (kind, _) in (more or {}).items():
        types += f'<Override PartName="/word/{path}" ContentType="{CHUNKS.get(kind, "text/xml")}"/>'
        relation = kind.partition(" ")[0]
        relations += f'<Relationship Id="{path}" Type="{OFFICE}/{relation}" Target="{path}"/>'
    main = f'<Relationship Id="m" Type="{OFFICE}/officeDocument" Target="word/document.xml"/>'
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{kinds}">{types}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{RELS}">{main}</Relationships>',
            "word/document.xml": f"{prolog}<w:document {W}><w:body>{body}</w:body></w:document>",
            "word/_rels/document.xml.rels": (
                f'<Relationships xmlns="{RELS}">{relations}</Relationships>'
            ),
            **{f"word/{name}.xml": text for name, text in parts.items()},
            **{f"word/{path}": text for path, (_, text) in (more or {}).items()},
        }
    )


def paragraph(text: str, style: str = "", inner: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r>{inner}<w:t>{text}</w:t></w:r></w:p>"


def odt(body: str, kind: str = "text", manifest: str = "") -> bytes:
    names = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{names}:office:1.0" '
        f'xmlns:text="{names}:text:1.0" xmlns:table="{names}:table:1.0" '
        f'xmlns:draw="{names}:drawing:1.0"><office:body><office:{kind}>{body}'
        f"</office:{kind}></office:body></office:document-content>"
    )
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": content,
            "META-INF/manifest.xml": f"<manifest>{manifest}</manifest>",
        }
    )


def epub(chapters: list[str], title: str, **extra: str) -> bytes:
    """An e-book; the chapters are stored in reverse order, the spine tells the right one."""
    items = "".join(f'<item id="c{n}" href="text/c{n}.xhtml"/>' for n in range(len(chapters)))
    order = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    package = (
        '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        f"<dc:title>{title}</dc:title></metadata>"
        f"<manifest>{items}</manifest><spine>{order}</spine></package>"
    )
    rootfile = '<rootfiles><rootfile full-path="book/content.opf"/></rootfiles>'
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": f"<container>{rootfile}</container>",
        "book/content.opf": package,
        **{f"META-INF/{name}.xml": text for name, text in extra.items()},
    }
    for number in reversed(range(len(chapters))):
        members[f"book/text/c{number}.xhtml"] = f"<html><body>{chapters[number]}</body></html>"
    return zipped(members)


def xlsx(sheets: dict[str, list[list[object]]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def text_at(x: float, y: float, text: str, size: float = 11, bold: bool = False) -> str:
    """Page content that shows a line of text from a place on."""
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{'B' if bold else 'F'} {size} Tf {x} {y} Td ({escaped}) Tj ET\n"


PICTURE = "q 500 0 0 700 50 50 cm /I Do Q\n"


def pdf(contents: list[str], title: str = "", rotate: int = 0) -> bytes:
    """A PDF of US-letter pages from their content streams (Helvetica, one picture /I)."""
    pixels = zlib.compress(b"\xff" * 64)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>"
        % (len(contents), b" ".join(b"%d 0 R" % (7 + 2 * n) for n in range(len(contents)))),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        b"<< /Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray "
        b"/BitsPerComponent 8 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
        % (len(pixels), pixels),
        b"<< /Title (%s) >>" % title.encode("latin-1"),
    ]
    for number, content in enumerate(contents):
        stream = zlib.compress(content.encode("cp1252"))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Rotate %d /Contents %d 0 R "
            b"/Resources << /Font << /F 3 0 R /B 4 0 R >> /XObject << /I 5 0 R >> >> >>"
            % (rotate, 8 + 2 * number)
        )
        objects.append(
            b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream)
        )
    return pdf_file(objects)


def pdf_file(objects: list[bytes]) -> bytes:
    """A PDF of numbered objects, the first of them its catalogue."""
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(data)
    size = len(objects) + 1
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    trailer = b"trailer << /Size %d /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF"
    return data + trailer % (size, start)


def ole(streams: dict[str, bytes]) -> bytes:
    """An OLE container ([MS-CFB]) of streams by path; a "/" makes a storage.

    Streams are padded to 4,096 bytes, below which the format would keep them elsewhere.
    """
    names, kinds, bodies = ["Root Entry"], [5], [b""]
    parents: list[int] = [0]
    storages: dict[str, int] = {}
    for path, body in streams.items():
        *above, name = path.split("/")
        folder = "/".join(above)
        for depth in range(1, len(above) + 1):
            here = "/".join(above[:depth])
            if here not in storages:
                storages[here] = len(names)
                names.append(above[depth - 1])
                kinds.append(1)
                bodies.append(b"")
                parents.append(storages.get("/".join(above[: depth - 1]), 0))
        names.append(name)
        kinds.append(2)
        bodies.append(body.ljust(4096, b"\0"))
        parents.append(storages.get(folder, 0))
    return _ole_file(names, kinds, bodies, parents)


def _ole_file(names: list[str], kinds: list[int], bodies: list[bytes], parents: list[int]) -> bytes:
    end, none = 0xFFFFFFFE, 0xFFFFFFFF
    chains, sectors, starts = [], b"", []

    def place(body: bytes) -> int:
        nonlocal sectors
        count = -(-len(body) // 512)
        start = len(chains)
        chains.extend([*range(start + 1, start + count), end])
        sectors += body.ljust(count * 512, b"\0")
        return start

    for body in bodies:
        starts.append(place(body) if body else end)
    entries = b""
    for at, name in enumerate(names):
        later = [n for n in range(at + 1, len(names)) if parents[n] == parents[at] and at]
        children = [n for n in range(1, len(names)) if parents[n] == at and kinds[at] != 2]
        wide = name.encode("utf-16-le") + b"\0\0"
        entries += struct.pack(
            "<64sHBBIII16sIQQIQ", wide, len(wide), kinds[at], 1, none,
            later[0] if later else none, children[0] if children else none,
            b"", 0, 0, 0, starts[at], len(bodies[at]),
        )  # fmt: skip
    directory = place(entries)
    fat_sector = len(chains)
    chains.append(0xFFFFFFFD)
    assert len(chains) <= 128, "one sector of allocation table holds 64 KB of streams"
    fat = struct.pack(f"<{len(chains)}I", *chains).ljust(512, b"\xff")
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6,
        b"", 0, 1, directory, 0, 4096, end, 0, end, 0, fat_sector,
    )  # fmt: skip
    return header.ljust(512, b"\xff") + sectors + fat
