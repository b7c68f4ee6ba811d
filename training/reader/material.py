"""What the reader learns from: collections of labelled passages and the questions put to them.

All of it was written by language models: `reader.jsonl` (passages with the sentences that answer
each query), and general questions that no collection answers. A home may hold one letter or a
thousand reports: the passages stand in eight large collections, and some of them once more in
small ones. `multilingual.jsonl` (two easily confused documents a group, with searches, in some 90
languages) makes small collections of one language each. The synthetic groups in English, which
are of the same kind, were tried and left out (docs/log/reader.md). A part is told by a number of
its own, a tenth of which is never trained on.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["answerable", "near miss", "far off"]

FAR_OFF = Path(__file__).with_name("data") / "far_off.txt"
# Each source's passages stand in one of so many collections.
_COLLECTIONS = 8
_HELD_OUT = 10
# Questions of other collections that are put to each large one, to each small one.
_STRANGERS = 30
_FEW_STRANGERS = 4
# Sizes of the small collections, in turn; so many rounds of them are made.
_SIZES = (1, 2, 3, 4, 6, 8, 12)
_ROUNDS = 14
# How the names of the collections of `reader.jsonl` begin; the others are named by language.
IN_ENGLISH = ("labelled", "small")
# Groups of a language that stand in one collection, in turn.
_GROUPS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Case:
    """A question put to a collection.

    `document` is the place of the one that answers, -1 where none does; `sentences` are the
    texts in it that do, empty where nobody has said. `part` tells what is held out.
    """

    text: str
    kind: Kind
    part: int
    document: int = -1
    sentences: tuple[str, ...] = ()

    @property
    def held_out(self) -> bool:
        """Whether it is for measuring alone."""
        return self.part % _HELD_OUT == 0


@dataclass(frozen=True, slots=True)
class Material:
    """A collection of documents (title, text) and the cases put to it."""

    name: str
    documents: list[tuple[str, str]] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim about a passage (its sentences), and what the passage says of it."""

    text: str
    label: Literal["supported", "contradicted", "unfounded"]
    sentences: tuple[str, ...]
    part: int

    @property
    def held_out(self) -> bool:
        """Whether it is for measuring alone."""
        return self.part % _HELD_OUT == 0


def claims(labelled: Iterable[dict[str, Any]]) -> Iterator[Claim]:
    """The claims of `reader.jsonl`."""
    for row in labelled:
        for label in ("supported", "contradicted", "unfounded"):
            yield Claim(row[label], label, tuple(row["sentences"]), row["id"])


def materials(
    labelled: Sequence[dict[str, Any]],
    multilingual: Sequence[dict[str, Any]] = (),
    seed: int = 0,
) -> list[Material]:
    """All collections, each with its own questions, near misses, and strangers' questions."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    made = _labelled(labelled)
    _add_strangers(made, draw)
    small = list(_small(labelled, draw))
    _add_few_strangers(small, draw)
    return [*made, *small, *_in_languages(multilingual, draw)]


def _add_strangers(made: Sequence[Material], draw: random.Random) -> None:
    general = FAR_OFF.read_text(encoding="utf-8").splitlines()
    for material in made:
        others = [
            case for other in made if other is not material
            for case in other.cases if case.kind == "answerable"
        ]  # fmt: skip
        strangers = [
            Case(case.text, "far off", case.part)
            for case in draw.sample(others, min(_STRANGERS, len(others)))
        ]
        chosen = draw.sample(list(enumerate(general)), _STRANGERS)
        strangers += [Case(text, "far off", part) for part, text in chosen]
        material.cases.extend(strangers)


def _add_few_strangers(made: Sequence[Material], draw: random.Random) -> None:
    for material in made:
        others = [
            case for other in made if other is not material
            for case in other.cases if case.kind == "answerable"
        ]  # fmt: skip
        material.cases.extend(
            Case(case.text, "far off", case.part)
            for case in draw.sample(others, min(_FEW_STRANGERS, len(others)))
        )


def _small(labelled: Sequence[dict[str, Any]], draw: random.Random) -> Iterator[Material]:
    """Collections of a few passages, each with every question that its passages were asked."""
    rows = draw.sample(list(labelled), min(sum(_SIZES) * _ROUNDS, len(labelled)))
    for number, size in enumerate(_SIZES * _ROUNDS):
        mine, rows = rows[:size], rows[size:]
        material = Material(f"small {number}")
        for row in mine:
            _add_row(material, row, row["queries"])
        if mine:
            yield material


def _in_languages(groups: Sequence[dict[str, Any]], draw: random.Random) -> Iterator[Material]:
    """Collections of one language, whose documents are each other's near miss."""
    by_language: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for part, group in enumerate(groups):
        by_language.setdefault(group["lang"], []).append((part, group))
    for language, rows in by_language.items():
        made: list[Material] = []
        left = list(rows)
        while left:
            size = _GROUPS[len(made) % len(_GROUPS)]
            material = Material(f"{language} {len(made)}")
            for part, group in left[:size]:
                _add_group(material, part, group)
            made.append(material)
            left = left[size:]
        _add_few_strangers(made, draw)
        yield from made


def _add_group(material: Material, part: int, group: dict[str, Any]) -> None:
    for document in group["docs"]:
        place = len(material.documents)
        material.documents.append((document["title"], document["text"]))
        text = document["queries"][(part + place) % len(document["queries"])]
        material.cases.append(Case(text, "answerable", part, place))


def _labelled(labelled: Sequence[dict[str, Any]]) -> list[Material]:
    made = [Material(f"labelled {number}") for number in range(_COLLECTIONS)]
    for row in labelled:
        material = made[_number(row["source"], _COLLECTIONS)]
        answered = [query for query in row["queries"] if query["sentences"]]
        chosen = (
            answered[row["id"] % len(answered) :][:1] if answered and row["id"] % 2 == 0 else []
        )
        chosen += [query for query in row["queries"] if not query["sentences"]]
        _add_row(material, row, chosen)
    return made


def _add_row(material: Material, row: dict[str, Any], queries: Iterable[dict[str, Any]]) -> None:
    place = len(material.documents)
    material.documents.append(("", " ".join(row["sentences"])))
    for query in queries:
        said = tuple(row["sentences"][number - 1] for number in query["sentences"])
        material.cases.append(
            Case(query["text"], "answerable", row["id"], place, said)
            if said
            else Case(query["text"], "near miss", row["id"])
        )


def _number(name: str, count: int) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % count
