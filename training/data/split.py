"""The split of a collection by documents: train, development, proof.

A document belongs to one of three parts, whole: trained on, looked at while training
(development), or asked about in the proof. Proof and training never share a document.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from embedder.errors import FootnoteError
from indexer.chunking import embedding_text

if TYPE_CHECKING:
    from indexer.records import Document, Passage
    from indexer.store.store import Store

Part = Literal["train", "development", "proof"]

# Shares of the passages that the proof and the development part get, at the least.
_PROOF, _DEVELOPMENT = 0.2, 0.1
# With fewer documents there are no whole ones to keep out: stretches of them are, instead.
_FEWEST_DOCUMENTS = 5
_STRETCH = 20
# More passages teach nothing new in the steps that there are.
_PASSAGES = 20_000


class TooLittleToLearnError(FootnoteError):
    """A collection that is too small to train and to prove on."""


class SplitChangedError(FootnoteError):
    """A run's examples come of what would now be kept out of training."""


@dataclass(frozen=True, slots=True)
class SplitPassage:
    """A passage of the collection with what it is found under. `unit` is what is split by."""

    passage: Passage
    title: str
    language: str
    unit: str

    @property
    def text(self) -> str:
        """The passage as it is embedded."""
        return embedding_text(self.title, self.passage)


@dataclass(frozen=True, slots=True)
class Split:
    """A collection's passages and the part that each unit belongs to.

    Units are `whole_documents`, or stretches of them where there are too few.
    """

    sources: tuple[SplitPassage, ...]
    parts: dict[str, Part]
    whole_documents: bool

    def part_of(self, passage: Passage) -> Part | None:
        """The part that a passage of the collection belongs to; None where its unit has none."""
        return self.parts.get(_unit(passage, whole=self.whole_documents))

    def part(self, part: Part) -> list[SplitPassage]:
        """The passages of one part, in reading order."""
        return [source for source in self.sources if self.parts[source.unit] == part]


def split_collection(store: Store, collection: int, seed: int = 0) -> Split:
    """Read a collection's passages and split them.

    Raises `TooLittleToLearnError` where it has too few passages for three parts.
    """
    passages = store.passages_by_content(collection, _PASSAGES)
    languages = store.document_languages({passage.document for passage in passages})
    documents = {name: store.document(name) for name in languages}
    passages = [passage for passage in passages if passage.document in documents]
    # Where one document is most of the collection, no whole ones can be kept out either.
    for whole in (True, False) if len(documents) >= _FEWEST_DOCUMENTS else (False,):
        units = [_unit(passage, whole=whole) for passage in passages]
        contents = {
            unit: _content(passage, documents[passage.document], whole=whole)
            for unit, passage in zip(units, passages, strict=True)
        }
        parts = split(units, seed, contents)
        if len(set(parts.values())) == 3:
            break
    else:
        raise TooLittleToLearnError(
            f"this collection has {len(passages)} passages, too few to train on some and to prove "
            "on others; add documents first"
        )
    sources = tuple(
        SplitPassage(passage, documents[passage.document].title, languages[passage.document], unit)
        for passage, unit in zip(passages, units, strict=True)
    )
    return Split(sources, parts, whole)


def split(units: Sequence[str], seed: int, contents: Mapping[str, str]) -> dict[str, Part]:
    """The part of each unit. `units` names each passage's, so that large ones count as such.

    They are drawn by their `contents`, not by their names: those hold a document's random id,
    and the same documents are to be split alike in every home.
    """
    sizes = Counter(units)
    order = sorted(
        sizes, key=lambda unit: hashlib.sha256(f"{seed} {contents[unit]}".encode()).digest()
    )
    parts: dict[str, Part] = {}
    taken = 0
    for unit in order:
        if taken < _PROOF * len(units):
            parts[unit] = "proof"
        elif taken < (_PROOF + _DEVELOPMENT) * len(units):
            parts[unit] = "development"
        else:
            parts[unit] = "train"
        taken += sizes[unit]
    return parts


def _unit(passage: Passage, *, whole: bool) -> str:
    return passage.document if whole else f"{passage.document} {passage.ordinal // _STRETCH}"


def _content(passage: Passage, document: Document, *, whole: bool) -> str:
    """What a unit is drawn by, the same in every home; the title tells copies apart."""
    name = f"{document.content_hash} {document.title}"
    return name if whole else f"{name} {passage.ordinal // _STRETCH}"
