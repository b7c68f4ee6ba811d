"""What drawings of Office show as text: charts, SmartArt, and what pictures are said to be.

Charts and diagrams are parts of their own, alike in Word, PowerPoint and Excel (DrawingML: ECMA-376
part 1, sections 21.2 and 21.4; the newer kinds of chart by Microsoft's [MS-ODRAWXML], 2.24).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.parsers.grid import Cell, laid_out, write_grid
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.markup.markup import attribute, child, local, read_xml
from indexer.parsers.office.workbook.number_format import formatted

if TYPE_CHECKING:
    from lxml.etree import _Element

# Points of a chart at the most: it is drawn from thousands, and read from some.
_MOST_POINTS = 2_000
_MOST_SERIES = 200
_PLOT = re.compile(r"(\w+)Chart")
_AXES = ("catAx", "valAx", "dateAx", "serAx")
# Names that programs give to pictures by themselves, or that are names of files.
_NO_DESCRIPTION = re.compile(
    r"(?:[\w\s./\\:-]+\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp)|(?:picture|image|bild|grafik|"
    r"text ?box|rectangle|chart|shape|graphic|diagram|table)\s*\d*|\W*)",
    re.IGNORECASE,
)
_MACHINE = re.compile(r"\s*(?:Description automatically generated.*|AI-generated content.*)$", re.S)


def write_chart(builder: PageBuilder, data: bytes, part: str = "a chart") -> None:
    """Write a chart: its title and axes as a paragraph, its values as a table."""
    root = read_xml(data, part)
    plots = [e for e in root.iter() if _PLOT.fullmatch(local(e)) and local(e) != "chart"]
    if not plots:
        _write_newer_chart(builder, root)
        return
    chart = next((e for e in root.iter() if local(e) == "chart"), root)
    title = _rich(child(chart, "title"))
    series = [e for plot in plots for e in plot if local(e) == "ser"][:_MOST_SERIES]
    names = [_rich(child(one, "tx")) for one in series]
    if not title and len(series) == 1:
        title = names[0]
    if len(series) == 1 and not names[0]:
        names = [title]
    axes = [_rich(child(e, "title")) for e in root.iter() if local(e) in _AXES]
    said = [f"Chart: {title}" if title else "Chart", *filter(None, axes)]
    builder.paragraph("; ".join(said))
    columns = [_points(child(one, "cat"), child(one, "xVal")) for one in series]
    values = [_points(child(one, "val"), child(one, "yVal")) for one in series]
    shared = all(one == columns[0] for one in columns)
    corner = next(filter(None, axes), "")
    if shared:
        rows = [[Cell(corner), *(Cell(n or f"Series {i}") for i, n in enumerate(names, 1))]]
        keys = list(columns[0] or {}) if columns else []
        keys = keys or sorted({key for points in values for key in points})
        for key in keys[:_MOST_POINTS]:
            label = columns[0].get(key, "") if columns else ""
            rows.append([Cell(label), *(Cell(points.get(key, "")) for points in values)])
        write_grid(builder, laid_out(rows, heads=1))
        return
    for name, labels, points in zip(names, columns, values, strict=True):
        pairs = [[Cell(labels.get(k, "")), Cell(points[k])] for k in list(points)[:_MOST_POINTS]]
        write_grid(builder, laid_out([[Cell(corner), Cell(name)], *pairs], heads=1))


def write_diagram(builder: PageBuilder, data: bytes, part: str = "a diagram") -> None:
    """Write the texts of a SmartArt diagram as a list, each as deep as it lies."""
    root = read_xml(data, part)
    texts: dict[str, str] = {}
    for point in (e for e in root.iter() if local(e) == "pt"):
        if attribute(point, "type") in ("", "node", "asst"):
            texts[attribute(point, "modelId")] = _rich(child(point, "t"))
    below: dict[str, list[tuple[int, str]]] = {}
    inner: set[str] = set()
    for link in (e for e in root.iter() if local(e) == "cxn"):
        source, target = attribute(link, "srcId"), attribute(link, "destId")
        if attribute(link, "type") in ("", "parOf") and target in texts:
            order = attribute(link, "srcOrd")
            below.setdefault(source, []).append((int(order) if order.isdecimal() else 0, target))
            if source in texts:
                inner.add(target)
    outermost = [
        target for source in below if source not in texts for _, target in sorted(below[source])
    ]
    done: set[str] = set()
    stack = [(one, 0) for one in reversed(outermost)]
    stack = [
        (one, 0) for one in reversed(texts) if one not in inner and one not in outermost
    ] + stack
    while stack:
        point, depth = stack.pop()
        if point in done:
            continue
        done.add(point)
        if texts[point]:
            builder.item(texts[point], depth)
        under = sorted(below.get(point, ()), reverse=True)
        stack += [(target, depth + (1 if texts[point] else 0)) for _, target in under]


def description(element: _Element) -> str:
    """What a picture or shape is said to show, "" where nobody has written that."""
    said = attribute(element, "descr") or attribute(element, "title") or attribute(element, "alt")
    return described(said)


def described(text: str) -> str:
    """A description, "" where it is a file's name or a program has made it up."""
    said = one_line(_MACHINE.sub("", text))
    return "" if _NO_DESCRIPTION.fullmatch(said) else said


def _rich(element: _Element | None) -> str:
    """The text inside an element, rich, plain or as a reference's last value."""
    return "" if element is None else one_line(" ".join(_texts(element)))


def _texts(element: _Element) -> Iterator[str]:
    for node in element.iter():
        tag = local(node)
        if tag == "p":
            yield "".join(e.text or "" for e in node.iter() if local(e) == "t")
        elif tag == "v" and node.text:
            yield node.text


def _points(*sources: _Element | None) -> dict[int, str]:
    """The values by their index; of several levels of names those of the outer before the inner."""
    source = next((one for one in sources if one is not None), None)
    if source is None:
        return {}
    levels = [e for e in source.iter() if local(e) == "lvl"]
    if levels:
        return _levelled([_cached(level, "") for level in levels])
    code = next((e.text or "" for e in source.iter() if local(e) == "formatCode"), "")
    return _cached(source, code)


def _cached(source: _Element, code: str) -> dict[int, str]:
    found: dict[int, str] = {}
    for point in source.iter():
        index = attribute(point, "idx") if local(point) == "pt" else ""
        if index.isdecimal() and len(index) < 8 and len(found) < _MOST_POINTS:
            said = next((e.text or "" for e in point if local(e) == "v"), "")
            found[int(index)] = _shown(said, attribute(point, "formatCode") or code)
    return found


def _levelled(levels: list[dict[int, str]]) -> dict[int, str]:
    """Names of several levels as one: an outer one holds until the next of its level."""
    found: dict[int, str] = {}
    outer = [""] * len(levels)
    for index in range(
        min(_MOST_POINTS, max((max(one, default=0) for one in levels), default=0) + 1)
    ):
        for place, level in enumerate(levels):
            outer[place] = level.get(index, outer[place] if place else "")
        found[index] = " ".join(filter(None, reversed(outer)))
    return found


def _shown(value: str, code: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return one_line(value)
    return formatted(number, code)


def _write_newer_chart(builder: PageBuilder, root: _Element) -> None:
    """A chart of the kinds since 2016 (waterfall, treemap …): titles, names and values."""
    title = next((_rich(e) for e in root.iter() if local(e) == "title"), "")
    builder.paragraph(f"Chart: {title}" if title else "Chart")
    for data in (e for e in root.iter() if local(e) == "data"):
        columns = []
        for dimension in data:
            levels = [e for e in dimension if local(e) == "lvl"]
            for level in reversed(levels):
                code = attribute(level, "formatCode")
                points = [e for e in level if local(e) == "pt"][:_MOST_POINTS]
                columns.append([_shown(e.text or "", code) for e in points])
        length = max(map(len, columns), default=0)
        rows = [
            [Cell(column[n] if n < len(column) else "") for column in columns]
            for n in range(length)
        ]
        write_grid(builder, laid_out(rows, heads=0))
