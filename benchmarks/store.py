"""How long keyword searches and listings take in large collections.

    python -m benchmarks.store EVAL [--passages 100000] [--documents 100000]

EVAL holds BEIR folders (scifact, squad-dev, cisi). Passages are drawn from their sentences at
random, which makes every word about as common as it can be: a real collection of that size has
more words that are rare. Queries are theirs, the long ones of cisi among them. Times are of the
processor, which do not depend on what else the machine does; on an idle one they are the wall's.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from indexer.keyword import fts
from indexer.keyword.analysis import index_terms
from indexer.keyword.fts import KeywordRow
from indexer.store.store import Store

SETS = ("scifact", "squad-dev", "cisi")
QUERIES = 50
SENTENCES_A_PASSAGE = 7
BATCH = 500


def sentences(folder: Path) -> list[str]:
    """The sentences of a BEIR folder's documents."""
    texts = (json.loads(line)["text"] for line in (folder / "corpus.jsonl").open(encoding="utf-8"))
    return [
        one for text in texts for one in re.split(r"(?<=[.!?])\s+", text) if 20 < len(one) < 400
    ]


def queries(folder: Path) -> list[str]:
    """The first queries of a BEIR folder."""
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines[:QUERIES]]


def fill_keywords(store: Store, collection: int, pool: list[str], count: int) -> None:
    """Write the keyword rows of `count` passages, as ingestion would."""
    draw = random.Random(0)
    for start in range(1, count + 1, BATCH):
        rows = [
            KeywordRow(
                number,
                "some report",
                "",
                index_terms(" ".join(draw.choices(pool, k=SENTENCES_A_PASSAGE)), "en"),
            )
            for number in range(start, min(start + BATCH, count + 1))
        ]
        with store.transaction() as connection:
            fts.insert(connection, collection, rows)


def fill_documents(store: Store, collection: int, count: int) -> None:
    """Write the rows of `count` documents without pages."""
    draw = random.Random(0)
    words = "report budget plan meeting notes policy travel handbook offer contract".split()  # noqa: SIM905
    with store.transaction() as connection:
        for number in range(count):
            title = f"{' '.join(draw.choices(words, k=3))} {number}"
            state = "failed" if number % 100 == 0 else "ready"
            connection.execute(
                "INSERT INTO documents (id, collection, path, title, content_hash, size, kind,"
                " revision, current, state, pages, pages_without_text, passages, language, sought,"
                " indexed_at) VALUES (?, ?, ?, ?, ?, 1, 'pdf', 1, 1, ?, 1, 0, 1, 'en', ?, 0)",
                (secrets.token_hex(8), collection, f"/{number}.pdf", title, secrets.token_hex(32),
                 state, f"{title}\n/{number}.pdf"),
            )  # fmt: skip


def milliseconds(work: Callable[[], object]) -> float:
    """The processor time that one call takes."""
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


def listings(store: Store, collection: int, documents: int) -> Iterator[tuple[str, float]]:
    """Views of the library's table, each with its best time of three."""
    views = {
        "first page": {},
        "middle page": {"offset": documents // 2},
        "last page": {"offset": documents - 50},
        "filtered by text": {"text": "budget plan"},
        "filtered by state": {"state": "failed"},
    }
    for name, view in views.items():
        times = [milliseconds(lambda v=view: store.documents([collection], **v)) for _ in range(3)]
        yield name, min(times)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the unpacked evaluation sets")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--documents", type=int, default=100_000)
    options = parser.parse_args()
    pool = [one for name in SETS for one in sentences(options.folder / name)]
    with tempfile.TemporaryDirectory(prefix="footnote-store-") as folder:
        store = Store.open(Path(folder))
        collection = store.create_collection("measured").id
        took = milliseconds(lambda: fill_keywords(store, collection, pool, options.passages))
        print(f"keyword rows: {took / options.passages:.2f} ms a passage (analysis and FTS5)")
        fill_documents(store, collection, options.documents)
        for name in SETS:
            asked = queries(options.folder / name)
            times = sorted(
                milliseconds(lambda q=q: store.keyword(collection, q, 100)) for q in asked
            )
            print(
                f"keyword search, {options.passages} passages, queries of {name}: median"
                f" {statistics.median(times):.1f} ms, slowest {times[-1]:.1f} ms"
            )
        for name, best in listings(store, collection, options.documents):
            print(f"documents, {options.documents}, {name}: {best:.1f} ms")
        store.close()


if __name__ == "__main__":
    main()
