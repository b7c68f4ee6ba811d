"""What other homes say, read value by value: nothing that they send is taken as it is.

Whoever reads is told of what is no such thing by one of `MALFORMED`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from indexer.records import Document, HiddenText, Passage, Span

if TYPE_CHECKING:
    from indexer.search.part import Said

# What a home that is none, or another version, leads to when its words are read.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)
# Passage ids of other homes begin here, a stretch for each: a home's own are below, and all of
# them are whole numbers in JSON.
_STRETCH = 1 << 40


def survey_of(said: Any) -> Said:
    """A survey of another home, each value of its kind. Raises one of `MALFORMED`."""
    spaces = {str(name): [float(one) for one in row] for name, row in said["spaces"].items()}
    if any(len(row) != 3 or not all(map(math.isfinite, row)) for row in spaces.values()):
        raise ValueError("no sums")
    weights = {
        str(name): (float(dense), int(passages), str(fingerprint))
        for name, (dense, passages, fingerprint) in said["weights"].items()
    }
    if not all(fingerprint in spaces for _, _, fingerprint in weights.values()):
        raise ValueError("a weight in an unknown space")
    words = [[str(term) for term in terms] for terms in said["words"]]
    counts, holding = ([int(one) for one in said[name]] for name in ("counts", "holding"))
    if not len(words) == len(counts) == len(holding):
        raise ValueError("words without counts")
    return {
        "words": words,
        "counts": counts,
        "holding": holding,
        "passages": int(said["passages"]),
        "terms": int(said["terms"]),
        "spaces": spaces,
        "weights": weights,
        "problem": str(said["problem"]),
    }


def rows_of(said: Any) -> dict[str, list[list[Any]]]:
    """Candidates of another home, each value of its kind. Raises one of `MALFORMED`."""
    return {
        str(name): [
            [int(one), float(bm25), None if cosine is None else float(cosine), bool(a), bool(b)]
            for one, bm25, cosine, a, b in rows
        ]
        for name, rows in said.items()
    }


def bodies_of(said: Any) -> Said:
    """Passages of another home: that they can be read, else raises one of `MALFORMED`."""
    for fields in said["passages"]:
        passage_of(fields, 1)
        document_of(said["documents"][fields["document"]])
        str(said["names"][fields["document"]])
    return said


SHAPES: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "languages": lambda said: [str(code) for code in said],
        "survey": survey_of,
        "candidates": rows_of,
        "hits": bodies_of,
    }
)


def passage_of(fields: Mapping[str, Any], place: int) -> Passage:
    """A passage of the home at this place among those that are asked."""
    spans = tuple(_span(one) for one in fields["spans"])
    number = int(fields["id"]) + place * _STRETCH
    headings = tuple(map(str, fields["headings"]))
    return Passage(
        str(fields["text"]),
        headings,
        spans,
        int(fields["ordinal"]),
        number,
        str(fields["document"]),
    )


def _span(fields: Any) -> Span:
    if isinstance(fields, Mapping):
        return Span(int(fields["page"]), int(fields["start"]), int(fields["end"]))
    return Span(*map(int, fields))


def document_of(fields: Mapping[str, Any]) -> Document:
    """A document."""
    hidden = fields.get("hidden")
    kept = None if hidden is None else tuple(_hidden(one) for one in hidden)
    return Document(**{**fields, "hidden": kept})


def _hidden(fields: Any) -> HiddenText:
    return HiddenText(**fields) if isinstance(fields, Mapping) else HiddenText(*fields)
