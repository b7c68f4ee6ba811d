r"""LaTeX: sections, paragraphs, lists, tables and notes as they are printed; formulas as written.

Nothing is run, no file is read (\input, \include): macros of the document's own stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.grid import Cell, laid_out, write_grid
from indexer.parsers.layout import PageBuilder, clean
from indexer.records import ParsedFile

_LEVELS = {
    "part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5,
    "subparagraph": 6,
}  # fmt: skip
# What stands as it is, in which "%" begins no comment; or a comment.
_COMMENT = re.compile(
    r"(?<!\\)((?:\\\\)*)%[^\n]*\n?[ \t]*"
    r"|(\\begin\{(verbatim\*?|lstlisting|minted)\}.*?\\end\{\3\})",
    re.DOTALL,
)
_GROUP = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
_HEADING = re.compile(rf"\\(title|{'|'.join(_LEVELS)})\*?\s*(?:\[[^\]]*\])?\s*{_GROUP}", re.DOTALL)
_ENVIRONMENT = re.compile(
    r"\\begin\{(?P<kind>verbatim\*?|lstlisting|minted|tabular[*x]?|longtable|tabulary|array)\}(.*?)"
    r"\\end\{(?P=kind)\}",
    re.DOTALL,
)
_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328",
    "r": "\u030a", "d": "\u0323", "b": "\u0331",
}  # fmt: skip
_ACCENT = re.compile(
    r"\\(?:([`'^~\"=.])\s*\{?\\?([A-Za-z])\}?|([uvHckrdb])(?:\s*\{\\?([A-Za-z])\}|\s+([A-Za-z])))"
)
_LETTERS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å",
    "AA": "Å", "l": "ł", "L": "Ł", "i": "i", "j": "j", "textbackslash": "\\", "ldots": "…",
    "dots": "…", "LaTeX": "LaTeX", "TeX": "TeX", "copyright": "©", "pounds": "£", "euro": "€",
    "texteuro": "€", "S": "§", "P": "¶", "dag": "†", "ddag": "‡", "textdegree": "°",
    "textregistered": "®", "texttrademark": "™", "quad": " ", "qquad": " ", "newline": " ",
    "textasciitilde": "~", "textbar": "|", "textless": "<", "textgreater": ">", "times": "×",
    "cdot": "·", "pm": "±", "leq": "≤", "geq": "≥", "neq": "≠", "approx": "≈", "infty": "∞",
    "rightarrow": "→", "to": "→", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ",
    "epsilon": "ε", "lambda": "λ", "mu": "μ", "pi": "π", "sigma": "σ", "theta": "θ", "omega": "ω",
    "Delta": "Δ", "Omega": "Ω", "sum": "∑", "int": "∫", "circ": "°",
}  # fmt: skip
_FRACTION = re.compile(rf"\\[dt]?frac\s*{_GROUP}\s*{_GROUP}")
_ROOT = re.compile(rf"\\sqrt\s*{_GROUP}")
_LINK = re.compile(rf"\\href\s*{_GROUP}\s*{_GROUP}")
# Their argument is a name or a measure, which nobody sees.
_UNSEEN = re.compile(
    r"\\(?:label|index|vspace|hspace|usepackage|documentclass|pagestyle|thispagestyle|bibliography"
    r"|bibliographystyle|includegraphics|input|include|setlength|setcounter|addtolength|hypersetup"
    r"|graphicspath|newcommand|renewcommand|providecommand|def|geometry|color|pagenumbering"
    rf"|definecolor|addbibresource|phantomsection|selectlanguage|phantom)\*?(?:\s*\[[^\]]*\]|\s*{_GROUP})*"
)
_NOTE = re.compile(rf"\\(?:footnote|thanks|marginpar|footnotetext)\s*(?:\[[^\]]*\])?\s*{_GROUP}")
_ITEM = re.compile(r"\\item\b\s*(?:\[([^\]]*)\])?")
_LISTS = re.compile(r"\\(begin|end)\{(itemize|enumerate|description)\}(?:\[[^\]]*\])?")
_BOUNDARY = re.compile(r"\\(?:begin|end)\{[^{}]*\}(?:\[[^\]]*\])?")
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?(?:\s*\[[^\]]*\])?\s*")
_RULES = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot"
    r"|cline\{[^}]*\}|cmidrule(?:\([^)]*\))?\{[^}]*\})"
)
_CELL = re.compile(rf"\\multi(column|row)\s*\{{(\d+)\}}\s*{_GROUP}\s*{_GROUP}", re.DOTALL)


def parse_latex(data: bytes, name: str) -> ParsedFile:
    """A LaTeX file; its title is what \\title says."""  # noqa: D301
    raw = decode(data)
    builder = PageBuilder()
    builder.look_through(raw)
    source = _COMMENT.sub(lambda found: found.group(2) or found.group(1) or "", clean(raw))
    if not source.strip():
        raise EmptyFileError("holds nothing but white space and comments")
    title = next((m.group(2) for m in _HEADING.finditer(source) if m.group(1) == "title"), "")
    _, found, body = source.partition("\\begin{document}")
    source = body.partition("\\end{document}")[0] if found else source
    if found and title:
        builder.heading(_plain(title), 1)
    place = 0
    for block in re.finditer(rf"{_HEADING.pattern}|{_ENVIRONMENT.pattern}", source, re.DOTALL):
        _write_text(builder, source[place : block.start()])
        _write_block(builder, block.group())
        place = block.end()
    _write_text(builder, source[place:])
    return ParsedFile(_plain(title) or name, builder.sections(), "tex")


def _write_block(builder: PageBuilder, source: str) -> None:
    heading = _HEADING.fullmatch(source)
    if heading:
        builder.heading(_plain(heading.group(2)), _LEVELS.get(heading.group(1), 1))
        return
    found = _ENVIRONMENT.fullmatch(source)
    assert found is not None  # `_PIECE` finds headings and environments
    kind, inside = found.group(1, 2)
    if kind.startswith(("tabular", "longtable", "array", "tabulary")):
        rows = [
            [*_cells(row)]
            for row in re.split(r"\\\\(?:\[[^\]]*\])?|\\tabularnewline", _body(inside))
        ]
        write_grid(builder, laid_out([row for row in rows if any(c.text for c in row)]))
    else:
        builder.code(re.sub(r"\A(?:\[[^\]]*\])?(?:\{[^}]*\})?\n", "", inside))


def _body(inside: str) -> str:
    """A table's rows, without its measures and rules."""
    inside = re.sub(rf"\A\s*(?:\[[^\]]*\]|{_GROUP})+", "", inside)
    return _RULES.sub("", inside)


def _cells(row: str) -> Iterator[Cell]:
    for cell in re.split(r"(?<!\\)&", row):
        span = _CELL.search(cell)
        if span is None:
            yield Cell(_plain(cell))
        elif span.group(1) == "column":
            yield Cell(_plain(span.group(4)), columns=int(span.group(2)[:4]))
        else:
            yield Cell(_plain(span.group(4)), rows=max(1, int(span.group(2)[:4])))


def _write_text(builder: PageBuilder, source: str) -> None:
    """Paragraphs and lists."""
    depth, numbers = 0, [0]
    for part in re.split(
        r"(\\(?:begin|end)\{(?:itemize|enumerate|description)\}(?:\[[^\]]*\])?)", source
    ):
        edge = _LISTS.fullmatch(part)
        if edge and edge.group(1) == "begin":
            numbers.append(1 if edge.group(2) == "enumerate" else 0)
        elif edge:
            numbers = numbers[:-1] or [0]
        elif len(numbers) > 1:
            _write_items(builder, part, numbers)
        else:
            _write_paragraphs(builder, part)
        depth = len(numbers) - 1
    del depth


def _write_items(builder: PageBuilder, source: str, numbers: list[int]) -> None:
    place, label, begun = 0, "", False
    for item in [*_ITEM.finditer(source), None]:
        text = _plain(source[place : item.start() if item else len(source)])
        if begun and text:
            mark = f"{_plain(label)} " if label else f"{numbers[-1]}. " if numbers[-1] else ""
            builder.item(text, len(numbers) - 2, mark)
            numbers[-1] += bool(numbers[-1]) and not label
        elif text:
            builder.item(text, len(numbers) - 2)
        if item:
            place, label, begun = item.end(), item.group(1) or "", True


def _write_paragraphs(builder: PageBuilder, source: str) -> None:
    for paragraph in re.split(r"\n[ \t]*\n|\\par\b|\\begin\{[^{}]*\}|\\end\{[^{}]*\}", source):
        builder.paragraph(_plain(paragraph))


def _plain(source: str) -> str:
    """Text as it is printed, on one line."""
    source = _NOTE.sub(lambda found: f" ({found.group(1)})", source)
    source = _UNSEEN.sub("", source)
    source = _LINK.sub(r"\2", source)
    for _ in range(3):
        source = _FRACTION.sub(r" (\1)/(\2) ", source)
    source = _ROOT.sub(r"sqrt(\1)", source)
    source = re.sub(r"\(([\w.,]+)\)/\(([\w.,]+)\)", r"\1/\2", source)
    source = _ACCENT.sub(_accented, source)
    source = _BOUNDARY.sub(" ", source)
    source = re.sub(r"\\\\(?:\[[^\]]*\])?|\\[,;:! ]", " ", source)
    source = _COMMAND.sub(_command, source)
    source = re.sub(r"\\([#$%&_{}])", "\\1\ufdd0", source)
    source = re.sub(r"[{}](?!\ufdd0)", "", source).replace("~", " ")
    source = re.sub(r"\$(?!\ufdd0)|\\[()\[\]]|\\[-/@]", "", source).replace("\ufdd0", "")
    source = source.replace("---", "—").replace("--", "–").replace("``", "“").replace("''", "”")
    return " ".join(source.split())


def _accented(found: re.Match[str]) -> str:
    accent = found.group(1) or found.group(3)
    letter = found.group(2) or found.group(4) or found.group(5)
    return unicodedata.normalize("NFC", letter + _ACCENTS[accent])


def _command(found: re.Match[str]) -> str:
    """A command as what it prints: a sign, or nothing (what is in its braces stays)."""
    letter = _LETTERS.get(found.group(1))
    if letter is None:
        return "" if found.group().endswith(found.group(1)) else " " * found.group()[-1].isspace()
    return letter
