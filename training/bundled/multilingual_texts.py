"""What the multilingual embedder is trained and measured on: pairs of texts that belong together.

Of the folder of shared data: groups in 92 languages with searches in their own language and in
English and an English translation of each text, aligned help text in 48, English groups, and
searches that were written to real passages. Nine of ten groups are for training; of the help text
and the written searches, those of nine tenths of the pages and passages.
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from training.data.packed import read_rows
from training.data.synthetic_pairs import groups, held_out

# Whether a group is trained on, looked at while training, or measured on at the end.
Part = Literal["train", "look", "held out"]
_LOOKED_AT = 4  # of ten; the last of ten is held out, as of the English groups
# Sections of help text a language, and passages with written searches: each costs a pass.
SECTIONS, PASSAGES = 16, 800
# Of the English groups that are trained on, one of so many is used here.
_ENGLISH = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """A text and the passage that belongs to it, with passages that nearly do.

    `kind` says what the two are to each other. `left` is the side that the text stands on: a
    translation is a passage, too.
    """

    text: str
    passage: str
    kind: str
    language: str
    left: Literal["queries", "passages"] = "queries"
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A search of a group: its language, that of the document, and where that stands."""

    text: str
    language: str
    document_language: str
    document: int
    part: Part


@dataclass(frozen=True, slots=True)
class Groups:
    """All documents of the multilingual groups, and the searches that each alone answers."""

    documents: tuple[str, ...]
    languages: tuple[str, ...]
    translations: tuple[str, ...]
    asked: tuple[Asked, ...]
    parts: tuple[Part, ...] = field(default=())  # of each document's group

    @classmethod
    def read(cls, shared: Path) -> Groups:
        """Read `multilingual/multilingual.jsonl` below the folder of shared data."""
        rows = read_rows(shared / "multilingual" / "multilingual.jsonl")
        documents = [document for row in rows for document in row["docs"]]
        languages = [row["lang"] for row in rows for _ in row["docs"]]
        parts = [_part(number) for number, row in enumerate(rows) for _ in row["docs"]]
        asked = []
        for place, (document, language) in enumerate(zip(documents, languages, strict=True)):
            for text in document["queries"]:
                asked.append(Asked(text, language, language, place, parts[place]))
            asked.append(Asked(document["query_en"], "en", language, place, parts[place]))
        return cls(
            documents=tuple(f"{one['title']}\n{one['text']}" for one in documents),
            languages=tuple(languages),
            translations=tuple(text for row in rows for text in row["en"]),
            asked=tuple(asked),
            parts=tuple(parts),
        )

    def pairs(self) -> Iterator[Pair]:
        """The pairs of the groups that are trained on."""
        for one in self.asked:
            if one.part != "train":
                continue
            own, other = one.document, one.document ^ 1  # two documents a group
            kind = "search" if one.language == one.document_language else "search in English"
            yield Pair(
                one.text,
                self.documents[own],
                kind,
                one.document_language,
                others=(self.documents[other],),
            )
            if kind == "search":
                yield Pair(
                    one.text,
                    self.translations[own],
                    "search for English",
                    one.language,
                    others=(self.translations[other],),
                )
        for place, part in enumerate(self.parts):
            if part == "train":
                yield Pair(
                    self.translations[place],
                    self.documents[place],
                    "translation",
                    self.languages[place],
                    "passages",
                    (self.documents[place ^ 1],),
                )


def _part(number: int) -> Part:
    if held_out(number):
        return "held out"
    return "look" if number % 10 == _LOOKED_AT else "train"


def help_text(shared: Path, sections: int, seed: int = 0) -> Iterator[Pair]:
    """Aligned sections, at most so many a language; every tenth page is left out."""
    by_language: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in read_rows(shared / "parallel" / "parallel.jsonl.xz"):
        if not _tenth(row["key"].partition("#")[0]):
            by_language[row["lang"]].append(row)
    draw = random.Random(seed)  # noqa: S311 - no secret
    for language, rows in sorted(by_language.items()):
        for row in draw.sample(rows, min(sections, len(rows))):
            yield Pair(row["heading"], row["text"], "heading", language)
            yield Pair(row["en_heading"], row["text"], "heading in English", language)
            yield Pair(row["heading"], row["en"], "heading for English", language)
            yield Pair(row["en"], row["text"], "help text", language, "passages")


def english_groups() -> Iterator[Pair]:
    """The English groups that are trained on."""
    for number, group in enumerate(groups()):
        if held_out(number) or number % _ENGLISH:
            continue
        for place, (passage, queries) in enumerate(zip(group.passages, group.queries, strict=True)):
            others = tuple(text for at, text in enumerate(group.passages) if at != place)
            for query in queries:
                yield Pair(query, passage, "English group", "en", others=others)


def written_searches(shared: Path, passages: int, seed: int = 0) -> Iterator[Pair]:
    """Searches written to real English passages; every tenth passage is left out."""
    path = shared / "queries" / "queries.jsonl.xz"
    rows = [row for row in read_rows(path) if not _tenth(str(row["id"]))]
    draw = random.Random(seed)  # noqa: S311 - no secret
    for row in draw.sample(rows, min(passages, len(rows))):
        for query in row["queries"]:
            yield Pair(query["text"], row["passage"], "written search", "en")


def training_pairs(shared: Path, found: Groups) -> list[Pair]:
    """All of it."""
    return [
        *found.pairs(),
        *help_text(shared, SECTIONS),
        *english_groups(),
        *written_searches(shared, PASSAGES),
    ]


def texts_of(pairs: Sequence[Pair], found: Groups) -> list[str]:
    """Every text that is needed, once: those of the pairs, and those that are asked about."""
    held = [group for number, group in enumerate(groups()) if held_out(number)]
    asked = [one.text for one in found.asked]
    english = [text for group in held for text in group.passages]
    english += [query for group in held for each in group.queries for query in each]
    needed = [text for one in pairs for text in (one.text, one.passage, *one.others)]
    return list(dict.fromkeys([*found.documents, *found.translations, *asked, *english, *needed]))


def _tenth(name: str) -> bool:
    """Whether what is called so is one of the tenth that is left out."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10 == 0
