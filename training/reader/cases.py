"""Cases → features: each question is searched for as an asker's would be, and looked at.

A file of arrays a collection under the work folder; one that is there is not made again. Each
answerable question is looked at twice, the second time as if its document were not there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from indexer.records import Hit
from indexer.search.searcher import Scope, Searcher
from indexer.sentences import sentences
from indexer.store.store import Store
from rag.evidence import extract
from rag.evidence.quotables import quotables
from rag.evidence.retrieve import SEARCHED
from rag.question.analysis import read
from rag.reader import features
from rag.reader.words import WordVectors
from training.evaluation.beir import Dataset, Entry
from training.evaluation.evaluate import indexed
from training.reader.material import Case, Material

if TYPE_CHECKING:
    from embedder.model import Embedder


@dataclass(frozen=True, slots=True)
class Looked:
    """A question's tables: what there was to see, and what would have been right.

    `passages` [n, PASSAGE] with the place of the right one (-1: none), `sentences`
    [m, SENTENCE] with `answers` bool [m] (whether one answers), `hits` [m] (whose it is) and
    `rules` [m] (what the rules of `rag.evidence.extract` give it). `rest` is what
    `features.question_row` adds to those.
    """

    kind: str
    part: int
    passages: np.ndarray
    right: int
    sentences: np.ndarray
    answers: np.ndarray
    hits: np.ndarray
    rules: np.ndarray
    rest: np.ndarray


class Looking:
    """Searches one collection after the other in a store of its own."""

    def __init__(self, work: Path, embedder: Embedder, vectors: WordVectors) -> None:
        self._work, self._embedder, self._vectors = work, embedder, vectors
        self._store = Store.open(work / "home")
        self._searcher = Searcher(self._store, work / "home" / "index", lambda name: embedder)

    def look(self, material: Material) -> list[Looked]:
        """The cases of one collection, from its file where there is one."""
        path = self._work / "cases" / f"{material.name}.safetensors"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            save(path, self._looked(material))
        return load(path)

    def _looked(self, material: Material) -> list[Looked]:
        corpus = tuple(
            Entry(str(place), title, text) for place, (title, text) in enumerate(material.documents)
        )
        digest = hashlib.sha256(repr(corpus).encode()).hexdigest()
        dataset = Dataset(material.name, corpus, (), digest)
        collection = indexed(self._store, dataset, self._embedder, lambda *_: None)
        self._searcher.maintain(collection)
        scope = Scope(frozenset([collection]))
        found = []
        for case in material.cases:
            hits = self._searcher.search(case.text, scope, k=SEARCHED)
            found += self._twice(case, hits, scope)
        return found

    def _twice(self, case: Case, hits: Sequence[Hit], scope: Scope) -> list[Looked]:
        made = [self._one(case, case.kind, hits, scope)] if hits else []
        if case.document >= 0:
            others = [hit for hit in hits if hit.document.path != str(case.document)]
            if others and case.part % 4 < 2:
                made.append(self._one(case, "removed", others, scope))
        return made

    def _one(self, case: Case, kind: str, hits: Sequence[Hit], scope: Scope) -> Looked:
        statistics = self._store.term_statistics(scope.collections, case.text)
        languages = self._store.document_languages(hit.document.id for hit in hits)
        question = read(case.text, statistics, sorted(set(languages.values())))
        pages = {
            (hit.document.id, span.page): self._store.page(hit.document.id, span.page)
            for hit in hits
            for span in hit.passage.spans
        }
        found = quotables(hits, pages)
        scored = {
            (one.quotable.hit, one.quotable.order): one.score
            for one in extract.score(question, hits, found)
        }
        evidence = features.Evidence.of(question, hits, self._vectors)
        texts = [[hit.passage.text[a:b] for a, b in sentences(hit.passage.text)] for hit in hits]
        right = -1
        if kind == "answerable":
            places = [at for at, hit in enumerate(hits) if hit.document.path == str(case.document)]
            right = places[0] if places else -1
        rows = features.sentence_rows(evidence, found)
        nothing = np.zeros(len(found))
        return Looked(
            kind, case.part, features.passage_rows(evidence, texts), right, rows,
            np.array([q.hit == right and _says(q.text, case.sentences) for q in found]),
            np.array([q.hit for q in found]),
            np.array([scored[q.hit, q.order] for q in found]),
            features.question_row(evidence, rows, nothing, nothing),
        )  # fmt: skip


def _says(text: str, sentences: Sequence[str]) -> bool:
    """Whether a quotable is one of the labelled sentences, or part of one, or holds one."""
    plain = " ".join(text.split())
    others = (" ".join(sentence.split()) for sentence in sentences)
    return any(plain in other or other in plain for other in others)


def save(path: Path, found: Sequence[Looked]) -> None:
    """All tables of one collection in one file, without pickle."""
    parts: dict[str, Any] = {}
    for name in ("passages", "sentences", "answers", "hits", "rules", "rest"):
        parts[name] = np.concatenate([np.atleast_1d(getattr(one, name)) for one in found])
    counts = [(len(o.passages), len(o.sentences), o.right, o.part) for o in found]
    parts["counts"] = np.array(counts)
    parts = {name: np.ascontiguousarray(part) for name, part in parts.items()}
    kinds = json.dumps([one.kind for one in found])
    save_file(parts, path.with_suffix(".part"), {"kinds": kinds})
    path.with_suffix(".part").replace(path)


def load(path: Path) -> list[Looked]:
    """What `save` wrote."""
    with safe_open(path, "np") as file:
        parts = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        kinds = json.loads(file.metadata()["kinds"])
    found, at, below = [], 0, 0
    rest = parts["rest"].reshape(len(kinds), -1)
    for number, (passages, count, right, part) in enumerate(parts["counts"].tolist()):
        mine = slice(below, below + count)
        found.append(Looked(
            kinds[number], part, parts["passages"][at : at + passages], right,
            parts["sentences"][mine], parts["answers"][mine], parts["hits"][mine],
            parts["rules"][mine], rest[number],
        ))  # fmt: skip
        at, below = at + passages, below + count
    return found
