"""Source code and configuration: code as code; comments and docstrings as text that can be quoted.

No language is parsed: comments that take whole lines are found by their marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.layout import PageBuilder, clean, join_lines, vocabulary
from indexer.records import ParsedFile

_HASH, _SLASHES, _DASHES, _SEMICOLON, _PERCENT, _QUOTE = "#", "//", "--", ";", "%", '"'
_STARS = (("/*", "*/"),)
_DOCSTRINGS = (('"""', '"""'), ("'''", "'''"))
_ANGLES = (("<!--", "-->"),)

# Suffix → what begins a comment of one line, and what is around one of several.
_LANGUAGES: Mapping[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        **dict.fromkeys(("py", "pyi", "pyx"), ((_HASH,), _DOCSTRINGS)),
        **dict.fromkeys(
            ("sh", "bash", "zsh", "fish", "rb", "pl", "pm", "r", "jl", "tcl", "toml", "conf",
             "cfg", "properties", "env", "mk", "cmake", "nix", "tf", "hcl", "awk", "ex", "exs",
             "gitignore", "dockerfile", "coffee", "cr"),
            ((_HASH,), ()),
        ),
        **dict.fromkeys(
            ("js", "mjs", "cjs", "jsx", "ts", "tsx", "java", "c", "h", "cpp", "hpp", "cc", "hh",
             "cxx", "cs", "go", "rs", "swift", "kt", "kts", "scala", "dart", "groovy", "gradle",
             "m", "mm", "zig", "v", "sv", "proto", "php", "css", "scss", "less", "vue", "svelte",
             "glsl", "cu", "d", "sol", "graphql"),
            ((_SLASHES,), _STARS),
        ),
        **dict.fromkeys(("sql", "lua", "hs", "elm", "ada", "adb", "ads", "vhd", "vhdl"),
                        ((_DASHES,), _STARS)),
        **dict.fromkeys(("ini", "asm", "s", "clj", "cljs", "lisp", "el", "scm", "reg"),
                        ((_SEMICOLON, _HASH), ())),
        **dict.fromkeys(("erl", "hrl", "matlab"), ((_PERCENT,), ())),
        **dict.fromkeys(("bat", "cmd"), (("::", "rem ", "REM "), ())),
        **dict.fromkeys(("ps1", "psm1"), ((_HASH,), (("<#", "#>"),))),
        **dict.fromkeys(("vb", "vbs", "bas"), (("'",), ())),
        **dict.fromkeys(("f90", "f95", "f03"), (("!",), ())),
        **dict.fromkeys(("pas", "pp", "ml", "mli", "fs", "fsx"), ((_SLASHES,), (("(*", "*)"),))),
    }
)  # fmt: skip
SUFFIXES = frozenset(_LANGUAGES)

# Marks that a comment repeats at the beginning of its lines.
_LEADING = re.compile(r"^\s*(?:\*(?!/)|[#/;%!-]+|'{1,3})?[!/<]?\s?")
# Long pieces are cut where a line begins at the margin.
_PIECE_LINES = 40


def parse_code(data: bytes, name: str) -> ParsedFile:
    """A source file."""
    raw = decode(data)
    builder = PageBuilder()
    builder.look_through(raw)
    text = clean(raw)
    if not text.strip():
        raise EmptyFileError("holds nothing but white space")
    marks, pairs = _LANGUAGES.get(PurePosixPath(name).suffix.lower().lstrip("."), ((), ()))
    lines = text.expandtabs(4).split("\n")
    words = vocabulary(lines)
    for is_comment, piece in _pieces(lines, marks, pairs):
        if is_comment:
            _write_comment(builder, piece, words)
        else:
            for part in _parts(piece):
                builder.code("\n".join(part))
    return ParsedFile(name, builder.sections(), "code")


def _write_comment(builder: PageBuilder, lines: list[str], words: frozenset[str]) -> None:
    """A comment's paragraphs, without its marks."""
    paragraph: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            paragraph.append(line.strip())
        else:
            builder.paragraph(join_lines(paragraph, words))
            paragraph = []


def _pieces(
    lines: list[str], marks: tuple[str, ...], pairs: tuple[tuple[str, str], ...]
) -> Iterator[tuple[bool, list[str]]]:
    """Runs of lines: whether each is a comment, and its lines, those of comments without marks."""
    code: list[str] = []
    at = 0
    while at < len(lines):
        end, comment = _comment(lines, at, marks, pairs)
        if not comment:
            code.append(lines[at])
            at += 1
            continue
        if code:
            yield False, code
            code = []
        yield True, comment
        at = end
    yield False, code


def _comment(
    lines: list[str], at: int, marks: tuple[str, ...], pairs: tuple[tuple[str, str], ...]
) -> tuple[int, list[str]]:
    """The comment that line `at` begins, as (line behind it, its text); [] where none does."""
    start = lines[at].lstrip()
    for opening, closing in pairs:
        if start.startswith(opening):
            return _enclosed(lines, at, opening, closing)
    end = at
    while marks and end < len(lines) and lines[end].lstrip().startswith(marks):
        end += 1
    text = [] if lines[at].startswith("#!") else [_LEADING.sub("", line) for line in lines[at:end]]
    # Code that was commented out, rulers and single marks are left in the code.
    return end, text if any(len(line.split()) > 2 for line in text) else []


def _enclosed(lines: list[str], at: int, opening: str, closing: str) -> tuple[int, list[str]]:
    """A comment between two marks; [] where it does not end, or code follows on its last line."""
    first = lines[at].lstrip()[len(opening) :].lstrip("*!")
    if closing in first:
        inside, _, rest = first.partition(closing)
        return (at + 1, [inside]) if not rest.strip() and inside.strip() else (at + 1, [])
    text = [first]
    for number in range(at + 1, len(lines)):
        inside, found, rest = lines[number].partition(closing)
        text.append(inside if opening.startswith(("'", '"')) else _LEADING.sub("", inside))
        if found:
            return (number + 1, text) if not rest.strip(" ;,)") else (number + 1, [])
    return at + 1, []


def _parts(lines: list[str]) -> Iterator[list[str]]:
    """Code in parts that begin at the margin, where it is long."""
    part: list[str] = []
    for line in lines:
        if len(part) >= _PIECE_LINES and line[:1].strip() and line[:1] not in ")]}":
            yield part
            part = []
        part.append(line)
    yield part
