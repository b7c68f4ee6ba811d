"""What can be quoted: the sentences and table rows of the passages found. Pure.

A heading is no answer, but it says what the sentences below it are about; a table row is
quoted as it stands and shown with its header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from indexer.chunking import locate
from indexer.records import Block, Hit, Page
from indexer.sentences import sentences
from rag.evidence.instructions import instructs
from rag.evidence.lists import announces
from rag.languages import MONTHS, language_of

# Pages by document and number, as the hits' passages refer to them.
Pages = Mapping[tuple[str, int], Page]

# How parsers write the border between two cells of a row. Of a row that begins or ends with an
# empty cell the border's outer blank may be gone.
_CELL = re.compile(r"(?:^| )\|(?: |$)")
# Names that a spreadsheet gives to a sheet by itself, and that say nothing.
_UNNAMED_SHEET = re.compile(
    r"(?:sheet|tabelle|feuil(?:le)?|hoja|foglio|planilha|blad|ark|arkusz|лист|シート)[ _]?\d*",
    re.IGNORECASE,
)
# A dash is no marker where it opens an option: "-q", "--quiet".
_MARKER = re.compile(
    r"^(?:-(?![\da-z-])\s*|[*•‣·▪○●–](?!\d)\s*|(?:\(?\d{1,2}[.)]|\(?[a-z][.)])\s+)"
)
# What can be quoted says a word, or a figure of some length.
_WORD = re.compile(r"[^\W\d_]{2}|\d{2}|[\u3000-\u9fff\uac00-\ud7af]")
# An amount, which a heading may hold as well as any line: a receipt's total, a share.
_AMOUNT = re.compile(r"[$€£¥₹]\s?\d|\d\s?[$€£¥₹%]")
# Dots that lead to a page number: a line of a table of contents says nothing itself, nor does the
# number of a page of the front matter, of a section, or a link to the next page.
_LEADERS = re.compile(r"(?:\.[ \u00a0]?){6}|…{3}|(?:…\s?){3}")
_FOLIO = re.compile(
    r"\W*(?:[ivxlc]+|\d+(?:\.\d+)+\.?|next|prev(?:ious)?|up|home|back|top|contents|weiter|zurück"
    r"|nach oben|zum anfang|siguiente|anterior|suivante?|précédente?)\W*",
    re.IGNORECASE,
)
# … as does a run of headings with their numbers.
_NUMBERED = re.compile(r"\W{0,3}(?:\d+|[A-Z])\.\d+(?:\.\d+)*\.?\s+\S.*[^.!?;:\s]\s*")
# A list belongs to the line that announces it, up to this many characters.
_LIST_CHARACTERS = 500
_HEADING_WORDS = 9
# A word of a dictionary, with how it is spoken or what part of speech it is: ":grok: /grok/, vt.".
_ENTRY = re.compile(
    r":?(?P<word>[^:/|()\n]{1,40}?):?,?\s+(?:/[^/\n]{2,40}/,?\s*)*"
    r"\(?(?:n|noun|v|vb|verb|v[it]|adj|adjective|adv|adverb|interj|excl|abbrev)\.?\)?"
    r"(?:[,;] ?(?:n|v|vb|v[it]|adj|adv|interj|obs|imp)\.)*",
)
_KEY = re.compile(r"[A-Za-z?!<>^%&*+=@#$/\\]")
_YES_ALONE = re.compile(r"\W*(?:yes|no|ja|nein|sí|oui|non)\s*[.!]\s*", re.IGNORECASE)
_LABEL_WORDS = 5
_NAME, _FEWEST_NAMES = 80, 2


@dataclass(frozen=True, slots=True)
class Quotable:
    """A sentence, list item or table row of the passage of `hits[hit]`.

    It is the characters `start` to `end`. `text` is how it reads, with line breaks and cell
    borders made readable. `topic` is the heading above it inside the passage, if any. `order`
    counts within the passage. `item` says that it is one of a list or table, `mark` is the
    number or bullet that it stands behind and `lead` the line that announces the list. `entry`
    says that the topic is no heading but a term, a key, a name that is explained.
    """

    hit: int
    order: int
    start: int
    end: int
    text: str
    topic: str = ""
    item: bool = False
    lead: str = ""
    mark: str = ""
    entry: bool = False


def quotables(hits: Sequence[Hit], pages: Pages, *, yes_no: bool = True) -> list[Quotable]:
    """All that can be quoted from the passages: in the hits' order, then in reading order.

    A lone "Yes." is quoted with the sentence behind it, and where neither yes nor no was asked
    (`yes_no`) it is left out.
    """
    return [
        replace(piece, order=order)
        for place, hit in enumerate(hits)
        for order, piece in enumerate(_of_passage(place, hit, pages, yes_no))
    ]


def is_contents(text: str) -> bool:
    """Whether most of a text is a table of contents."""
    lines = text.split("\n")
    listed = (line for line in lines if _LEADERS.search(line) or _NUMBERED.fullmatch(line))
    return 2 * sum(map(len, listed)) > len(text)


def with_lists(found: Sequence[Quotable]) -> list[Quotable]:
    """The same with each short list in one piece, behind the line that announces it.

    A claim may draw on several items of a list.
    """
    joined: list[Quotable] = []
    for piece in found:
        before = joined[-1] if joined else None
        if before is not None and _belongs(before, piece):
            text = f"{before.text}\n{piece.text}"
            joined[-1] = replace(before, end=piece.end, text=text)
            continue
        first = before is None or before.hit != piece.hit
        order = 0 if first or before is None else before.order + 1
        joined.append(replace(piece, order=order))
    return joined


def _belongs(before: Quotable, piece: Quotable) -> bool:
    """Whether a list item goes on with the list, or the announcement of one, before it."""
    if before.hit != piece.hit or not piece.item or not piece.lead:
        return False
    return before.text.split("\n")[0] == piece.lead and piece.end - before.start <= _LIST_CHARACTERS


def _of_passage(place: int, hit: Hit, pages: Pages, yes_no: bool) -> Iterator[Quotable]:
    text = hit.passage.text
    topic = lead = label = ""
    entry = False
    pieces = list(_yes_joined(text, language_of(text).code, yes_no))
    blocks = [_block_at(hit, start, pages)[0] for start, _ in pieces]
    names = _explained_names(text, pieces, blocks)
    for start, end in pieces:
        # The marker of a list, an end of some code, what a table of contents lists.
        nothing = _LEADERS.search(text, start, end) or _FOLIO.fullmatch(text, start, end)
        block, page = _block_at(hit, start, pages)
        if word := _entry(text[start:end], block):
            topic, lead, label, entry = word, "", "", True
            continue
        if nothing or not _WORD.search(text, start, end):
            continue
        if _is_heading(text[start:end], block):
            topic, lead, label = " ".join(text[start:end].split()), "", ""
            entry = block is not None and block.kind == "text"  # by its look: a term, maybe
            if _AMOUNT.search(topic):  # "TOTAL $821.14", set large
                yield Quotable(place, 0, start, end, topic)
            continue
        if block is not None and _is_header(hit, start, block):
            continue
        said = _readable(text[start:end], block, page, hit.passage.headings)
        item = _is_item(text[start:end], block)
        if start in names:
            topic, entry = said, True
        labels = not item and _is_label(said, block)
        if label and not labels:  # a run of such lines is a list, and none names the next
            topic, entry = label, True
        label = said if labels else ""
        if not item:
            goes_on = announces(said) and lead and said[:1].islower()
            lead = f"{lead} {said}" if goes_on else said if announces(said) else ""
        mark = _MARKER.match(text[start:end])
        yield Quotable(
            place, 0, start, end, said, topic, item, lead if item else "",
            mark.group().strip() if mark else "", entry,
        )  # fmt: skip


def _explained_names(
    text: str, pieces: Sequence[tuple[int, int]], blocks: Sequence[Block | None]
) -> frozenset[int]:
    """Where the items of a list begin that are names, each explained by the text below it.

    None where fewer than two are, or where most of the items stand by themselves.
    """
    listed = [n for n, block in enumerate(blocks) if block is not None and block.kind == "list"]
    explained = [
        n for n in listed
        if n + 1 < len(blocks) and (below := blocks[n + 1]) is not None and below.kind == "text"
        and pieces[n][1] - pieces[n][0] <= _NAME and text[pieces[n][1] - 1].isalnum()
    ]  # fmt: skip
    if len(explained) < _FEWEST_NAMES or 2 * len(explained) <= len(listed):
        return frozenset()
    return frozenset(pieces[n][0] for n in explained)


def _yes_joined(text: str, language: str, yes_no: bool) -> Iterator[tuple[int, int]]:
    """Sentences, a lone "Yes." together with the next, which says to what, or left out."""
    alone: tuple[int, int] | None = None
    for start, end in sentences(text, language):
        if _YES_ALONE.fullmatch(text, start, end):
            alone = start, end
            continue
        yield (alone[0] if alone and yes_no else start), end
        alone = None
    if alone and yes_no:
        yield alone


def cells_of(row: str) -> list[str]:
    """The cells of a table row as parsers write it."""
    return [" ".join(cell.split()) for cell in _CELL.split(row)]


def row_text(row: str, header: str) -> str:
    """A table row as `column: cell` pairs; without column names, its cells."""
    cells = cells_of(row)
    if not header.strip():
        return ", ".join(cell for cell in cells if cell)
    pairs = zip_longest(cells_of(header.splitlines()[-1]), cells, fillvalue="")
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)


def item_text(item: str) -> str:
    """A list item on one line, without its bullet or number."""
    return " ".join(_MARKER.sub("", item.strip(), count=1).split())


def _is_item(text: str, block: Block | None) -> bool:
    if block is not None and block.kind in ("list", "table"):
        return True
    return _MARKER.match(text) is not None


def _block_at(hit: Hit, start: int, pages: Pages) -> tuple[Block | None, Page | None]:
    """The block of the page that a character of the passage stands in."""
    spans = locate(hit.passage, start, start + 1)
    if not spans:
        return None, None
    page = pages.get((hit.document.id, spans[0].page))
    if page is None:
        return None, None
    for block in page.blocks:
        if block.start <= spans[0].start < block.end:
            return block, page
    return None, page


def _is_heading(line: str, block: Block | None) -> bool:
    """Whether a line is a heading, by its block or, where the file has not marked it, by its look.

    PDF knows no headings: there a few capitalised words without figure, colon or end mark are one.
    """
    # A question in a list of them, answered by what follows.
    if line.rstrip().endswith("?") and (block is None or block.kind in ("list", "text")):
        return block is not None and block.end - block.start <= len(line) + 2
    if block is not None and block.kind in ("heading", "table", "code", "list"):
        return block.kind == "heading"
    words = [word for word in line.split() if len(word) > 3]
    return (
        0 < len(words) <= _HEADING_WORDS
        and re.search(r"[\d:|.!?;。！？؟।]", line) is None
        and sum(word[0].isupper() for word in words) >= 0.7 * len(words)
    )


def _entry(line: str, block: Block | None) -> str:
    """The word of a dictionary or the key that a line by itself names, '' for any other line."""
    if not _stands_alone(line, block):
        return ""
    if found := _ENTRY.fullmatch(line.strip()):
        return " ".join(found["word"].split())
    return line.strip() if block is not None and _KEY.fullmatch(line.strip()) else ""


def _stands_alone(line: str, block: Block | None) -> bool:
    """Whether a line is all of its block."""
    return block is None or block.end - block.start <= len(line) + 2


def _is_label(line: str, block: Block | None) -> bool:
    """Whether a line by itself names what follows it: a term that is explained, a thing sold."""
    letters = sum(map(str.isalpha, line))
    return (
        block is not None
        and _stands_alone(line, block)
        and line[-1:].isalnum()
        and ":" not in line  # "Cashier: Emily" names nothing below it
        and len(line.split()) <= _LABEL_WORDS
        and not instructs(line)
        and letters >= 0.6 * len(line.replace(" ", ""))
    )


def _is_header(hit: Hit, start: int, block: Block) -> bool:
    """Whether a character stands in a table's header, which is shown with each row."""
    spans = locate(hit.passage, start, start + 1)
    return block.kind == "table" and bool(spans) and spans[0].start < block.start + block.header


def _unmarked(text: str, block: Block | None) -> str:
    """A sentence without the bullet or number before it.

    "24. Dezember" is a date, in a list too, and outside of one "a. m." and "3. The" may be
    anything.
    """
    found = _MARKER.match(text)
    if found is None:
        return text
    following = re.match(r"\w+", text[found.end() :])
    if found.group().strip().endswith("."):
        dated = following is not None and following.group().casefold() in MONTHS
        if dated or block is None or block.kind != "list":
            return text
    return text[found.end() :]


def _readable(text: str, block: Block | None, page: Page | None, headings: Sequence[str]) -> str:
    """A sentence on one line; a table row as `column: cell` pairs.

    Without column names a row of a sheet is shown with the name of the sheet.
    """
    if block is None or page is None or block.kind != "table":
        return " ".join(_unmarked(text, block).split())
    header = page.text[block.start : block.start + block.header]
    row = row_text(text, header)
    cells = cells_of(text)
    named = page.label.startswith("sheet ") and headings and len(cells) > 1 and not header.strip()
    sheet = headings[-1] if named else ""
    return f"{sheet}: {row}" if sheet and not _UNNAMED_SHEET.fullmatch(sheet) else row
