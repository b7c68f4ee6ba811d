"""The records of the indexing stage: what a file becomes on its way to being found.

A file at one revision is a `Document`; it has `Page`s, each with the text that a reader
would see there and the `Block`s of its structure; pages are cut into `Passage`s, the unit
that is embedded, searched and cited; a search returns `Hit`s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

# Raised whenever a parser reads a file otherwise than before: documents that were read by a lower
# one are read again by the next `footnote index`.
PARSER_REVISION = 5

BlockKind = Literal["heading", "text", "list", "table", "code"]


@dataclass(frozen=True, slots=True)
class Block:
    """A structural piece of a page: `page.text[start:end]`.

    `level` is 1 to 6 for headings, else 0. `header` is the number of characters at the
    block's start that hold a table's header row, so that the header can travel with rows.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    header: int = 0


@dataclass(frozen=True, slots=True)
class HiddenText:
    """Text that a file holds on a page and a person does not see there.

    `how` says by what ("in the colour of its background"); `excerpt` is its beginning, "" where
    it cannot be told. `page` counts from one.
    """

    how: str
    characters: int
    excerpt: str
    page: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What the file calls a page: PDF page, slide, sheet, section.

    `number` counts from one. `label` is what a person calls it ("page 3", "sheet Sales").
    `problem` says why text is missing ("scanned image, no text layer"), or is empty.
    Blocks lie in order, do not overlap, and cover all that is not white space. `hidden` is what
    a person does not see there: left out of `text`, unless it was to be kept.
    """

    number: int
    text: str
    label: str = ""
    blocks: tuple[Block, ...] = ()
    problem: str = ""
    hidden: tuple[HiddenText, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """All that a parser gets out of a file. `problems` are warnings that did not stop it."""

    title: str
    pages: tuple[Page, ...]
    kind: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` (inclusive) to `end` (exclusive) of the text of page `page`."""

    page: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is embedded and cited.

    `text` is exactly its spans' page texts joined by a newline, so any part of it can be
    traced back to a page (`indexer.passages.locate`). `headings` is the path of headings
    above it, outermost first. `id` is zero until the store has given one.
    """

    text: str
    headings: tuple[str, ...]
    spans: tuple[Span, ...]
    ordinal: int
    id: int = 0
    document: str = ""

    @property
    def pages(self) -> tuple[int, int]:
        """First and last page number."""
        return min(s.page for s in self.spans), max(s.page for s in self.spans)


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents."""

    id: int
    name: str


DocumentState = Literal["ready", "partial", "failed"]


@dataclass(frozen=True, slots=True)
class Document:
    """One file at one revision.

    `state` is `ready`, `partial` (some pages have no text) or `failed` (`problem` says why).
    `current` is false once a newer revision has superseded it. `indexed_at` is seconds since
    the epoch, `size` is bytes. `hidden` is the text in it that a person does not see, None where
    nobody has looked for that; `hidden_kept` says whether it was indexed all the same. `unread`
    is why the file's newest version could not be read, where this is the one before it.
    `parser` is the `PARSER_REVISION` that it was read by, 0 before there was one.
    """

    id: str
    collection: int
    path: str
    title: str
    content_hash: str
    size: int
    kind: str
    revision: int
    current: bool
    state: DocumentState
    problem: str
    pages: int
    pages_without_text: int
    passages: int
    indexed_at: float
    hidden: tuple[HiddenText, ...] | None = ()
    hidden_kept: bool = False
    unread: str = ""
    parser: int = PARSER_REVISION

    @property
    def outdated(self) -> bool:
        """Whether its file would be read otherwise today."""
        return self.state != "failed" and self.parser != PARSER_REVISION


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found, with the ranks and scores that brought it up.

    Ranks count from one; `None` where that side did not return the passage. `score` is the
    one that the list is ordered by: cosine for dense, BM25 for keyword, the fused score for
    fused search.
    """

    rank: int
    score: float
    passage: Passage
    document: Document
    dense_rank: int | None = None
    dense_score: float | None = None
    keyword_rank: int | None = None
    keyword_score: float | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a deletion removed. `bytes` counts originals, texts and vectors.

    `quotes` were taken out of past answers.
    """

    documents: tuple[str, ...] = field(default=())
    pages: int = 0
    passages: int = 0
    vectors: int = 0
    files: int = 0
    bytes: int = 0
    quotes: int = 0
