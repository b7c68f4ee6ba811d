"""Messages between a parser process and its parent: JSON in frames of a length and that many bytes.

    to the process    {"path": …, "name": …, "limits": {…}, "cut": {…} or null}
                      {"counts": […]}                       tokens of the texts it asked about
                      {"draw": …} or {"boxes": …}           see `child`
    from the process  {"ready": true}                       once, when it has started
                      {"picture": base64} or {"boxes": […]}
                      {"done": pages, "of": pages}          any number of times: it is alive
                      {"page": {…}}                         one a page
                      {"count": [text, …]}                  it waits for their tokens
                      {"passages": [[headings, spans], …]}  any number of times
                      {"parsed": {"title", "kind", "problems"}} or {"error": code, "message": …}

Nothing that is said is run.
"""

from __future__ import annotations

import json
import struct
from dataclasses import astuple
from typing import IO, Any

from indexer.records import Block, HiddenText, Page, Passage, Span

# A frame longer than this is not one of ours. The largest page is bounded by
# `parsers.layout.MAX_CHARACTERS`, four bytes each at most.
MAX_FRAME = 1 << 29
HEADER = struct.Struct(">I")


def send(pipe: IO[bytes] | None, message: dict[str, Any]) -> None:
    """Write one message."""
    assert pipe is not None
    body = json.dumps(message, ensure_ascii=False).encode("utf-8", errors="replace")
    pipe.write(HEADER.pack(len(body)) + body)
    pipe.flush()


def page_of(fields: dict[str, Any]) -> Page:
    """The page that `page_message` made a message of."""
    blocks = tuple(Block(*block) for block in fields["blocks"])
    hidden = tuple(HiddenText(*found) for found in fields["hidden"])
    return Page(
        fields["number"], fields["text"], fields["label"], blocks, fields["problem"], hidden
    )


def passage_of(
    headings: list[str], spans: list[list[int]], texts: dict[int, str], ordinal: int
) -> Passage:
    """A passage out of its message, its text out of the texts of the pages."""
    places = tuple(Span(*span) for span in spans)
    text = "\n".join(texts[one.page][one.start : one.end] for one in places)
    return Passage(text, tuple(headings), places, ordinal)


def page_message(page: Page) -> dict[str, Any]:
    """A page as a message."""
    blocks = [[b.kind, b.start, b.end, b.level, b.header] for b in page.blocks]
    return {
        "page": {
            "number": page.number,
            "text": page.text,
            "label": page.label,
            "blocks": blocks,
            "problem": page.problem,
            "hidden": [astuple(found) for found in page.hidden],
        }
    }
