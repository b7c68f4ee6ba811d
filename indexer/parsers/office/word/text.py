"""The text of one paragraph of Word, as a line, and what hangs on it: boxes, pictures, notes.

`Paragraph.text` of python-docx leaves out tracked insertions, content controls and text boxes, and
knows nothing of raised text, fields, equations, marks of forms, or readings over words (1.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from indexer.parsers.hidden import MARKED
from indexer.parsers.markup.markup import attribute, child, local
from indexer.parsers.office.graphics import description
from indexer.parsers.office.math import linear
from indexer.parsers.office.numbers import is_page_number
from indexer.parsers.office.symbols import TICKED, UNTICKED, in_font, symbol
from indexer.parsers.office.word.fields import shown
from indexer.parsers.office.word.hidden import HiddenRuns
from indexer.parsers.raised import Line

if TYPE_CHECKING:
    from lxml.etree import _Element

BREAK = "\f"
_CHARACTERS = MappingProxyType({"tab": " ", "ptab": " ", "cr": " ", "noBreakHyphen": "-"})
_SKIPPED = frozenset({"del", "moveFrom", "delText", "pPr", "rPr", "rt", "sdtPr", "tcPr"})
_NOTES = MappingProxyType({"footnoteReference": "footnote", "endnoteReference": "endnote"})
# Fields whose result is another one on each page.
_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
_VML_SHAPES = ("shape", "rect", "roundrect", "oval")
_OFF = ("0", "false", "off", "none")
_RAISED = MappingProxyType({"superscript": 1, "subscript": -1})


@dataclass
class Paragraph:
    """A paragraph's line, `BREAK` where a page ends, and what hangs on it.

    `beside` are pairs of a kind (box, chart, diagram, picture, footnote, endnote, comment, object)
    and the element, relation's id, note's id or text that goes with it.
    """

    text: str = ""
    beside: list[tuple[str, _Element | str]] = field(default_factory=list)
    numbers_pages: bool = False

    @property
    def is_page_number(self) -> bool:
        """Whether nothing is said but "Page 3 of 5"."""
        return self.numbers_pages and is_page_number(self.text)


class TextReader:
    """Reads paragraphs one after the other: fields may reach over several."""

    def __init__(
        self,
        hidden: HiddenRuns,
        hide: Callable[[str, str], bool],
        note_mark: Callable[[str, str], str],
        rendered: bool,
    ) -> None:
        self._hidden = hidden
        self._hide = hide
        self._note_mark = note_mark
        self._rendered = rendered
        self._fields: list[str] = []  # for each open one: code, result, or page (a muted result)
        self._codes: list[str] = []
        self._line = Line()
        self._found = Paragraph()

    def read(self, element: _Element) -> Paragraph:
        """The line of a paragraph."""
        outer = self._line, self._found
        self._line, self._found = Line(), Paragraph()
        self._walk(element, 0)
        found = self._found
        found.text = self._line.text()
        self._line, self._found = outer
        # A code that no paragraph ends would swallow the rest of the document.
        self._fields = ["result" if one == "code" else one for one in self._fields]
        return found

    def _add(self, text: str, raised: int = 0) -> None:
        if "code" not in self._fields and "page" not in self._fields:
            self._line.add(text, raised)

    def _walk(self, element: _Element, raised: int) -> None:
        for node in element:
            tag = local(node)
            handler = _HANDLERS.get(tag)
            if handler is not None:
                handler(self, node, raised)
            elif tag in _CHARACTERS:
                self._add(_CHARACTERS[tag], raised)
            elif tag and tag not in _SKIPPED:
                self._walk(node, raised)

    def _text(self, node: _Element, raised: int) -> None:
        text = node.text or ""
        fonts = child(child(node.getparent(), "rPr"), "rFonts")
        self._add(text if fonts is None else in_font(attribute(fonts, "ascii"), text), raised)

    def _run(self, run: _Element, raised: int) -> None:
        how = self._hidden.how(run)
        if how:
            said = "".join(e.text or "" for e in run.iter() if local(e) in ("t", "tab"))
            if self._hide(how, said):
                return
        self._walk(run, _raised(run) or self._hidden.raised(run) or raised)

    def _break(self, node: _Element, raised: int) -> None:
        paged = attribute(node, "type") == "page" and not self._rendered
        self._add(BREAK if paged or local(node) == "lastRenderedPageBreak" else " ")

    def _symbol(self, node: _Element, raised: int) -> None:
        code = attribute(node, "char")
        if re.fullmatch(r"[0-9A-Fa-f]{1,5}", code):
            self._add(symbol(attribute(node, "font"), int(code, 16)), raised)

    def _alternate(self, node: _Element, raised: int) -> None:
        """One of several forms of the same thing: the first that says something."""
        for form in node:
            if len(form):
                self._walk(form, raised)
                return

    def _ruby(self, node: _Element, raised: int) -> None:
        """A word without the reading over it."""
        base = child(node, "rubyBase")
        if base is not None:
            self._walk(base, raised)

    def _field(self, node: _Element, raised: int) -> None:
        kind = attribute(node, "fldCharType")
        if kind == "begin":
            self._form(child(node, "ffData"))
            self._fields.append("code")
            self._codes.append("")
        elif kind == "separate" and self._fields and self._fields[-1] == "code":
            self._fields[-1] = "result"
        elif kind == "end" and self._fields:
            state, code = self._fields.pop(), self._codes.pop()
            if state == "code":
                self._add(shown(code))

    def _form(self, data: _Element | None) -> None:
        """The mark of a box in a form, and what is chosen from its list."""
        box, chosen = child(data, "checkBox"), child(data, "ddList")
        if box is not None:
            state = child(box, "checked")
            state = child(box, "default") if state is None else state
            ticked = state is not None and attribute(state, "val").lower() not in _OFF
            self._add(TICKED if ticked else UNTICKED)
        elif chosen is not None:
            entries = [attribute(e, "val") for e in chosen if local(e) == "listEntry"]
            result = child(chosen, "result")
            result = child(chosen, "default") if result is None else result
            number = "0" if result is None else attribute(result, "val")
            place = int(number) if number.isdecimal() and len(number) < 5 else 0
            self._add(entries[place] if place < len(entries) else "")

    def _instruction(self, node: _Element, raised: int) -> None:
        if self._fields:
            self._codes[-1] += node.text or ""
        if self._fields and _PAGE_FIELD.match(node.text or ""):
            self._fields[-1] = "page"
            self._found.numbers_pages = True

    def _simple_field(self, node: _Element, raised: int) -> None:
        if _PAGE_FIELD.match(attribute(node, "instr")):
            self._found.numbers_pages = True
        else:
            self._walk(node, raised)
            self._add(shown(attribute(node, "instr")) if not len(node) else "")

    def _control(self, node: _Element, raised: int) -> None:
        """A content control; a box to tick is said to be ticked or not, whatever its signs."""
        box = child(child(node, "sdtPr"), "checkbox")
        if box is None:
            content = child(node, "sdtContent")
            self._walk(node if content is None else content, raised)
            return
        state = child(box, "checked")
        ticked = state is not None and attribute(state, "val").lower() not in _OFF
        self._add(TICKED if ticked else UNTICKED)

    def _equation(self, node: _Element, raised: int) -> None:
        self._add(linear(node), 0)

    def _drawing(self, node: _Element, raised: int) -> None:
        """A picture, shape or diagram: its texts are read behind the paragraph."""
        named = next((e for e in node.iter() if local(e) == "docPr"), None)
        if named is not None and attribute(named, "hidden").lower() in ("1", "true"):
            said = "".join(e.text or "" for e in node.iter() if local(e) == "t")
            if self._hide(MARKED, said):
                return
        beside = self._found.beside
        seen = len(beside)
        self._shapes(node)
        said = description(node if named is None else named)
        if said:
            beside.insert(seen, ("picture", said))
        elif len(beside) == seen and local(node) == "object":
            beside.append(("object", ""))

    def _shapes(self, node: Iterable[_Element]) -> None:
        beside = self._found.beside
        for inner in node:
            tag = local(inner)
            if tag == "AlternateContent":
                self._shapes([form for form in inner if len(form)][:1])
            elif tag == "txbxContent":
                beside.append(("box", inner))
            elif tag in ("chart", "relIds"):
                kind, name = ("chart", "id") if tag == "chart" else ("diagram", "dm")
                beside.append((kind, attribute(inner, name)))
            elif tag in ("textpath", "oMath"):
                said = attribute(inner, "string") if tag == "textpath" else linear(inner)
                beside.append(("words", said))
            elif tag:
                if tag in _VML_SHAPES and (said := description(inner)):
                    beside.append(("picture", said))
                self._shapes(inner)

    def _note(self, node: _Element, raised: int) -> None:
        kind, number = _NOTES[local(node)], attribute(node, "id")
        if attribute(node, "customMarkFollows").lower() not in ("1", "true", "on"):
            self._line.mark(self._note_mark(kind, number))
        self._found.beside.append((kind, number))

    def _comment(self, node: _Element, raised: int) -> None:
        self._found.beside.append(("comment", attribute(node, "id")))

    def _inner_paragraph(self, node: _Element, raised: int) -> None:
        self._add(" ")
        self._walk(node, raised)
        self._add(" ")


def _raised(run: _Element) -> int:
    """1 for raised text, -1 for lowered, by the run's own look."""
    properties = child(run, "rPr")
    if properties is None:
        return 0
    for one in properties:
        tag, value = local(one), attribute(one, "val")
        if tag == "vertAlign" and value in _RAISED:
            return _RAISED[value]
        if tag == "position" and re.fullmatch(r"-?\d{1,3}", value) and abs(int(value)) >= 4:
            return 1 if int(value) > 0 else -1
    return 0


_Handler = Callable[[TextReader, "_Element", int], None]
_HANDLERS: Mapping[str, _Handler] = MappingProxyType(
    {
        "t": TextReader._text,
        "r": TextReader._run,
        "br": TextReader._break,
        "lastRenderedPageBreak": TextReader._break,
        "sym": TextReader._symbol,
        "AlternateContent": TextReader._alternate,
        "ruby": TextReader._ruby,
        "fldChar": TextReader._field,
        "instrText": TextReader._instruction,
        "fldSimple": TextReader._simple_field,
        "sdt": TextReader._control,
        "oMath": TextReader._equation,
        "drawing": TextReader._drawing,
        "pict": TextReader._drawing,
        "object": TextReader._drawing,
        "footnoteReference": TextReader._note,
        "endnoteReference": TextReader._note,
        "commentReference": TextReader._comment,
        "p": TextReader._inner_paragraph,
    }
)
