"""One home, and the same passages in two and in four: the order of hits, and times."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scale.agreement import Found, agreement, told
from benchmarks.scale.measure import load, show
from benchmarks.scale.standin import StandIn, questions, write_files
from indexer.chunking import embedding_text
from indexer.records import Page, Passage, Span
from indexer.search.federation import Federation
from indexer.search.part import Part
from indexer.search.peers import PeerError
from indexer.search.searcher import Mode, Scope, Searcher
from indexer.store.store import NewDocument, Store

_MODES: tuple[Mode, ...] = ("keyword", "dense", "fused")


def federation(passages: int = 40_000, count: int = 200) -> None:
    """The questions to one home, then to two and to four that hold the same between them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder / "files", passages // 50, 50)
        files = sorted((folder / "files").iterdir())
        asked = questions(files, count, 50)
        embedder = StandIn()
        whole = _Home(folder / "whole", files, embedder)
        one = {mode: _answers(whole.searcher.find, whole, asked, mode) for mode in _MODES}
        show(one_home=True, exactly=agreement(whole.exactly(asked), one["dense"][0]))
        again = _Home(folder / "again", files[::-1], embedder)
        found, _ = _answers(again.searcher.find, again, asked, "fused")
        show(another_with_the_same_in_other_order=True, **agreement(one["fused"][0], found))
        for number in (2, 4):
            homes = [
                _Home(folder / f"{number}-{n}", files[n::number], embedder) for n in range(number)
            ]
            about = {"homes": number, "passages": passages, "questions": count}
            _beside(about, one, homes, asked)
            for told in ("weights", "spaces"):
                for home in homes:
                    home.told[told] = whole
                found, _ = _answers(_together(homes).find, homes[0], asked, "fused")
                show(**about, with_its=[*homes[0].told], **agreement(one["fused"][0], found))
            _without_one(about, homes, asked)


def _beside(
    about: Mapping[str, Any],
    one: Mapping[Mode, tuple[Found, list[float]]],
    homes: list[_Home],
    asked: list[str],
) -> None:
    """The several homes' answers beside those of one, by mode."""
    for mode in _MODES:
        found, times = _answers(_together(homes).find, homes[0], asked, mode)
        show(
            **about,
            mode=mode,
            **agreement(one[mode][0], found),
            one_ms_p50_p95=_percentiles(one[mode][1]),
            several_ms_p50_p95=_percentiles(times),
            load=load(),
        )


def _without_one(about: Mapping[str, Any], homes: list[_Home], asked: list[str]) -> None:
    """One home goes in the middle of the questions."""
    together, times, named = _together(homes), [], 0
    for place, question in enumerate(asked):
        homes[-1].gone = place >= len(asked) // 2
        began = time.perf_counter()
        found = together.find(question, homes[0].scope)
        times.append(time.perf_counter() - began)
        named += homes[-1].name in found.notice
        assert len(found.hits) == 10
    homes[-1].gone = False
    middle = len(times) // 2
    show(
        **about,
        gone_after=middle,
        named=named,
        ms_p50_p95_before=_percentiles(times[:middle]),
        ms_p50_p95_after=_percentiles(times[middle:]),
    )


class _Home:
    """A home of a collection under the stand-in embedder, as a peer of others.

    What `told` names it says as another home does.
    """

    def __init__(self, path: Path, files: list[Path], embedder: StandIn) -> None:
        self.name, self.gone = path.name, False
        self.told: dict[str, _Home] = {}
        self._embedder = embedder
        self.store = Store.open(path)
        self.number = self.store.create_collection("files").id
        for file in files:
            _add(self.store, self.number, file, embedder)
        self.searcher = Searcher(self.store, path / "index", lambda _: embedder)  # type: ignore
        self.searcher.maintain(self.number)
        self.scope = Scope(frozenset([self.number]))
        self._part = Part(self.store, self.searcher)

    def names(self, _: Any) -> dict[str, int]:
        return {"files": self.number}

    def ask(self, what: str, **given: Any) -> Any:
        """As over the network: JSON there and back."""
        if self.gone:
            raise PeerError("gone")
        given.pop("collections", None)
        said = json.loads(json.dumps(given))
        answer = json.loads(json.dumps(self._part.say(what, {"files": self.number}, said)))
        if what == "survey":
            for key, other in self.told.items():
                answer[key] = other.ask("survey", **given)[key]
        return answer

    def exactly(self, asked: list[str]) -> Found:
        """The truly nearest passages of each question."""
        from indexer.vector.index import VectorIndex

        index = VectorIndex(
            self.store, self.store.home / "index", self.number, self._embedder.fingerprint,
            self._embedder.dimension,
        )  # fmt: skip
        hits = index.search(self._embedder.embed_queries(asked), 10, exact=True)
        passages = [self.store.passages(row.tolist()) for row in hits.ids]
        return [
            [(texts[number].text, score) for number, score in zip(row, scores, strict=True)]
            for texts, row, scores in zip(
                passages, hits.ids.tolist(), hits.scores.tolist(), strict=True
            )
        ]


def _add(store: Store, collection: int, file: Path, embedder: StandIn) -> None:
    """A document whose parts are its passages: parsing and cutting are not what is compared."""
    text = file.read_text()
    starts = [found.start() for found in re.finditer("^## Part", text, re.MULTILINE)]
    spans = [Span(1, *ends) for ends in pairwise([*starts, len(text)])]
    passages = [
        Passage(text[one.start : one.end], (f"Part {place}",), (one,), place)
        for place, one in enumerate(spans)
    ]
    new = NewDocument(collection, str(file), file.stem, "markdown", store.originals.stage(file))
    vectors = embedder.embed_passages([embedding_text(new.title, one) for one in passages])
    store.add(new, [Page(1, text)], passages, vectors, embedder.fingerprint)


def _together(homes: list[_Home]) -> Federation:
    return Federation(lambda: homes)


def _answers(
    find_: Callable[..., Any], home: _Home, asked: list[str], mode: Mode
) -> tuple[Found, list[float]]:
    found, times = [], []
    find_(asked[0], home.scope, mode=mode)
    for question in asked:
        began = time.perf_counter()
        hits = find_(question, home.scope, mode=mode).hits
        times.append(time.perf_counter() - began)
        found.append(told(hits))
    return found, times


def _percentiles(times: list[float]) -> list[float]:
    return [round(1000 * float(np.percentile(times, p)), 1) for p in (50, 95)]
