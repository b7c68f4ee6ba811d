"""Documents as the tools give them: results of a search, and texts by id."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from indexer.store.errors import UnknownDocumentError

if TYPE_CHECKING:
    from footnote.access import Access
    from indexer.records import Document
    from indexer.search.searcher import SearchResult

URI = "footnote://documents/"
_LONGEST = 200_000  # characters of a document that are given at once; some 50,000 tokens
BY_WORDS = (
    "The embedder is still being loaded, so this was searched by words alone; search again in a"
    " moment to search by meaning too."
)


class Result(BaseModel):
    """A passage that was found; `id` fetches its page."""

    id: str
    title: str
    url: str
    text: str
    collection: str
    pages: tuple[int, int]


class Results(BaseModel):
    """What a search found, best first. `notice` says what could not be searched."""

    results: list[Result]
    notice: str = ""


class Fetched(BaseModel):
    """A document, or a page of it, as text. `metadata.next` is the id to go on with."""

    id: str
    title: str
    text: str
    url: str
    metadata: dict[str, Any]


def results(
    access: Access, found: SearchResult, address: Callable[[str], str], *, by_words: bool
) -> Results:
    """A search's hits in the shape that connectors look for."""
    names = {one.id: one.name for one in access.collections()}
    notices = filter(None, (BY_WORDS if by_words else "", found.notice))
    return Results(
        results=[
            Result(
                id=f"{hit.document.id}/{hit.passage.pages[0]}",
                title=_title(hit.document, hit.passage.pages[0]),
                url=address(hit.document.id),
                text=hit.passage.text,
                collection=names.get(hit.document.collection, ""),
                pages=hit.passage.pages,
            )
            for hit in found.hits
        ],
        notice=" ".join(notices),
    )


def fetched(access: Access, identifier: str, address: Callable[[str], str]) -> Fetched:
    """A document or a page by id. Raises `UnknownDocumentError`."""
    name, _, number = identifier.removeprefix(URI).replace("/pages/", "/").partition("/")
    document = access.document(name)
    metadata = {"path": document.path, "pages": document.pages, "document": document.id}
    if number:
        if not number.isdecimal():
            raise UnknownDocumentError(f"{identifier!r} is no id; take DOCUMENT or DOCUMENT/PAGE")
        page = access.page(document.id, int(number))
        text, title, last = page.text, _title(document, page.number), page.number
    else:
        text, last = _text(access, document)
        title = document.title
    if last < document.pages:
        metadata["next"] = f"{document.id}/{last + 1}"
    return Fetched(
        id=identifier, title=title, text=text, url=address(document.id), metadata=metadata
    )


def _text(access: Access, document: Document) -> tuple[str, int]:
    """As many pages as may be given at once, one at the least, and the last one's number."""
    texts: list[str] = []
    length = last = 0
    while last < document.pages and (page := access.pages(document.id, last + 1, 1)):
        length += len(page[0].text)
        if texts and length > _LONGEST:
            break
        texts.append(page[0].text)
        last = page[0].number
    return "\n\n".join(texts), last or document.pages


def _title(document: Document, page: int) -> str:
    return f"{document.title}, page {page}" if document.pages > 1 else document.title
