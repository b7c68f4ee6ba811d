"""Hostile files: mutations of samples, some blind, some that know what they change. Seeded."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath

_LONGEST = 300_000  # of a sample; larger ones only make it slow
_SUFFIXES = (
    ".pdf", ".docx", ".pptx", ".xlsx", ".xls", ".doc", ".ppt", ".odt", ".epub", ".zip", ".msg",
    ".eml", ".html", ".md", ".rst", ".org", ".rtf", ".txt", ".csv", ".json", ".jsonl", ".xml",
    ".yaml", ".ipynb", ".png", ".tex", ".adoc", ".vtt", ".srt", ".ics", ".mbox", ".log", ".py",
    ".gz", ".dat", "",
)  # fmt: skip
_NUMBERS = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0" * 8)
# What breaks parsers of text, and what a document may want a reader or a model to obey.
TOKENS = (
    "\0", "\x1b[2J", "\ufeff", "\u202e", "\u200b" * 20, "\U000e0049\U000e0067", "\ud800", "\uffff",
    "<!--", "-->", "<![CDATA[", "]]>", "&x;", "&#0;", "&#xD800;", "<script>alert(1)</script>",
    "<!ENTITY a SYSTEM 'file:///etc/passwd'>", "<img src=http://127.0.0.1:9/x>", "</passage-0>",
    "<div style='display:none'>", "[1][99]", "```", "|" * 200, "[" * 3000, "(" * 3000, "{" * 3000,
    "<b>" * 1000, "> " * 400, "- " * 300, "\\u" * 50, "%s%n", "=cmd|' /C calc'!A1", "\r", "\x0c",
    "../../etc/passwd", "A" * 100_000, "é" * 5000, "😀" * 3000, "ﬁ", "９９", "1e999", "-0", "NaN",
    "\t" * 2000, "\n" * 5000, ".. include:: /etc/passwd\n\n", "---\n", "{\\v ", "\\bin9999999 ",
    "<table><tr><td rowspan=99999 colspan=99999>", "<sup>" * 300, "<ol start=-99999999999>",
    "<math>" * 200, "\\begin{tabular}{", "|===\n", "\n#+begin_src\n", "BEGIN:VEVENT\n" * 200,
    "\nFrom a@x Tue Mar  4 09:12:00 2025\n", "Content-Type: message/rfc822\n\n" * 100,
    ".. raw:: html\n   :file: /etc/passwd\n\n",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """A hostile file: what it is called, its bytes, and how it was made."""

    name: str
    data: bytes
    story: str


Change = Callable[[bytes, random.Random], bytes]


def samples(folder: Path) -> list[tuple[str, bytes]]:
    """Names and contents of the sample files under a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != "")
    found = [(path.name, path.read_bytes()) for path in files]
    return [(name, data) for name, data in found if 0 < len(data) <= _LONGEST]


def mutants(seeds: list[tuple[str, bytes]], count: int, seed: int) -> list[Callable[[], Mutant]]:
    """So many files to be made; each is made when it is called, and always the same."""
    return [lambda number=number: _mutant(seeds, f"{seed}-{number}") for number in range(count)]


def _mutant(seeds: list[tuple[str, bytes]], seed: str) -> Mutant:
    chance = random.Random(seed)
    by_suffix: dict[str, list[tuple[str, bytes]]] = {}
    for name, data in seeds:
        by_suffix.setdefault(PurePath(name).suffix, []).append((name, data))
    # Every family alike often, however many samples it has.
    name, data = chance.choice(by_suffix[chance.choice(sorted(by_suffix))])
    story = [name]
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        change = _choose(data, chance)
        story.append(change.__name__.strip("_"))
        data = change(data, chance) or b"x"
    if chance.random() < 0.1:
        other = chance.choice(seeds)[1]
        at, to = chance.randrange(len(data)), chance.randrange(len(other))
        data = data[:at] + other[to:]
        story.append("spliced")
    if chance.random() < 0.15:
        name = PurePath(name).stem + chance.choice(_SUFFIXES)
    return Mutant(name, data, " ".join(story))


def _choose(data: bytes, chance: random.Random) -> Change:
    if data.startswith(b"PK\x03\x04") and chance.random() < 0.75:
        return chance.choice((_member_changed, _member_changed, _member_moved, _members_lied))
    if data.startswith(b"%PDF") and chance.random() < 0.6:
        return chance.choice((_pdf_stream, _pdf_numbers))
    if b"\0" not in data[:4000] and chance.random() < 0.6:
        return chance.choice((_token, _lines))
    return chance.choice((_bytes, _lose, _repeat, _cut, _numbers))


def _bytes(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 5, 30, 200))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _lose(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.randrange(1, 3000) :]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    piece = data[at : at + chance.randrange(1, 500)]
    return data[:at] + piece * chance.choice((2, 10, 200)) + data[at:]


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(1, len(data) + 1)]


def _numbers(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 4, 20))):
        at, value = chance.randrange(len(changed)), chance.choice(_NUMBERS)
        changed[at : at + len(value)] = value
    return bytes(changed)


def _token(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 3))):
        at = chance.randrange(len(data) + 1)
        token = chance.choice(TOKENS).encode("utf-8", errors="surrogatepass")
        data = data[:at] + token + data[at:]
    return data


def _lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    chance.shuffle(lines) if chance.random() < 0.5 else lines.sort()
    return b"\n".join(lines)


def _unzipped(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # noqa: BLE001  a sample that is broken, or made so before
        return {}


def _zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _member_changed(data: bytes, chance: random.Random) -> bytes:
    """Change one part inside, so that damage reaches the parser behind the checksum."""
    members = _unzipped(data)
    if not members:
        return _bytes(data, chance)
    name = chance.choice(sorted(members))
    content = members[name] or b" "
    change = chance.choice((_tags, _tags, _attributes, _token, _bytes, _cut, _repeat, _lose))
    members[name] = change(content, chance)
    return _zipped(members)


def _tags(data: bytes, chance: random.Random) -> bytes:
    """Delete, repeat, nest or swap tags."""
    pieces = data.split(b"<")
    if len(pieces) < 3:
        return _bytes(data, chance)
    for _ in range(chance.choice((1, 3, 10))):
        at, to = chance.randrange(1, len(pieces)), chance.randrange(1, len(pieces))
        way = chance.randrange(4)
        if way == 0:
            del pieces[at]
        elif way == 1:
            pieces.insert(at, pieces[to])
        elif way == 2:
            pieces[at], pieces[to] = pieces[to], pieces[at]
        else:
            pieces[at:at] = [pieces[to]] * 400
        if len(pieces) < 3:
            break
    return b"<".join(pieces)


def _attributes(data: bytes, chance: random.Random) -> bytes:
    """Put something else between two quotation marks."""
    pieces = data.split(b'"')
    if len(pieces) < 3:
        return _bytes(data, chance)
    values = (b"", b"-1", b"99999999999", b"x" * 5000, b"../../../etc/passwd", b"1.5", b"NaN",
              b"\xc3\xa9", b"http://127.0.0.1:9/x", b"file:///etc/passwd", b"\xd9\xa3",
              b"\xc2\xb2")  # fmt: skip
    for _ in range(chance.choice((1, 3, 10))):
        pieces[2 * chance.randrange(len(pieces) // 2) + 1] = chance.choice(values)
    return b'"'.join(pieces)


def _member_moved(data: bytes, chance: random.Random) -> bytes:
    """Rename, drop, add or exchange members: out of the archive, too, and as links."""
    members = _unzipped(data)
    if not members:
        return _cut(data, chance)
    name, other = chance.choice(sorted(members)), chance.choice(sorted(members))
    way = chance.randrange(5)
    if way == 0:
        del members[name]
    elif way == 1:
        members[name], members[other] = members[other], members[name]
    elif way == 2:
        members[chance.choice(("../../x.txt", "/etc/passwd", "C:\\x.txt", "a/../b.txt"))] = b"Out."
    elif way == 3:
        members["nested.zip"] = data
    else:
        members[name.upper()] = members.pop(name)
    return _zipped(members) if members else b"PK\x05\x06" + b"\0" * 18


def _members_lied(data: bytes, chance: random.Random) -> bytes:
    """Lie about sizes, methods and places in the table of contents."""
    changed = bytearray(data)
    at = changed.find(b"PK\x01\x02")
    while at >= 0:
        if chance.random() < 0.4:
            field = chance.choice((8, 10, 16, 20, 24, 28, 30, 42))
            changed[at + field : at + field + 2] = struct.pack("<H", chance.randrange(65536))
        at = changed.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


def _pdf_stream(data: bytes, chance: random.Random) -> bytes:
    """Change what is drawn: unpack a stream, change it, put it back."""
    starts = []
    at = data.find(b"stream")
    while at >= 0:
        starts.append(at + 6)
        at = data.find(b"stream", at + 9)
    if not starts:
        return _bytes(data, chance)
    start = chance.choice(starts)
    start += len(data[start : start + 2]) - len(data[start : start + 2].lstrip(b"\r\n"))
    end = data.find(b"endstream", start)
    try:
        content = zlib.decompress(data[start:end])
    except zlib.error:
        return _numbers(data, chance)
    words = content.split(b" ")
    operators = (b"q", b"Q", b"BT", b"ET", b"3", b"Tr", b"Do", b"W", b"n", b"-1e30", b"0", b"1",
        b"g",
                 b"cm", b"f", b"Tf", b"sh", b"BI", b"ID", b"EI", b"(\xff\xfe", b"<FEFF",
                 b"Tj")  # fmt: skip
    for _ in range(chance.choice((1, 5, 40))):
        words[chance.randrange(len(words))] = chance.choice(operators)
    return data[:start] + zlib.compress(b" ".join(words)) + b"\n" + data[end:]


def _pdf_numbers(data: bytes, chance: random.Random) -> bytes:
    """Change sizes, places, counts and references."""
    changed = bytearray(data)
    digits = [at for at, byte in enumerate(changed[:20_000]) if 48 <= byte <= 57]
    for _ in range(chance.choice((1, 5, 20))):
        if digits:
            changed[chance.choice(digits)] = chance.choice(b"0123456789-")
    return bytes(changed)
