"""The text of OpenDocument's paragraphs as lines, and what hangs on them: boxes and notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from indexer.parsers.layout import one_line
from indexer.parsers.markup.markup import attribute, child, local
from indexer.parsers.office.opendocument.styles import Styles
from indexer.parsers.office.symbols import TICKED, UNTICKED
from indexer.parsers.raised import Line

if TYPE_CHECKING:
    from lxml.etree import _Element

_BLANKS = frozenset({"s", "tab", "line-break"})
_SKIPPED = frozenset({"tracked-changes", "annotation-end", "ruby-text", "forms", "notes", ""})
# Fields that say another thing on each page, or of each sheet.
_PAGE_FIELDS = frozenset({"page-number", "page-count", "page-continuation", "sheet-name"})


@dataclass
class Paragraph:
    """A paragraph's line, and what hangs on it: pairs of a kind and the element."""

    text: str = ""
    beside: list[tuple[str, _Element]] = field(default_factory=list)
    numbers_pages: bool = False


class TextReader:
    """Reads the paragraphs of one document."""

    def __init__(self, styles: Styles, root: _Element) -> None:
        self._styles = styles
        self._line = Line()
        self._found = Paragraph()
        self._controls = {
            attribute(e, "id"): e
            for forms in root.iter()
            if local(forms) == "form"
            for e in forms
            if local(e)
        }

    def read(self, element: _Element) -> Paragraph:
        """The line of a paragraph or heading."""
        outer = self._line, self._found
        self._line, self._found = Line(), Paragraph()
        self._walk(element, 0)
        found = self._found
        found.text = self._line.text()
        self._line, self._found = outer
        return found

    def plain(self, element: _Element) -> str:
        """The lines of all paragraphs inside an element, on one line."""
        if local(element) in ("p", "h"):
            return self.read(element).text
        return " ".join(self.plain(node) for node in element if local(node) not in _SKIPPED)

    def control(self, node: _Element) -> str:
        """What a field of a form holds, or whether its box is ticked."""
        return control_text(self._controls.get(attribute(node, "control")))

    def _walk(self, element: _Element, raised: int) -> None:
        self._line.add(element.text or "", raised)
        for node in element:
            tag = local(node)
            handler = _HANDLERS.get(tag)
            if handler is not None:
                handler(self, node, raised)
            elif tag in _BLANKS:
                self._line.add(" ", raised)
            elif tag in _PAGE_FIELDS:
                self._found.numbers_pages = True
            elif tag not in _SKIPPED:
                style = self._styles.raising.get(attribute(node, "style-name"), 0)
                self._walk(node, style or raised)
            self._line.add(node.tail or "", raised)

    def _ruby(self, node: _Element, raised: int) -> None:
        """A word without the reading over it."""
        base = child(node, "ruby-base")
        if base is not None:
            self._walk(base, raised)

    def _note(self, node: _Element, raised: int) -> None:
        citation = child(node, "note-citation")
        self._line.mark("" if citation is None else citation.text or "")
        self._found.beside.append(("note", node))

    def _annotation(self, node: _Element, raised: int) -> None:
        self._found.beside.append(("annotation", node))

    def _drawing(self, node: _Element, raised: int) -> None:
        self._found.beside.append(("drawing", node))

    def _control(self, node: _Element, raised: int) -> None:
        """What a field of a form holds, or whether its box is ticked."""
        self._line.add(f" {self.control(node)} ")


def control_text(element: _Element | None) -> str:
    """A field of a form as it is shown."""
    if element is None:
        return ""
    tag, label = local(element), attribute(element, "label")
    if tag in ("checkbox", "radio"):
        state = attribute(element, "current-state") or attribute(element, "state")
        state = state or attribute(element, "current-selected") or attribute(element, "selected")
        return f"{TICKED if state in ('checked', 'true') else UNTICKED} {label}"
    if tag in ("text", "textarea", "formatted-text", "number", "date", "time", "combobox"):
        return attribute(element, "current-value") or attribute(element, "value")
    if tag == "listbox":
        chosen = [e for e in element if attribute(e, "current-selected") == "true"]
        chosen = chosen or [e for e in element if attribute(e, "selected") == "true"]
        return ", ".join(attribute(e, "label") for e in chosen)
    return label if tag in ("fixed-text", "button", "frame") else ""


def comment_of(annotation: _Element, reader: TextReader) -> tuple[str, str]:
    """Author and text of an annotation."""
    creator = child(annotation, "creator")
    author = "" if creator is None else one_line(creator.text or "")
    return author, one_line(reader.plain(annotation))


_Handler = Callable[[TextReader, "_Element", int], None]
_HANDLERS: Mapping[str, _Handler] = MappingProxyType(
    {
        "ruby": TextReader._ruby,
        "note": TextReader._note,
        "annotation": TextReader._annotation,
        "frame": TextReader._drawing,
        "custom-shape": TextReader._drawing,
        "g": TextReader._drawing,
        "rect": TextReader._drawing,
        "ellipse": TextReader._drawing,
        "line": TextReader._drawing,
        "control": TextReader._control,
    }
)
