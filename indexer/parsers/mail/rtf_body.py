"""Bodies of Outlook mails in compressed RTF, and the HTML that such RTF may carry. Pure.

After [MS-OXRTFCP] (the compression) and [MS-OXRTFEX] (HTML inside RTF).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator

from indexer.parsers.errors import CorruptedError

_COMPRESSED, _PLAIN = 0x75465A4C, 0x414C454D
_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_TOKEN = re.compile(
    r"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-z])|([{}])|[\r\n]+|(.)",
    re.IGNORECASE | re.DOTALL,
)
_CHARACTERS = {
    "par": "\n", "line": "\n", "tab": "\t", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "bullet": "•", "endash": "–", "emdash": "—",
}  # fmt: skip
# Groups that hold no text of the body.
_TABLES = frozenset({"fonttbl", "colortbl", "stylesheet", "info", "pntext", "pict", "object"})


def decompress(data: bytes, room: int) -> bytes:
    """The RTF of a compressed body of at most `room` bytes. Raises `CorruptedError`."""
    if len(data) < 16:
        raise CorruptedError("has a body that is cut off; save the mail again")
    _, size, kind, _ = struct.unpack_from("<IIII", data)
    if kind == _PLAIN:
        return data[16 : 16 + size]
    if kind != _COMPRESSED or size > room:
        raise CorruptedError("has a body that cannot be unpacked; save the mail again")
    return _unpacked(data[16:], size)


def _unpacked(data: bytes, size: int) -> bytes:
    """LZ77 over a ring of 4,096 bytes, which begins with words that RTF has anyhow."""
    window = bytearray(4096)
    window[: len(_DICTIONARY)] = _DICTIONARY
    at, place, out = 0, len(_DICTIONARY), bytearray()
    bits = 1  # the controls that are left, under a bit that marks their end
    while at < len(data) and len(out) < size:
        if bits == 1:
            bits, at = data[at] | 0x100, at + 1
            continue
        refers, bits = bits & 1, bits >> 1
        run = data[at : at + 1 + refers]
        at += len(run)
        if refers:
            token = int.from_bytes(run, "big")
            offset = token >> 4
            if len(run) < 2 or offset == place:
                break
            copied: Iterable[int] = _ring(window, offset, (token & 0xF) + 2)
        else:
            copied = run
        for byte in copied:
            window[place] = byte
            out.append(byte)
            place = (place + 1) & 0xFFF
    return bytes(out)


def _ring(window: bytearray, offset: int, length: int) -> Iterator[int]:
    """So many bytes of the ring, which is written while they are read."""
    for source in range(offset, offset + length):
        yield window[source & 0xFFF]


def html_of(rtf: bytes) -> str:
    """The HTML that RTF carries; "" where it carries none."""
    source = rtf.decode("latin-1")
    if "\\fromhtml" not in source[:2000]:
        return ""
    page = re.search(r"\\ansicpg(\d+)", source)
    return _Unwrapper(f"cp{page.group(1)}" if page else "cp1252").run(source)


class _Unwrapper:
    r"""Walks through RTF and keeps what was HTML: \htmltag groups, and text between them."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.out: list[str] = []
        self.bytes = bytearray()
        self.stack: list[tuple[bool, bool]] = []
        self.skipped = False  # in a group that is no text
        self.rtf_only = False  # what only RTF readers show
        self.after_star = False
        self.unicode_left = 0

    def run(self, source: str) -> str:
        """The HTML."""
        for token in _TOKEN.finditer(source):
            word, number, escaped, symbol, brace, char = token.groups()
            if escaped is not None:
                self.byte(int(escaped, 16))
                continue
            self.settle()
            if word is not None:
                self.word(word, number)
            elif brace == "{":
                self.stack.append((self.skipped, self.rtf_only))
            elif brace == "}":
                self.skipped, self.rtf_only = self.stack.pop() if self.stack else (False, False)
            elif symbol == "*":
                self.after_star = True
            elif symbol is not None or char is not None:
                self.add({"~": "\xa0", "_": "-", "-": ""}.get(symbol or "", symbol or char))
        self.settle()
        return "".join(self.out)

    def word(self, word: str, number: str | None) -> None:
        """A control word."""
        star, self.after_star = self.after_star, False
        if word == "htmlrtf":
            self.rtf_only = number != "0"
        elif word == "htmltag" and star:
            self.skipped = False
        elif star or word in _TABLES:
            self.skipped = True
        elif word == "u" and number:
            self.add(chr(int(number) & 0xFFFF))
            self.unicode_left = 1
        elif word in _CHARACTERS:
            self.add(_CHARACTERS[word])

    def byte(self, value: int) -> None:
        r"""A byte in the code page; the one after \u stands in for it."""
        if self.unicode_left:
            self.unicode_left -= 1
        elif not self.skipped and not self.rtf_only:
            self.bytes.append(value)

    def add(self, text: str) -> None:
        r"""A character, unless it is not to be seen; "?" after \u stands in for it."""
        if self.unicode_left and text == "?":
            self.unicode_left = 0
        elif not self.skipped and not self.rtf_only:
            self.out.append(text)

    def settle(self) -> None:
        """Decode the bytes gathered."""
        if self.bytes:
            try:
                self.out.append(self.bytes.decode(self.encoding, errors="replace"))
            except LookupError:
                self.out.append(self.bytes.decode("cp1252", errors="replace"))
            self.bytes.clear()
