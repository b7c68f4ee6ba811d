"""A document's text as it was read, as Markdown: what `footnote show` and the Library print."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict
from typing import Any

from indexer.records import Block, Document, HiddenText, Page
from indexer.store.errors import UnknownDocumentError
from indexer.store.queries import Catalogue

# As `indexer.parsers.layout` writes rows.
_CELL = " | "
# So many documents that a name might mean are listed.
_SHOWN = 5


def find_document(store: Catalogue, collections: Collection[int], name: str) -> Document:
    """The document of this id, path or title, or the only one whose path or title holds it.

    Raises `UnknownDocumentError` where there is none, or several.
    """
    try:
        document = store.document(name)
    except UnknownDocumentError:
        pass
    else:
        if document.collection in collections:
            return document
    found = store.documents(collections, text=name, limit=1000).rows
    exact = [one for one in found if name in (one.path, one.title)]
    meant = exact or found
    if len(meant) == 1:
        return meant[0]
    if not meant:
        raise UnknownDocumentError(
            f"there is no document {name!r}; `footnote documents` lists them"
        )
    ids = ", ".join(f"{one.id} ({one.path})" for one in meant[:_SHOWN])
    raise UnknownDocumentError(f"{name!r} may be {len(meant)} documents; name one by its id: {ids}")


def document_lines(document: Document, pages: Collection[Page]) -> Iterator[str]:
    """A document: title, what is wrong with it, and its pages."""
    yield f"# {document.title}"
    yield ""
    yield f"{document.path} ({document.state})"
    for told in (document.problem, document.unread):
        if told:
            yield f"Problem: {told}"
    if document.outdated:
        yield "Problem: was read by an earlier version, which read less; index it again"
    for page in pages:
        label = page.label or f"page {page.number}"
        yield ""
        yield f"<!-- {label} -->"
        yield ""
        yield page_text(document, page)


def page_text(document: Document, page: Page) -> str:
    """A page as Markdown: its blocks, what is hidden on it, why text is missing."""
    parts = [written for _, written in _blocks(page)]
    parts += [_hidden_line(document, found) for found in _hidden_on(document, page)]
    if page.problem:
        parts.append(f"Problem: {page.problem}")
    return "\n\n".join(parts)


def document_json(document: Document, pages: Collection[Page]) -> dict[str, Any]:
    """The object that `footnote show --json` prints."""
    return {
        "document": document.id,
        "title": document.title,
        "path": document.path,
        "kind": document.kind,
        "state": document.state,
        "problem": document.problem,
        "unread": document.unread,
        "outdated": document.outdated,
        "pages": [
            {
                "number": page.number,
                "label": page.label,
                "text": page.text,
                "problem": page.problem,
                "blocks": [asdict(block) | {"markdown": text} for block, text in _blocks(page)],
                "hidden": [asdict(found) for found in _hidden_on(document, page)],
            }
            for page in pages
        ],
    }


def _hidden_on(document: Document, page: Page) -> list[HiddenText]:
    return [found for found in document.hidden or () if found.page == page.number]


def _hidden_line(document: Document, found: HiddenText) -> str:
    done = "indexed all the same" if document.hidden_kept else "left out"
    excerpt = f": “{found.excerpt}”" if found.excerpt else ""
    return f"Hidden text, {found.how}, {found.characters} characters, {done}{excerpt}"


def _blocks(page: Page) -> Iterator[tuple[Block, str]]:
    """Blocks as Markdown, in order; what stands between them (running headers) as text."""
    place = 0
    for block in page.blocks:
        yield from _between(page, place, block.start)
        yield block, _markdown(block, page.text[block.start : block.end])
        place = block.end
    yield from _between(page, place, len(page.text))


def _between(page: Page, start: int, end: int) -> Iterator[tuple[Block, str]]:
    if text := page.text[start:end].strip():
        yield Block("text", start, end), text


def _markdown(block: Block, text: str) -> str:
    if block.kind == "heading":
        return f"{'#' * block.level} {text}"
    if block.kind == "code":
        return f"```\n{text}\n```"
    return _table(text, bool(block.header)) if block.kind == "table" else text


def _table(text: str, header: bool) -> str:
    rows = [line.split(_CELL) for line in text.split("\n")]
    width = max(map(len, rows))
    rows = rows if header else [[""] * width, *rows]
    lines = [_row(row + [""] * (width - len(row))) for row in rows]
    return "\n".join([lines[0], _row(["---"] * width), *lines[1:]])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
