"""Bytes → text, in whatever encoding they are."""

from __future__ import annotations

import codecs
import re

from indexer.parsers.errors import CorruptedError, UnsupportedError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Windows' own name their code pages so, with and without a hyphen.
_CODE_PAGE = re.compile(r"(?:x-)?(?:windows|win|cp|ibm|dos|microsoft-cp|ms)-?(\d{3,5})")
_ISO_8859 = re.compile(r"(?:x-)?iso-?8859-?(\d{1,2})(?:-[ie])?(?::\d+)?")
_ALIASES = {
    "us-ascii": "cp1252", "ascii": "cp1252", "iso8859-1": "cp1252", "latin1": "cp1252",
    "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874", "shift-jis": "cp932",
    "x-sjis": "cp932", "sjis": "cp932", "ms-kanji": "cp932", "gb2312": "gb18030",
    "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "euc-cn": "gb18030",
    "gb-2312-80": "gb18030", "x-x-big5": "big5", "cp950": "cp950", "euc-kr": "cp949",
    "ks-c-5601-1987": "cp949", "ks-c-5601": "cp949", "ksc5601": "cp949", "cp65001": "utf-8",
    "unicode-1-1-utf-7": "utf-7", "unicode-1-1-utf-8": "utf-8", "utf8mb4": "utf-8",
    "x-mac-roman": "mac-roman", "macintosh": "mac-roman", "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-ce": "mac-latin2", "koi8": "koi8-r", "logical": "iso8859-8", "visual": "iso8859-8",
    "hz-gb-2312": "hz", "iso-2022-jp-ms": "iso2022-jp-ext", "csiso2022jp": "iso2022-jp",
    "ansi": "cp1252", "unicode": "utf-16", "cp28591": "cp1252", "cp20866": "koi8-r",
    "cp21866": "koi8-u", "cp51932": "euc-jp", "cp51949": "cp949", "cp52936": "hz",
    "cp54936": "gb18030", "cp50220": "iso2022-jp", "cp28605": "iso8859-15", "cp28592": "iso8859-2",
    "cp28595": "iso8859-5", "cp28597": "iso8859-7", "cp28598": "iso8859-8", "cp20127": "cp1252",
    "cp1200": "utf-16-le", "cp65000": "utf-7",
}  # fmt: skip
# Encodings of which the bytes are ASCII, or read as something else.
_SHIFTING = frozenset(
    {"utf-7", "hz", "iso2022_jp", "iso2022_jp_ext", "iso2022_jp_1", "iso2022_jp_2", "iso2022_kr"}
    | {"utf-16", "utf-16-le", "utf-16-be", "utf-32"}
)
_WESTERN = frozenset({"cp1252", "cp1254", "iso8859-15", "cp850", "cp437", "mac-roman"})
_ALPHABETS = ("cp1251", "koi8-r", "iso8859-5", "cp1253", "cp1255", "cp1256", "cp874")
# Detection looks at this much; more does not change its mind and costs seconds a megabyte.
_SAMPLE_BYTES = 65_536
_EAST_ASIAN = ("cp932", "gb18030", "big5", "euc_kr")
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*[=:]\s*["']?\s*([\w.:-]{2,40})""", re.I)


def decode(data: bytes, declared: str | None = None) -> str:
    """Turn bytes into text: byte-order mark, UTF-8, `declared`, then a statistical guess.

    Raises `UnsupportedError` where the bytes are no text in any encoding.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, errors="replace")
    if wide := _wide(data):
        return data.decode(wide, errors="replace")
    if is_binary(data):
        raise UnsupportedError(
            "is not text and not a document that is read; "
            "save it as PDF, as an office document or as text"
        )
    text = _told(data, codec(declared))
    return _guess(data) if text is None else text


def decode_declared(data: bytes, declared: str | None) -> str:
    """As `decode`, of a part of a mail: of what is no text in any encoding as much as there is."""
    name = codec(declared)
    text = _told(data, name)
    if text is not None:
        return text
    try:
        return _guess(data)
    except CorruptedError:
        return data.decode(name or "utf-8", errors="replace")


def _told(data: bytes, name: str | None) -> str | None:
    """Bytes in UTF-8, which is known by itself, or as their label says; None where it cannot be.

    A Western label on a text that has hardly a Western letter is not believed.
    """
    if name in _SHIFTING and (text := _strictly(data, name)) is not None:
        return text
    text = _strictly(data, "utf-8")
    if text is None and name and name != "utf-8":
        text = _strictly(data, name)
        if text is not None and name in _WESTERN and _is_foreign(text):
            text = _other_alphabet(data)
    return text


def codec(name: str | None) -> str | None:
    """Python's codec for an encoding as labels name it ("x-sjis", "cp-850", "iso-8859-8-i").

    Those of Windows stand for what they extend, as in browsers (WHATWG Encoding). None where
    there is no such encoding.
    """
    plain = re.sub(r"[\s\"']", "", name or "").lower().replace("_", "-")
    if found := _CODE_PAGE.fullmatch(plain):
        plain = f"cp{found.group(1)}"
    elif found := _ISO_8859.fullmatch(plain):
        plain = f"iso8859-{found.group(1)}"
    plain = _ALIASES.get(plain, plain)
    for label in (plain, plain.removeprefix("x-")):
        try:
            found_name = codecs.lookup(label)
        except (LookupError, ValueError):
            continue
        if found_name._is_text_encoding:
            return found_name.name
    return None


def _other_alphabet(data: bytes) -> str | None:
    """The text in the alphabet in which its words are written as words are: small letters."""
    best, most = None, 0.8
    for name in _ALPHABETS:
        text = _strictly(data, name)
        words = [w for w in re.findall(r"[^\W\d_]+", text or "") if not w.isascii()]
        share = sum(w[1:] == w[1:].lower() for w in words) / len(words) if words else 0.0
        latin = any(char.isalpha() and 127 < ord(char) < 0x370 for char in text or "")
        if share > most and not latin:
            best, most = text, share
    return best


def _is_foreign(text: str) -> bool:
    """Whether most letters are accented ones: another script under a Western label."""
    letters = [char for char in re.sub(r"<[^<>]*>", "", text) if char.isalpha()]
    return 2 * sum(ord(char) > 127 for char in letters) > len(letters) > 4


def declared_encoding(data: bytes) -> str | None:
    """The encoding that markup names in its first lines, if it does."""
    found = _DECLARED.search(data[:2048])
    return found.group(1).decode("ascii") if found else None


def is_binary(data: bytes) -> bool:
    """Whether bytes are no text in any one-byte or multi-byte encoding.

    Text holds next to no control characters; a zero byte alone is forgiven (files padded by
    a crash), a pattern of them is not.
    """
    sample = data[:_SAMPLE_BYTES]
    if not sample:
        return False
    controls = sum(sample.count(bytes([code])) for code in (*range(9), *range(14, 27), 28, 127))
    return controls > max(1, len(sample) // 200)


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Latin text is zero."""
    sample = data[:2048]
    if len(sample) < 4 or len(data) % 2:
        return None
    even, odd = sample[::2].count(0) / len(sample[::2]), sample[1::2].count(0) / len(sample[1::2])
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    if even > 0.4 and odd < 0.05:
        return "utf-16-be"
    return None


def _strictly(data: bytes, name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return data.decode(name)
    except (UnicodeDecodeError, LookupError):
        return None


def _guess(data: bytes) -> str:
    """The statistical guess of charset-normalizer, with two checks of our own around it.

    It is unsure below some hundred bytes: there a text that is legal Shift-JIS, GB18030 or the
    like, and is letters throughout, is taken for that; then Windows-1252, the usual one.
    """
    from charset_normalizer import from_bytes

    if len(data) < 500:
        for name in _EAST_ASIAN:
            text = _strictly(data, name)
            if text is not None and _reads_as_east_asian(text):
                return text
        text = _strictly(data, "cp1252")
        if text is not None:
            return text
    best = from_bytes(data[:_SAMPLE_BYTES]).best()
    if best is None:
        text = _strictly(data, "cp1252")
        if text is None:
            raise CorruptedError(
                "its characters are in no known encoding; save it again as UTF-8 text"
            )
        return text
    return data.decode(best.encoding, errors="replace")


def legacy_encoding(data: bytes) -> str:
    """The encoding of short texts out of an old system (names in an archive); cp437 for others."""
    if _strictly(data, "utf-8") is not None:
        return "utf-8"
    korean = _strictly(data, "euc_kr")  # which GB18030 takes for rare ideographs
    if korean is not None and all("가" <= char <= "힣" for char in korean if ord(char) > 127):
        return "euc_kr"
    for name in _EAST_ASIAN:
        text = _strictly(data, name)
        if text is not None and _reads_as_east_asian(text):
            return name
    russian = data.decode("cp866")
    foreign = [char for char in russian if ord(char) > 127]
    mixed = re.search(r"[A-Za-z][\u0400-\u045f]|[\u0400-\u045f][A-Za-z]", russian)
    is_russian = not mixed and all("\u0400" <= char <= "\u045f" for char in foreign)
    return "cp866" if is_russian else "cp437"


def _reads_as_east_asian(text: str) -> bool:
    """Whether what is not ASCII is mostly kana, hangul or common ideographs, in runs."""
    foreign = [char for char in text if ord(char) > 127]
    runs = re.findall(r"[\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3]{2,}", text)
    # An accented letter of a Latin word, read as half an ideograph, stands against letters.
    glued = re.search(r"[a-z][\u3000-\ud7a3]|[\u3000-\ud7a3][a-z]", text)
    usual = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uff60]")
    return bool(runs) and glued is None and all(usual.match(char) for char in foreign)
