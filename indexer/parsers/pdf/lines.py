"""What is read of a PDF page: lines and tables with their places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from indexer.parsers.grid import Area

# Running headers and footers stand in the outer twelfth of the page (66 points of US letter:
# text itself mostly keeps an inch, 72 points).
_MARGIN = 1 / 12
_NUMBER_MARGIN = 1 / 7
_PAGE_NUMBER = re.compile(
    r"\W{0,2}(?:page )?(?:\d{1,4}|[ivxl]{1,6})(?: (?:of|/) \d{1,4})?\W{0,2}", re.I
)


@dataclass(eq=False, slots=True)
class Line:
    """A line of text on a page; places and size in points, from the lower left corner.

    `runs` are its characters in the text layer, from first to last; `area` is where it stands
    (in the page's own space) where it is none of that layer. A line that stands alone goes on with
    no paragraph, and none with it. `parts` are the pieces that it was put together from where some
    of them are none of that layer.
    """

    text: str
    left: float
    right: float
    bottom: float
    top: float
    size: float
    bold: bool
    runs: list[tuple[int, int]] = field(default_factory=list)
    area: tuple[float, float, float, float] | None = None
    alone: bool = False
    parts: tuple[Line, ...] = ()


@dataclass(eq=False, slots=True)
class Table:
    """A table on a page: the lines of each cell, and which cells are merged.

    A merged cell's lines stand in its first place. `columns` are their left and right ends.
    `heads` is the number of header rows where the looks tell, `headed` whether a rule sets the
    first row apart. `follows` says whether it goes on
    with the table that the page before ends with.
    """

    cells: list[list[list[Line]]]
    areas: list[Area]
    columns: list[tuple[float, float]]
    ruled: bool
    heads: int | None = None
    headed: bool = False
    follows: bool = False

    def lines(self) -> Iterator[Line]:
        """All lines, row by row."""
        return (line for row in self.cells for cell in row for line in cell)


@dataclass(frozen=True, slots=True)
class PageLines:
    """Lines and tables of one page in reading order, and the page's height in points.

    `hidden` is the text that nobody sees, each with how it is hidden; `notes` what readers have
    noted on the page; `plain` text that was recognised on it, without its layout. `pictures` are
    where it has pictures, `pinned` says whether files are pinned to it. `problem` is what of it was
    not read. `unreadable` is the share of its characters that mean nothing, `unmapped` whether text
    is drawn of which no character is known.
    """

    items: tuple[Line | Table, ...]
    height: float
    hidden: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    plain: str = ""
    pictures: tuple[tuple[float, float, float, float], ...] = ()
    pinned: bool = False
    problem: str = ""
    unreadable: float = 0.0
    unmapped: bool = False

    @property
    def lines(self) -> list[Line]:
        """The lines that stand in no table."""
        return [item for item in self.items if isinstance(item, Line)]

    def first_table(self) -> Table | None:
        """The table that the page begins with, lines at its edge aside."""
        return self._table(self.items)

    def last_table(self) -> Table | None:
        """The table that the page ends with, lines at its edge aside."""
        return self._table(self.items[::-1])

    def _table(self, items: Iterable[Line | Table]) -> Table | None:
        inner = (item for item in items if isinstance(item, Table) or not self.at_edge(item))
        found = next(inner, None)
        return found if isinstance(found, Table) else None

    def at_edge(self, line: Line) -> bool:
        """Whether a line stands where running headers and footers do.

        A page number may stand further in, with nothing beyond it: in TeX's articles it does.
        """
        if line.top > self.height * (1 - _MARGIN) or line.bottom < self.height * _MARGIN:
            return True
        if not _PAGE_NUMBER.fullmatch(line.text):
            return False
        return (
            line.bottom < self.height * _NUMBER_MARGIN
            and line.bottom == min(other.bottom for other in self.all_lines())
        ) or (
            line.top > self.height * (1 - _NUMBER_MARGIN)
            and line.top == max(other.top for other in self.all_lines())
        )

    def all_lines(self) -> Iterator[Line]:
        """The lines, those in tables too."""
        for item in self.items:
            if isinstance(item, Line):
                yield item
            else:
                yield from item.lines()
