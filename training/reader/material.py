"""What the reader learns from: collections of labelled passages and the questions put to them.

All of it was written by language models: `reader.jsonl` (passages with the sentences that answer
each query), and general questions that no collection answers. The synthetic groups, whose
documents are each other's near miss, were tried and left out (docs/log/reader.md). A part is told
by a number of its own, a tenth of which is never trained on.
"""

from __future__ import annotations

import hashlib
import json
import lzma
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
# Questions of other collections that are put to each.
_STRANGERS = 30


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


def rows(path: Path) -> list[dict[str, Any]]:
    """The lines of a JSON lines file, packed by xz or not."""
    opened = lzma.open if path.suffix == ".xz" else Path.open
    with opened(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def claims(labelled: Iterable[dict[str, Any]]) -> Iterator[Claim]:
    """The claims of `reader.jsonl`."""
    for row in labelled:
        for label in ("supported", "contradicted", "unfounded"):
            yield Claim(row[label], label, tuple(row["sentences"]), row["id"])


def materials(labelled: Sequence[dict[str, Any]], seed: int = 0) -> list[Material]:
    """All collections, each with its own questions, near misses, and strangers' questions."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    made = _labelled(labelled)
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
    return made


def _labelled(labelled: Sequence[dict[str, Any]]) -> list[Material]:
    made = [Material(f"labelled {number}") for number in range(_COLLECTIONS)]
    for row in labelled:
        material = made[_number(row["source"], _COLLECTIONS)]
        place = len(material.documents)
        material.documents.append(("", " ".join(row["sentences"])))
        answered = [query for query in row["queries"] if query["sentences"]]
        chosen = (
            answered[row["id"] % len(answered) :][:1] if answered and row["id"] % 2 == 0 else []
        )
        chosen += [query for query in row["queries"] if not query["sentences"]]
        for query in chosen:
            said = tuple(row["sentences"][number - 1] for number in query["sentences"])
            material.cases.append(
                Case(query["text"], "answerable", row["id"], place, said)
                if said
                else Case(query["text"], "near miss", row["id"])
            )
    return made


def _number(name: str, count: int) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % count
