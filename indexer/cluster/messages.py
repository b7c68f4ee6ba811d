"""What a driver and its workers say to each other: bytes, JSON or plain numbers, never objects.

    reading    {"name", "cut", "path", "size"} and the file's bytes, unless a path is given  →
               {"pages": [{…}], "passages": [[headings, spans], …], "parsed": {…}}
               or {"error": code, "message": …}
    embedding  [text, …]  →  float16, row after row

As between a parser process and its parent (`indexer.sandbox.frames`), nothing that is said is run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from indexer.parsers.errors import ParseError, by_code
from indexer.records import ParsedFile
from indexer.sandbox.frames import page_message, page_of, passage_of
from indexer.sandbox.worker import CutFile

if TYPE_CHECKING:
    import numpy as np


def packed(message: Any) -> bytes:
    """A message as bytes. Lone surrogates, which a document may hold, become question marks."""
    return json.dumps(message, ensure_ascii=False).encode("utf-8", errors="replace")


def unpacked(body: bytes) -> Any:
    """The message that `packed` made bytes of."""
    return json.loads(body)


def of_file(found: CutFile) -> bytes:
    """A parsed and cut file as a message."""
    parsed = found.parsed
    return packed(
        {
            "pages": [page_message(page)["page"] for page in parsed.pages],
            "passages": [
                [one.headings, [astuple(span) for span in one.spans]] for one in found.passages
            ],
            "parsed": {
                "title": parsed.title,
                "kind": parsed.kind,
                "problems": parsed.problems,
            },
        }
    )


def of_error(error: ParseError) -> bytes:
    """Why a file could not be read, as a message."""
    return packed({"error": error.code, "message": str(error)})


def file_of(body: bytes) -> CutFile:
    """The file that `of_file` made a message of. Raises the `ParseError` of an `of_error`."""
    message = unpacked(body)
    if "error" in message:
        raise by_code(message["error"])(message["message"])
    pages = [page_of(fields) for fields in message["pages"]]
    texts = {page.number: page.text for page in pages}
    passages = [
        passage_of(headings, spans, texts, place)
        for place, (headings, spans) in enumerate(message["passages"])
    ]
    said = message["parsed"]
    parsed = ParsedFile(said["title"], tuple(pages), said["kind"], tuple(said["problems"]))
    return CutFile(parsed, passages)


def of_vectors(vectors: np.ndarray) -> bytes:
    """Vectors [n, dimension] as the database keeps them."""
    return vectors.astype("<f2").tobytes()


def vectors_of(body: bytes, texts: Sequence[str], dimension: int) -> np.ndarray:
    """The vectors, float16 [n, dimension], of so many texts. Raises `ValueError` for others."""
    import numpy as np

    return np.frombuffer(body, "<f2").reshape(len(texts), dimension)
