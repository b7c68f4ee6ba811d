"""Documents that are about what a document is about: item recommendation by vectors.

Some of its passages are searched with, as passages; how near another document comes is how far
above passages at random its nearest ones are, so that collections of different embedders can be
ranked together. The document's own revisions, and copies of it, are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.records import Document, Passage
from indexer.store.errors import UnknownDocumentError

if TYPE_CHECKING:
    from indexer.search.searcher import Nearness, Scope, Searcher
    from indexer.store.store import Store

# Passages that stand for the document, spread over it, and what each brings.
_PASSAGES, _DEPTH = 16, 200
# A document all of whose passages are found at such cosines is a copy in another form.
_SAME = 0.985


@dataclass(frozen=True, slots=True)
class SimilarDocument:
    """A document near another, and its passage that is nearest.

    `score` is in standard deviations above passages at random, the mean over what was searched
    with: comparable within one list only.
    """

    document: Document
    score: float
    passage: Passage


def similar(
    searcher: Searcher, store: Store, document: Document, scope: Scope, k: int = 10
) -> list[SimilarDocument]:
    """At most k documents of the scope, the nearest first; none for a document without text."""
    own = _spread(store.passages_of(document.id), _PASSAGES)
    if not own:
        return []
    near = searcher.near(document.title, own, scope, _DEPTH)
    there = store.passages({passage for found in near for passage in found})
    ranked = ranking(near, {number: passage.document for number, passage in there.items()})
    found: list[SimilarDocument] = []
    revisions = {one.id for one in store.revisions(document.id)}
    for name, (score, passage, is_copy) in ranked.items():
        if len(found) == k:
            break
        if name in revisions or is_copy:
            continue
        with suppress(UnknownDocumentError):  # deleted a moment ago
            other = store.document(name)
            if other.content_hash != document.content_hash:
                found.append(SimilarDocument(other, score, there[passage]))
    return found


def ranking(
    near: Sequence[Mapping[int, Nearness]], documents: Mapping[int, str]
) -> dict[str, tuple[float, int, bool]]:
    """Documents, best first: score, nearest passage, whether it is a copy. Pure.

    `near` has, for each passage searched with, what it found; `documents` whose that is. What a
    document has nothing for counts as passages at random do, zero.
    """
    best: dict[str, list[tuple[Nearness, int]]] = defaultdict(list)
    for found in near:
        nearest: dict[str, tuple[Nearness, int]] = {}
        for passage, nearness in found.items():
            name = documents.get(passage)
            if name is not None and (
                name not in nearest or nearness.deviations > nearest[name][0].deviations
            ):
                nearest[name] = nearness, passage
        for name, one in nearest.items():
            best[name].append(one)
    scored = {
        name: (
            sum(one.deviations for one, _ in found) / len(near),
            max(found, key=lambda pair: pair[0].deviations)[1],
            len(found) == len(near) and min(one.cosine for one, _ in found) >= _SAME,
        )
        for name, found in best.items()
    }
    return dict(sorted(scored.items(), key=lambda item: (-item[1][0], item[0])))


def _spread(passages: Sequence[Passage], count: int) -> list[Passage]:
    if len(passages) <= count:
        return list(passages)
    return [passages[place * len(passages) // count] for place in range(count)]
