"""AsciiDoc: headings, lists, tables, code and notes, by the marks at the beginning of lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.hidden import COMMENT
from indexer.parsers.layout import PageBuilder, clean
from indexer.records import ParsedFile

_HEADING = re.compile(r"(={1,6}|#{1,6})\s+(\S.*)")
_ITEM = re.compile(r"\s*(\*{1,5}|-|\.{1,5}|\d+\.|<\d+>|<\.>)\s+(\S.*)")
_FENCE = re.compile(r"(-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|/{4,}|\+{4,}|```|--)\s*\w*\s*")
_TABLE = re.compile(r"[|,:!]={3,}\s*")
_ATTRIBUTE = re.compile(
    r":!?[\w-]+!?:(?:\s.*)?|\[[^\]]*\]|include::.*\[.*\]|ifdef::.*|endif::.*|<<<|'''"
)
_TITLE = re.compile(r"\.(?![. ])(\S.*)")
_INLINE = re.compile(
    r"(?:link:|https?://|mailto:)\S*?\[([^\]]+)\]|footnote:\w*\[([^\]]*)\]|<<[^,>]*,([^>]*)>>"
    r"|(?:kbd|btn|menu|pass|xref|image):[^\s\[]*\[([^\]]*)\]"
)
_MARKS = re.compile(r"(?<!\w)(\*\*?|__?|``?|#)(?=\S)(.+?)(?<=\S)\1(?!\w)")
_CELL = re.compile(r"(?:(\d+)\*)?(?:\d*(?:\.\d+)?\+)?[<^>.]*[adehlmsv]?\|")
_COLUMNS = re.compile(r"cols\s*=\s*\"?([^\"\]]*)\"?")


def parse_asciidoc(data: bytes, name: str) -> ParsedFile:
    """An AsciiDoc file; its document title is its title."""
    raw = decode(data)
    builder = PageBuilder()
    builder.look_through(raw)
    text = clean(raw)
    if not text.strip():
        raise EmptyFileError("holds nothing but white space")
    writer = _Writer(builder, text.expandtabs(4).split("\n"))
    writer.write()
    return ParsedFile(writer.title or name, builder.sections(), "adoc")


class _Writer:
    """Goes through the lines."""

    def __init__(self, builder: PageBuilder, lines: Sequence[str]) -> None:
        self.builder = builder
        self.lines = lines
        self.at = 0
        self.title = ""
        self.columns = 0
        self.pending: list[str] = []
        self.numbers: dict[int, int] = {}

    def write(self) -> None:
        """Write all lines."""
        while self.at < len(self.lines):
            line = self.lines[self.at].rstrip()
            self.at += 1
            if not line or line == "+":
                self.flush()
            elif line.startswith("//") and not line.startswith("////"):
                continue
            elif not self.block(line):
                self.numbers = {} if not self.pending else self.numbers
                self.pending.append(line.removesuffix(" +"))
        self.flush()

    def block(self, line: str) -> bool:
        """Write what begins at a line; False where the line is of a paragraph."""
        heading, item = _HEADING.fullmatch(line), _ITEM.fullmatch(line)
        if heading and not self.pending:
            self.heading(len(heading.group(1)), heading.group(2))
        elif _TABLE.fullmatch(line):
            self.flush()
            self.table(line.strip())
        elif _FENCE.fullmatch(line) and not self.pending:
            self.fenced(line.split(maxsplit=1)[0])
        elif _ATTRIBUTE.fullmatch(line):
            self.flush()
            found = _COLUMNS.search(line)
            self.columns = _column_count(found.group(1)) if found else self.columns
        elif item:
            self.flush()
            self.item(item.group(1), item.group(2))
        elif _TITLE.fullmatch(line) and not self.pending:
            self.builder.paragraph(_plain(line[1:]))
        else:
            return False
        return True

    def flush(self) -> None:
        """Write the paragraph gathered."""
        text = " ".join(line.strip() for line in self.pending)
        self.pending.clear()
        if text.strip():
            self.builder.paragraph(_plain(text))

    def heading(self, level: int, text: str) -> None:
        """A heading; the first of level 1 is the title."""
        text = _plain(text.rstrip("= "))
        self.builder.heading(text, level)
        self.title = self.title or (text if level == 1 else "")

    def item(self, mark: str, text: str) -> None:
        """An item with the lines that go on with it."""
        while self.at < len(self.lines) and self._goes_on(self.lines[self.at]):
            text = f"{text} {self.lines[self.at].strip()}"
            self.at += 1
        depth = len(mark) - 1 if mark[0] in "*." else 0
        number = ""
        if mark[0] == ".":
            self.numbers = {key: value for key, value in self.numbers.items() if key <= depth}
            self.numbers[depth] = self.numbers.get(depth, 0) + 1
            number = f"{self.numbers[depth]}. "
        elif mark[0].isdigit() or mark[0] == "<":
            number = f"{mark} "
        self.builder.item(_plain(text), depth, number)

    def _goes_on(self, line: str) -> bool:
        return (
            bool(line.strip())
            and line != "+"
            and not any(
                pattern.fullmatch(line) for pattern in (_ITEM, _FENCE, _TABLE, _ATTRIBUTE, _HEADING)
            )
        )

    def fenced(self, fence: str) -> None:
        """A block between two fences: a comment, code, or text of its own."""
        inside = self.until(fence)
        if fence.startswith("/"):
            self.builder.hide(COMMENT, "\n".join(inside))
        elif fence.startswith(("=", "*", "_")) or fence == "--":
            inner = _Writer(self.builder, inside)
            inner.write()
        else:
            self.builder.code("\n".join(inside))

    def until(self, fence: str) -> list[str]:
        """The lines before the next fence of this kind."""
        start = self.at
        while self.at < len(self.lines) and self.lines[self.at].strip() != fence:
            self.at += 1
        self.at += 1
        return list(self.lines[start : self.at - 1])

    def table(self, fence: str) -> None:
        """A table: cells begin with a bar; the first line says how many columns there are."""
        lines = self.until(fence)
        filled = [line for line in lines if line.strip()]
        width = self.columns or (_cells_in(filled[0]) if filled else 1)
        self.columns = 0
        cells: list[str] = []
        for line in filled:
            before, *found = _CELL.split(line)[:: _CELL.groups + 1]
            if cells and before.strip():
                cells[-1] += f" {before.strip()}"
            cells += [cell.strip() for cell in found]
        rows = [cells[at : at + width] for at in range(0, len(cells), max(1, width))]
        self.builder.table([[_plain(cell) for cell in row] for row in rows])


def _cells_in(line: str) -> int:
    return max(1, len(_CELL.findall(line)))


def _column_count(columns: str) -> int:
    count = 0
    for column in re.split(r"[,;]", columns):
        times = re.match(r"\s*(\d+)\*", column)
        count += int(times.group(1)[:3]) if times else 1
    return count


def _plain(text: str) -> str:
    """Text without its marks; links say what they are called."""
    text = _INLINE.sub(_inline, text)
    return _MARKS.sub(r"\2", text)


def _inline(found: re.Match[str]) -> str:
    link, note, cross, other = found.groups()
    return f" ({note})" if note is not None else link or cross or other or ""
