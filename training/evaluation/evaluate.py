"""An embedder, or keyword search, or both fused, measured on a folder in BEIR layout.

The corpus takes the way that documents take: cut into passages, stored, indexed, its trust
fitted, searched by the `Searcher`. A document's score is that of its best passage. The corpus
stays in a home of its own, so that a repeat embeds nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from indexer.chunking import cut, embedding_text, text_hash
from indexer.parsers.text import parse_plain
from indexer.records import ParsedFile, Passage
from indexer.search.searcher import Mode, Scope, Searcher
from indexer.store.store import NewDocument, Store
from training.evaluation.beir import Dataset, Entry, EvaluationError, Query, read
from training.evaluation.metrics import METRICS

if TYPE_CHECKING:
    from embedder.model import Embedder

MODES: tuple[Mode, ...] = ("keyword", "dense", "fused")

# Documents that are ranked, and the passages that are asked for to have that many of them.
_DOCUMENTS = 100
_PASSAGES = 300
# Passages embedded together, between two reports of progress.
_SLICE = 256

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class EvalReport:
    """Means over the queries, by mode and metric (`training.metrics.METRICS`), as fractions."""

    dataset: str
    documents: int
    queries: int
    modes: dict[str, dict[str, float]]
    seconds: float


def evaluate(
    folder: Path,
    home: Path,
    embedder: Embedder,
    modes: Sequence[str] = (),
    limit: int | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> EvalReport:
    """Measure `modes` (all by default) on a folder, keeping the indexed corpus under `home`.

    With `limit`, that many queries, spread evenly over the file. `progress` is told the stage,
    how much of it is done, and of how much. Raises `EvaluationError` for a folder that cannot
    be used.
    """
    started = time.monotonic()
    unknown = sorted(set(modes) - set(MODES))
    if unknown:
        raise EvaluationError(f"there is no mode {unknown[0]!r}; there are {', '.join(MODES)}")
    dataset = read(folder)
    queries = subsample(dataset.queries, limit)
    store = Store.open(home)
    searcher = Searcher(store, home / "index", lambda fingerprint: embedder)
    scope = Scope(frozenset({indexed(store, dataset, embedder, progress)}))
    for collection in scope.collections:
        searcher.maintain(collection)
    means: dict[str, dict[str, float]] = {}
    for mode in (mode for mode in MODES if mode in (modes or MODES)):
        values = per_query(searcher, scope, queries, mode, progress)
        means[mode] = {name: sum(each) / len(each) for name, each in values.items()}
    store.close()
    seconds = time.monotonic() - started
    return EvalReport(dataset.name, len(dataset.corpus), len(queries), means, seconds)


def per_query(
    searcher: Searcher,
    scope: Scope,
    queries: Sequence[Query],
    mode: Mode,
    progress: Progress = lambda stage, done, total: None,
) -> dict[str, list[float]]:
    """Each metric's values in the order of the queries, for means and paired intervals.

    The scope's documents are known to the judgements by their paths.
    """
    values: dict[str, list[float]] = {name: [] for name in METRICS}
    for done, query in enumerate(queries):
        progress(f"{mode} search", done, len(queries))
        hits = searcher.search(query.text, scope, k=_PASSAGES, mode=mode)
        ranking = list(dict.fromkeys(hit.document.path for hit in hits))[:_DOCUMENTS]
        for name, metric in METRICS.items():
            values[name].append(metric(ranking, query.judgements))
    return values


def subsample(values: Sequence[Any], limit: int | None) -> Sequence[Any]:
    """At most `limit` values, evenly over the whole: the first ones often share a subject."""
    if limit is None or limit >= len(values):
        return values
    return [values[place * len(values) // limit] for place in range(limit)]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A corpus entry on its way into the store."""

    entry: Entry
    parsed: ParsedFile
    passages: list[Passage]
    hashes: list[str]


def indexed(store: Store, dataset: Dataset, embedder: Embedder, progress: Progress) -> int:
    """The collection that holds the corpus under this embedder, completed where it is not.

    An entry's document has the entry's id for its path.
    """
    name = f"{dataset.name} {dataset.digest[:16]} {embedder.fingerprint}"
    collection = store.create_collection(name).id
    there = {
        row["path"]
        for row in store.connection.execute(
            "SELECT path FROM documents WHERE collection = ? AND current = 1", (collection,)
        )
    }
    missing = [entry for entry in dataset.corpus if entry.id not in there]
    done = len(there)
    for batch in _batches(missing, embedder):
        progress("indexing", done, len(dataset.corpus))
        _add(store, collection, batch, embedder)
        done += len(batch)
    return collection


def _batches(entries: Sequence[Entry], embedder: Embedder) -> Iterator[list[_Prepared]]:
    """Entries cut into passages, in batches of at least `_SLICE` passages."""
    batch: list[_Prepared] = []
    for entry in entries:
        batch.append(_prepared(entry, embedder))
        if sum(len(one.passages) for one in batch) >= _SLICE:
            yield batch
            batch = []
    if batch:
        yield batch


def _prepared(entry: Entry, embedder: Embedder) -> _Prepared:
    text = entry.text if entry.text.strip() else entry.title
    if not text.strip():
        return _Prepared(entry, ParsedFile(entry.title, (), "txt"), [], [])
    parsed = parse_plain(text.encode(errors="replace"), entry.title)
    passages = cut(parsed.pages, embedder.count_tokens)
    hashes = [text_hash(entry.title, passage) for passage in passages]
    return _Prepared(entry, parsed, passages, hashes)


def _add(store: Store, collection: int, batch: list[_Prepared], embedder: Embedder) -> None:
    """Embed what no collection has a vector for yet, and store the batch."""
    import numpy as np

    texts = {
        digest: embedding_text(one.entry.title, passage)
        for one in batch
        for digest, passage in zip(one.hashes, one.passages, strict=True)
    }
    vectors = store.cached_vectors(texts, embedder.fingerprint)
    new = [digest for digest in texts if digest not in vectors]
    if new:
        rows = embedder.embed_passages([texts[digest] for digest in new])
        vectors |= dict(zip(new, rows, strict=True))
    with TemporaryDirectory() as folder:
        for one in batch:
            held = [vectors[digest] for digest in one.hashes]
            stacked = np.stack(held) if held else np.empty((0, embedder.dimension))
            entry = one.entry
            original = store.originals.stage(_written(entry, Path(folder)))
            document = NewDocument(collection, entry.id, entry.title, "txt", original)
            store.add(
                document,
                one.parsed.pages,
                one.passages,
                stacked.astype(np.float32),
                embedder.fingerprint,
            )


def _written(entry: Entry, folder: Path) -> Path:
    """The entry as a file. Its id is in it: two entries may say the same, and are two documents."""
    path = folder / "entry.json"
    row = {"_id": entry.id, "title": entry.title, "text": entry.text}
    path.write_text(json.dumps(row), encoding="utf-8")
    return path
