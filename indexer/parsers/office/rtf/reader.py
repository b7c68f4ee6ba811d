"""Reads RTF: groups, control words and characters, after Microsoft's specification 1.9.1.

The numbers before paragraphs are read from what the writing program left beside them (`listtext`),
which is what the page shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from indexer.parsers.errors import CorruptedError
from indexer.parsers.hidden import MARKED
from indexer.parsers.layout import PageBuilder, one_line
from indexer.parsers.office.graphics import described
from indexer.parsers.office.numbers import is_page_number
from indexer.parsers.office.rtf.flow import Block, CellShape, Flow, Rows
from indexer.parsers.office.rtf.fonts import Fonts
from indexer.parsers.office.rtf.formula import Formula
from indexer.parsers.office.rtf.state import STATE_WORDS, Field, State
from indexer.parsers.office.rtf.words import (
    BOXES,
    CAPTURED,
    CHARACTERS,
    GROUPS,
    HEADING,
    MATH_SIGNS,
    MATHS,
    MOST_GROUPS,
    NOTE,
    PAGE_FIELD,
    READ,
    RUNNING,
    SKIPPED,
)
from indexer.parsers.office.symbols import TICKED, UNTICKED

if TYPE_CHECKING:
    pass

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<code>[0-9a-fA-F]{2})"
    r"|\\(?P<sign>[^a-zA-Z])|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\",
    re.DOTALL,
)


class Reader:
    """Reads one document; `builder` is told of what nobody sees."""

    def __init__(self, builder: PageBuilder) -> None:
        self.running: dict[str, None] = {}
        self._builder = builder
        self._states = [State()]
        self._body = Flow()
        self._flows = [self._body]
        self._captured: list[list[str]] = []
        self._fields: list[Field] = []
        self._fonts = Fonts()
        self._levels: dict[int, int] = {}
        self._bytes = bytearray()
        self._to_skip = 0
        self._shape = CellShape()
        self._notes = {"footnote": 0, "endnote": 0}
        self._name = ""
        self._entry = 0
        self._author = ""
        self._formula = Formula()
        self._source, self._at = "", 0

    def read(self, source: str) -> list[Block]:
        """The blocks of a document."""
        at, size = 0, len(source)
        self._source = source
        while at < size:
            found = _TOKEN.match(source, at)
            if found is None:
                at += 1
                continue
            self._at = at = found.end()
            kind = found.lastgroup
            if found["word"] is not None:
                number = int(found["number"]) if found["number"] else None
                if found["word"] == "bin":
                    at += max(0, min(number or 0, size - at))
                else:
                    self._word(found["word"], number)
            elif kind == "code":
                self._raw(bytes((int(found["code"], 16),)))
            elif kind == "text":
                self._raw(found["text"].encode("latin-1", errors="replace"))
            elif kind == "brace":
                self._flush()
                self._open() if found["brace"] == "{" else self._close()
            elif kind == "sign":
                self._sign(found["sign"])
        while len(self._states) > 1:
            self._close()
        self._flush()
        return self._body.finish()

    # Groups.

    def _open(self) -> None:
        if len(self._states) > MOST_GROUPS:
            raise CorruptedError("is nested deeper in itself than any document; save it again")
        state = replace(self._states[-1], ignorable=False)
        state.group = "skipped" if state.group in ("skipped", "upr") else ""
        self._states.append(state)

    def _close(self) -> None:
        if len(self._states) < 2:
            return
        state = self._states.pop()
        self._to_skip = 0
        if state.group in CAPTURED:
            self._end_capture(state)
        elif state.group in _ENDINGS:
            _ENDINGS[state.group](self, state)
        elif state.group == "math" and self._formula and (said := self._formula.end()):
            self._say(said)

    def _begin(self, group: str) -> None:
        """A group turns out to be a destination."""
        state = self._states[-1]
        if len(self._states) < 2:
            return
        if group == "ud" and self._states[-2].group == "upr":
            state.group = group
        if state.group == "skipped":
            return
        if group in SKIPPED or (state.ignorable and group not in READ | CAPTURED):
            state.group = "skipped"
            return
        state.group = group
        if group in CAPTURED:
            self._captured.append([])
        elif group in RUNNING or group in BOXES or group in ("footnote", "annotation"):
            self._flows.append(Flow())
            state.in_table, state.nested, state.level, state.raised = False, 1, 0, 0
            state.hidden = False
        elif group == "field":
            self._fields.append(Field())
        elif group == "fldrslt" and self._fields and PAGE_FIELD.match(self._fields[-1].code):
            state.muted = True
            self._flows[-1].numbers_pages = True

    def _end_capture(self, state: State) -> None:
        text = "".join(self._captured.pop()) if self._captured else ""
        group = state.group
        if group in ("listtext", "pntext"):
            said = one_line(text)
            self._flows[-1].mark = said if any(map(str.isalnum, said)) else ""
        elif group == "fldinst" and self._fields:
            self._fields[-1].code += text
        elif group == "atnauthor":
            self._author = one_line(text)
        elif group == "ffl" and self._fields:
            self._fields[-1].entries += (one_line(text),)
        elif group == "sn":
            self._name = text.strip()
        elif group == "sv" and self._name == "wzDescription" and (said := described(text)):
            self._flows[-1].behind(Block(f"Picture: {said}"))
        elif group == "sv" and self._name == "gtextUNICODE":
            self._flows[-1].behind(Block(one_line(text)))

    def _end_running(self, state: State) -> None:
        flow = self._flows.pop()
        for block in flow.finish():
            said = block.text if block.grid is None else "\n".join(map(" | ".join, block.grid.rows))
            if not (flow.numbers_pages and is_page_number(said)):
                self.running[said] = None

    def _end_box(self, state: State) -> None:
        for block in self._flows.pop().finish():
            self._flows[-1].behind(block)

    def _end_note(self, state: State) -> None:
        flow = self._flows.pop()
        number = self._notes[flow.kind]
        self._flows[-1].note(Block(f"{flow.kind.capitalize()} {number}: {flow.text()}"))

    def _end_annotation(self, state: State) -> None:
        said = self._flows.pop().text()
        if said:
            by = f" by {self._author}" if self._author else ""
            self._flows[-1].behind(Block(f"Comment{by}: {said}"))
        self._author = ""

    def _end_field(self, state: State) -> None:
        field = self._fields.pop() if self._fields else Field()
        chosen = field.result if field.result != 25 else field.default
        if field.kind == 1:
            self._say(TICKED if chosen == 1 else UNTICKED)
        elif field.kind == 2 and 0 <= chosen < len(field.entries):
            self._say(field.entries[chosen])

    # Characters.

    def _raw(self, data: bytes) -> None:
        """Bytes in the code page of the font, but those that stand for a character of Unicode."""
        skipped = min(self._to_skip, len(data))
        self._to_skip -= skipped
        self._bytes += data[skipped:]

    def _flush(self) -> None:
        if self._bytes:
            text = self._fonts.text(self._states[-1].font, bytes(self._bytes))
            self._bytes.clear()
            self._say(text)

    def _sign(self, sign: str) -> None:
        if sign in "\\{}":
            self._raw(sign.encode())
            return
        self._flush()
        if self._to_skip and sign != "*":
            self._to_skip -= 1
        elif sign == "*":
            self._states[-1].ignorable = True
        elif sign in "~_":
            self._say(" " if sign == "~" else "-")
        elif sign in "\r\n":
            self._word("par", None)

    def _say(self, text: str) -> None:
        state = self._states[-1]
        if state.group == "skipped" or state.muted or state.deleted:
            return
        if self._captured:
            self._captured[-1].append(text)
            if ";" in text:
                self._end_entry()
        elif self._formula:
            self._formula.say(text)
        elif not state.hidden or not self._builder.hide(MARKED, text):
            self._flows[-1].line.add(text, state.raised)

    def _end_entry(self) -> None:
        """The end of an entry in the table of fonts, or of styles."""
        groups = [state.group for state in self._states]
        said = one_line("".join(self._captured[-1])).rstrip(";").strip()
        if "fonttbl" in groups:
            self._fonts.set_name(self._entry, said)
        elif "stylesheet" in groups:
            heading = HEADING.fullmatch(said)
            if heading is not None:
                self._levels.setdefault(self._entry, int(heading[1] or 1))
            self._entry = 0
        else:
            return
        self._captured[-1].clear()

    # Control words.

    def _word(self, word: str, number: int | None) -> None:
        self._flush()
        state = self._states[-1]
        if word == "u":
            self._unicode(number or 0)
        elif word in GROUPS:
            self._begin(word)
        elif state.group == "skipped":
            return
        elif word in CHARACTERS:
            self._say(CHARACTERS[word])
        elif word in STATE_WORDS:
            STATE_WORDS[word](state, number)
        elif word in _WORDS:
            _WORDS[word](self, state, number)
        elif word in MATHS and (self._formula or word == "moMath"):
            self._begin_math(word)
        elif self._formula and word.endswith("Pr"):
            state.group = "skipped" if word not in MATH_SIGNS else state.group
        elif state.ignorable:
            state.group = "skipped"

    def _unicode(self, number: int) -> None:
        state = self._states[-1]
        # What stood to be skipped is a character of Unicode itself, which no writer does.
        self._to_skip = state.skip
        if said := self._fonts.character(state.font, number):
            self._say(said)

    def _paragraph(self, state: State, number: int | None) -> None:
        if not self._captured:
            in_table = state.in_table or state.nested > 1
            self._flows[-1].end_paragraph(state.level, state.depth, in_table)

    def _cell(self, state: State, number: int | None) -> None:
        self._flows[-1].end_cell(1)

    def _nested_cell(self, state: State, number: int | None) -> None:
        self._flows[-1].end_cell(state.nested)

    def _row(self, state: State, number: int | None) -> None:
        self._flows[-1].table(1).end_row()

    def _nested_row(self, state: State, number: int | None) -> None:
        self._flows[-1].table(state.nested).end_row()

    def _row_shape(self, state: State, number: int | None) -> None:
        self._rows(state).shapes = []
        self._shape = CellShape()

    def _repeated_row(self, state: State, number: int | None) -> None:
        rows = self._rows(state)
        rows.heads = max(rows.heads, len(rows.done) + 1)

    def _rows(self, state: State) -> Rows:
        nested = any(one.group == "nesttableprops" for one in self._states[-3:])
        return self._flows[-1].table(state.nested if nested else 1)

    def _goes_right(self, state: State, number: int | None) -> None:
        self._shape = replace(self._shape, right=True)

    def _goes_down(self, state: State, number: int | None) -> None:
        self._shape = replace(self._shape, down=True)

    def _cell_end(self, state: State, number: int | None) -> None:
        self._rows(state).shapes.append(self._shape)
        self._shape = CellShape()

    def _font(self, state: State, number: int | None) -> None:
        state.font = self._entry = number or 0

    def _charset(self, state: State, number: int | None) -> None:
        self._fonts.set_charset(self._entry, number or 0)

    def _font_page(self, state: State, number: int | None) -> None:
        self._fonts.set_page(self._entry, number)

    def _page_of_codes(self, state: State, number: int | None) -> None:
        self._fonts.set_document(f"cp{number}" if number else "")

    def _old_codes(self, state: State, number: int | None) -> None:
        self._fonts.set_document("mac_roman")

    def _style(self, state: State, number: int | None) -> None:
        if self._captured:
            self._entry = number or 0
        else:
            state.level = self._levels.get(number or 0, state.level)

    def _outline(self, state: State, number: int | None) -> None:
        level = (number or 0) + 1 if (number or 0) < 6 else 0
        if not self._captured:
            state.level = level
        elif level:
            self._levels.setdefault(self._entry, level)

    def _note_mark(self, state: State, number: int | None) -> None:
        """The number of a note, in the text; in the note itself it is written before it."""
        if self._captured or len(self._flows) > 1:
            return
        note = NOTE.search(self._source, self._at, self._at + 200)
        kind = "endnote" if note is not None and note[1] else "footnote"
        self._notes[kind] += 1
        self._flows[-1].line.mark(str(self._notes[kind]))

    def _end_of_document(self, state: State, number: int | None) -> None:
        self._flows[-1].kind = "endnote"

    def _page_number(self, state: State, number: int | None) -> None:
        self._flows[-1].numbers_pages = True

    def _form(self, name: str, number: int | None) -> None:
        if self._fields:
            setattr(self._fields[-1], name, number or 0)

    def _begin_math(self, word: str) -> None:
        state = self._states[-1]
        if state.group in ("", "moMath", "mmath") and self._formula.begin(word):
            state.group = "math"


_Handler = Callable[[Reader, State, "int | None"], None]
_ENDINGS: Mapping[str, Callable[[Reader, State], None]] = MappingProxyType(
    {
        **dict.fromkeys(RUNNING, Reader._end_running),
        **dict.fromkeys(BOXES, Reader._end_box),
        "footnote": Reader._end_note,
        "annotation": Reader._end_annotation,
        "field": Reader._end_field,
    }
)
_WORDS: Mapping[str, _Handler] = MappingProxyType(
    {
        "par": Reader._paragraph, "sect": Reader._paragraph, "cell": Reader._cell,
        "nestcell": Reader._nested_cell, "row": Reader._row, "nestrow": Reader._nested_row,
        "trowd": Reader._row_shape, "trhdr": Reader._repeated_row, "clmrg": Reader._goes_right,
        "clvmrg": Reader._goes_down, "cellx": Reader._cell_end, "f": Reader._font,
        "fcharset": Reader._charset, "cpg": Reader._font_page, "ansicpg": Reader._page_of_codes,
        "mac": Reader._old_codes, "s": Reader._style, "outlinelevel": Reader._outline,
        "chftn": Reader._note_mark, "ftnalt": Reader._end_of_document,
        "chpgn": Reader._page_number,
        "fftype": lambda reader, _, number: reader._form("kind", number),
        "ffres": lambda reader, _, number: reader._form("result", number),
        "ffdefres": lambda reader, _, number: reader._form("default", number),
    }
)  # fmt: skip
