"""Collections and documents: `/api/v1/collections`, `/documents`, their text and pictures."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Query, UploadFile
from starlette.responses import FileResponse, Response

from footnote.api import schemas
from footnote.api.caller import Caller
from footnote.api.errors import RequestError
from footnote.rendering.formatting import file_name
from footnote.rendering.highlight import highlighted
from indexer.records import Document, Receipt, Span

router = APIRouter(prefix="/api/v1", tags=["documents"])
_PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}}}
_ANY: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}
_PAGES = 1000  # that are sent at a time


@router.get("/collections")
def collections(access: Caller) -> schemas.Collections:
    """List the collections that you may read."""
    found = [
        schemas.CollectionOut(
            name=one.name,
            documents=access.documents([one.id], limit=1).total,
            may_add=access.may("upload", one.id),
        )
        for one in access.collections()
    ]
    return schemas.Collections(collections=found)


@router.post("/collections", status_code=201)
def make_collection(wanted: schemas.CollectionName, access: Caller) -> schemas.CollectionOut:
    """Make an empty collection; for admins."""
    made = access.arrangement.make_collection(wanted.name)
    return schemas.CollectionOut(name=made.name, documents=0, may_add=True)


@router.patch("/collections/{name:path}")
def rename_collection(
    name: str, wanted: schemas.CollectionName, access: Caller
) -> schemas.CollectionOut:
    """Give a collection another name; for admins."""
    (number,) = tuple(access.named([name]) or ())
    made = access.arrangement.rename_collection(number, wanted.name)
    total = access.documents([number], limit=1).total
    return schemas.CollectionOut(name=made.name, documents=total, may_add=True)


@router.delete("/collections/{name:path}")
def delete_collection(name: str, access: Caller) -> Receipt:
    """Delete a collection with all that is in it; for admins."""
    (number,) = tuple(access.named([name]) or ())
    return access.arrangement.delete_collection(number)


@router.get("/documents")
def documents(
    access: Caller,
    collection: Annotated[list[str], Query(description="Only these; none for all.")] = [],  # noqa: B006
    state: Literal["", "ready", "partial", "failed"] = "",
    text: Annotated[str, Query(description="In title or path.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1 << 60)] = 0,
) -> schemas.Documents:
    """List documents by title, a page at a time, with their health."""
    chosen = access.named(collection)
    found = access.documents(chosen, text=text, state=state, limit=limit, offset=offset)
    return schemas.Documents(documents=list(found.rows), total=found.total)


@router.post("/documents", status_code=202)
def upload(
    access: Caller,
    files: Annotated[list[UploadFile], File(description="One or more files.")],
    collection: Annotated[str, Form(max_length=200)] = "documents",
    replace: Annotated[
        bool, Form(description="Replace what is there under the same names; for admins.")
    ] = False,
) -> schemas.Handed:
    """Have files read into a collection. Answers at once with the job that does it."""
    if not collection.strip():
        raise RequestError("the collection has no name; give it one", param="collection")
    names = [file.filename or "upload" for file in files]
    given = [(name, file.file) for name, file in zip(names, files, strict=True)]
    job = access.add_files(given, collection, names if replace else ())
    return schemas.Handed(job=job, href=f"/api/v1/jobs/{job}")


@router.get("/documents/{document}")
def document(document: str, access: Caller) -> Document:
    """One document with its health."""
    return access.document(document)


@router.patch("/documents/{document}")
def move(document: str, wanted: schemas.DocumentPlace, access: Caller) -> Document:
    """Move a document, with its revisions, into another collection; for admins."""
    found = access.document(document)
    access.named([wanted.collection])
    access.arrangement.move([found.id], wanted.collection)
    return access.document(found.id)


@router.delete("/documents/{document}")
def delete(document: str, access: Caller) -> Receipt:
    """Delete a document with all its revisions; the receipt counts what went. For admins."""
    return access.arrangement.delete([access.document(document).id])


@router.get("/documents/{document}/text")
def text(
    document: str,
    access: Caller,
    first: Annotated[int, Query(ge=1, le=1 << 40, description="The page to begin with.")] = 1,
    count: Annotated[int, Query(ge=1, le=_PAGES, description="How many pages.")] = _PAGES,
) -> schemas.DocumentText:
    """The text of a document, page by page, as it was read."""
    found = access.document(document)
    pages = access.pages(found.id, first, count)
    last = pages[-1].number if pages else found.pages
    return schemas.DocumentText(
        document=found.id,
        title=found.title,
        path=found.path,
        pages_in_all=found.pages,
        pages=[
            schemas.PageText(number=one.number, label=one.label, text=one.text, problem=one.problem)
            for one in pages
        ],
        next=last + 1 if last < found.pages else None,
    )


@router.get("/documents/{document}/original", response_class=Response, responses=_ANY)
def original(document: str, access: Caller) -> FileResponse:
    """The file as it was handed in."""
    found = access.document(document)
    return FileResponse(
        access.original(found.id),
        media_type="application/octet-stream",  # saved, never opened inside our own origin
        filename=file_name(found.path),
    )


@router.get("/documents/{document}/pages/{number}.png", response_class=Response, responses=_PNG)
def picture(
    document: str,
    number: int,
    access: Caller,
    start: Annotated[int | None, Query(ge=0, description="Highlight from here …")] = None,
    end: Annotated[int | None, Query(ge=0, description="… to here, of the page's text.")] = None,
    dpi: Annotated[int, Query(ge=20, le=300)] = 110,
) -> Response:
    """A page of a PDF as a picture; with the span of a footnote, its quote highlighted."""
    found = access.document(document)
    if found.kind != "pdf":
        raise RequestError(
            f"{file_name(found.path)} has no pictures of pages, only a PDF has; its text is at"
            f" /api/v1/documents/{found.id}/text",
            404,
        )
    page = access.page(found.id, number)
    drawn = access.picture(found.id, number, dpi)
    boxes = access.boxes(found.id, page, _span(number, start, end)) if start is not None else ()
    return Response(highlighted(drawn, boxes), media_type="image/png")


def _span(number: int, start: int | None, end: int | None) -> Span:
    if start is None or end is None or end <= start:
        raise RequestError("a highlight needs `start`, and an `end` after it", param="end")
    return Span(number, start, end)
