"""An XLSX package beside its values: formats, formulas without values, and what lies on its sheets.

calamine reads values faster than anything in Python, and nothing else: what a number looks like,
and what is written beside the cells, is read here. Other formats of workbooks have none of it.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from indexer.parsers.errors import CorruptedError
from indexer.parsers.markup.markup import attribute, child, local, read_xml
from indexer.parsers.office.workbook.hidden import Place, hidden_cells, hiding_styles
from indexer.parsers.office.workbook.number_format import BUILT_IN
from indexer.parsers.raised import Line

if TYPE_CHECKING:
    from lxml.etree import _Element

# What cannot be read here, calamine has read or will complain of.
FAULTS = (
    CorruptedError, zipfile.BadZipFile, zlib.error, LookupError, NotImplementedError, RuntimeError,
    ValueError, OSError, EOFError,
)  # fmt: skip

_FOLDED = re.compile(rb"<(?:\w+:)?(?:row|col)\b[^>]*\shidden=[\"'](?:1|true)[\"']")
_FORMULA = re.compile(
    rb"<(?:\w+:)?c\s([^<>]*)>\s*<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>([^<]*)</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_REFERENCE = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_TYPED = re.compile(rb"\bt=[\"'](?:str|s|inlineStr|b|e)[\"']")
_SHARED = re.compile(rb"\bt=[\"']s[\"']")
_INLINE = re.compile(rb"<(?:\w+:)?c\s([^<>]*)>\s*(<(?:\w+:)?is>.*?</(?:\w+:)?is>)", re.DOTALL)
_MOST_FORMULAS = 100_000


@dataclass(frozen=True, slots=True)
class SheetSource:
    """One sheet's XML, and what else belongs to it by the kind of its relation."""

    part: str
    xml: bytes
    related: Mapping[str, tuple[str, ...]]


@dataclass
class Package:
    """What an XLSX file holds beside its values; nothing for other files."""

    sheets: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, str] = field(default_factory=dict)
    hiding: Mapping[str, str] = field(default_factory=dict)
    epoch_1904: bool = False
    _zip: zipfile.ZipFile | None = None
    _raised: Mapping[int, str] | None = None

    def sheet(self, name: str) -> SheetSource | None:
        """A sheet by its name; None where it cannot be read here."""
        part = self.sheets.get(name)
        if part is None:
            return None
        xml = self.read(part)
        return None if xml is None else SheetSource(part, xml, self.related(part))

    def read(self, part: str) -> bytes | None:
        """The bytes of a part; None where there is none that can be read."""
        try:
            return self._zip.read(part) if self._zip is not None else None
        except FAULTS:
            return None

    def raised_strings(self) -> Mapping[int, str]:
        """The shared texts with raised or lowered letters, by their number."""
        if self._raised is None:
            data = self.read("xl/sharedStrings.xml") or b""
            self._raised = dict(_raised_strings(data)) if b"vertAlign" in data else {}
        return self._raised

    def related(self, part: str) -> dict[str, tuple[str, ...]]:
        """The parts that a part names, by the last word of their relation's kind."""
        found: dict[str, tuple[str, ...]] = {}
        for kind, _, target in self._relations(part):
            found[kind] = (*found.get(kind, ()), target)
        return found

    def targets(self, part: str) -> dict[str, str]:
        """The parts that a part names, by the relation's id."""
        return {number: target for _, number, target in self._relations(part)}

    def _relations(self, part: str) -> Iterator[tuple[str, str, str]]:
        folder, _, name = part.rpartition("/")
        data = self.read(f"{folder}/_rels/{name}.rels")
        if data is None:
            return
        try:
            relations = list(read_xml(data))
        except CorruptedError:
            return
        for one in relations:
            target = attribute(one, "Target")
            if target and attribute(one, "TargetMode") != "External":
                kind = attribute(one, "Type").rpartition("/")[2]
                path = target[1:] if target.startswith("/") else posixpath.join(folder, target)
                yield kind, attribute(one, "Id"), posixpath.normpath(path)


def open_package(data: bytes) -> Package:
    """Look into an XLSX file; an empty package where it is none, or is damaged here."""
    try:
        package = Package(_zip=zipfile.ZipFile(io.BytesIO(data)))
        targets = package.targets("xl/workbook.xml")
        workbook = read_xml(package.read("xl/workbook.xml") or b"")
        package.sheets = {
            attribute(one, "name"): targets[attribute(one, "id")]
            for one in workbook.iter()
            if local(one) == "sheet" and attribute(one, "id") in targets
        }
        package.epoch_1904 = any(
            local(one) == "workbookPr" and attribute(one, "date1904") in ("1", "true")
            for one in workbook
        )
        styles = package.read("xl/styles.xml")
        if styles:
            root = read_xml(styles)
            package.formats = _formats(root)
            package.hiding = hiding_styles(root)
    except FAULTS:
        return Package()
    return package


def is_folded(sheet: SheetSource) -> bool:
    """Whether rows or columns are not shown, which filters and outlines do."""
    return _FOLDED.search(sheet.xml) is not None


def hidden_places(sheet: SheetSource, package: Package) -> dict[Place, str]:
    """The cells of a sheet that nobody can read, and how they are hidden."""
    return dict(hidden_cells(sheet.xml, package.hiding))


def formatted_cells(sheet: SheetSource, package: Package) -> Iterator[tuple[Place, str]]:
    """The place of each cell with a format of its own, and the format's code."""
    if not package.formats:
        return
    numbers = "|".join(re.escape(number) for number in package.formats)
    cells = re.compile(
        rb"<(?:\w+:)?c\s(?=[^<>]*?\bs=[\"'](" + numbers.encode() + rb")[\"'])"
        rb"[^<>]*?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']"
    )
    columns: dict[bytes, int] = {}
    codes = {number.encode(): code for number, code in package.formats.items()}
    for style, letters, row in cells.findall(sheet.xml):
        column = columns.get(letters)
        if column is None:
            column = columns[letters] = column_number(letters)
        yield (int(row) - 1, column), codes[style]


def formulas_without_values(sheet: SheetSource) -> Iterator[tuple[Place, str]]:
    """Place and formula of the cells whose results the file does not hold."""
    if b"<f" not in sheet.xml and b":f" not in sheet.xml:
        return
    for count, found in enumerate(_FORMULA.finditer(sheet.xml)):
        place = _REFERENCE.search(found[1])
        if count >= _MOST_FORMULAS:
            return
        if place is not None and not _TYPED.search(found[1]):
            said = (found[2] or b"").decode("utf-8", errors="replace")
            yield (int(place[2]) - 1, column_number(place[1])), f"={_unescaped(said)}"


def raised_texts(sheet: SheetSource, package: Package) -> Iterator[tuple[Place, str]]:
    """Place and text of the cells that hold raised or lowered letters."""
    shared = package.raised_strings()
    if shared:
        numbers = "|".join(map(str, shared)).encode()
        cells = re.compile(
            rb"<(?:\w+:)?c\s([^<>]*)>\s*<(?:\w+:)?v>\s*(" + numbers + rb")\s*</(?:\w+:)?v>"
        )
        for found in cells.finditer(sheet.xml):
            place = _REFERENCE.search(found[1])
            if place is not None and _SHARED.search(found[1]):
                yield (int(place[2]) - 1, column_number(place[1])), shared[int(found[2])]
    if b"vertAlign" in sheet.xml:
        for found in _INLINE.finditer(sheet.xml):
            place = _REFERENCE.search(found[1])
            text = _raised(found[2]) if place is not None and b"vertAlign" in found[2] else ""
            if place is not None and text:
                yield (int(place[2]) - 1, column_number(place[1])), text


def column_number(letters: bytes) -> int:
    """The number of a column from 0, by its letters."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1


def _formats(styles: _Element) -> dict[str, str]:
    """The codes of the cell styles that change what is shown, by the style's number."""
    parts = {local(part): list(part) for part in styles}
    codes: dict[str, str] = {str(number): code for number, code in BUILT_IN.items()}
    for one in parts.get("numFmts", []):
        codes[attribute(one, "numFmtId")] = attribute(one, "formatCode")
    found = {
        str(number): codes.get(attribute(style, "numFmtId"), "")
        for number, style in enumerate(parts.get("cellXfs", []))
    }
    return {
        number: code for number, code in found.items() if code.lower() not in ("", "general", "@")
    }


def _unescaped(text: str) -> str:
    for name, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'")):
        text = text.replace(name, sign)
    return text.replace("&amp;", "&").strip()


def _raised_strings(data: bytes) -> Iterator[tuple[int, str]]:
    from lxml import etree

    strings = etree.iterparse(
        io.BytesIO(data), tag="{*}si", resolve_entities=False, no_network=True, recover=True
    )
    for number, (_, element) in enumerate(strings):
        if any(local(one) == "vertAlign" for one in element.iter()):
            yield number, _line(element)
        element.clear()


def _raised(data: bytes) -> str:
    try:
        return _line(read_xml(re.sub(rb"<(/?)\w+:", rb"<\1", data)))
    except CorruptedError:
        return ""


def _line(element: _Element) -> str:
    """The text of a cell's runs, raised and lowered ones set apart."""
    line = Line()
    for run in element:
        aligned = child(child(run, "rPr"), "vertAlign")
        how = "" if aligned is None else attribute(aligned, "val")
        text = child(run, "t") if local(run) == "r" else run if local(run) == "t" else None
        if text is not None:
            line.add(text.text or "", {"superscript": 1, "subscript": -1}.get(how, 0))
    return line.text()
