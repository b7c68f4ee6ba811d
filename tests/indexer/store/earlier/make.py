"""Makes a small home with the code of an earlier commit, for `test_earlier_homes.py`.

    git worktree add --detach /tmp/then COMMIT
    PYTHONPATH=/tmp/then python tests/indexer/store/earlier/make.py NAME.tar.xz

schema-1-listing  fbd0bad   schema 1, whose index for the listing of documents was partial
schema-1          18ba4b8   schema 1, as of the last commit that had it
schema-2          cff0d6a
schema-3          a10e6aa
schema-4          4bd44e9
schema-5          dba9b7f
schema-6          a1da0d4
schema-7          e2cb107
"""

import dataclasses
import hashlib
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np

from indexer.ingest.ingest import Ingest
from indexer.ingest.sources import Source
from indexer.records import Hit, Span
from indexer.store.store import Store
from rag.history import History
from rag.records import Answer, Footnote, Sentence

TEXTS = {
    "leave.txt": "Paid leave is sixteen weeks for every employee. It begins with the birth.\n",
    "premium.md": "# Premiums\n\nThe premium of the plan is paid by the employer every month.\n",
    "travel.txt": "Travel is reimbursed within thirty days. Receipts are kept for a year.\n",
}


class StandIn:
    """Vectors that depend on the text alone."""

    fingerprint = "stand-in-by-hash"
    dimension = 64

    def embed_passages(self, texts):
        seeds = [
            int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") for text in texts
        ]
        rows = np.stack([np.random.default_rng(seed).standard_normal(64) for seed in seeds])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def count_tokens(self, texts):
        return [len(text) // 4 + 1 for text in texts]


def quoting(store, document):
    """An answer that quotes the first words of a document's only passage."""
    (passage,) = store.passages_of(document.id)
    place = passage.spans[0]
    quote = store.page(document.id, place.page).text[place.start : place.start + 20]
    span = Span(place.page, place.start, place.start + 20)
    note = Footnote(
        1, document.id, document.title, document.path, (place.page, place.page), quote, span,
        passage.id,
    )  # fmt: skip
    known = {field.name for field in dataclasses.fields(Hit)}
    values = {
        "rank": 1, "score": 1.0, "passage": passage, "document": document,
        "dense_rank": None, "dense_score": None, "keyword_rank": 1, "keyword_score": 1.0,
    }  # fmt: skip
    hit = Hit(**{name: value for name, value in values.items() if name in known})
    sentence = Sentence(quote, "supported", (1,))
    question = "How long is the leave?"
    return Answer(
        question, question, (sentence,), (note,), False, 0.9, "extractive", (hit,), 0.1
    )  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        papers, home = Path(folder, "papers"), Path(folder, "home")
        papers.mkdir()
        for name, text in TEXTS.items():
            (papers / name).write_text(text)
        store = Store.open(home)
        collection = store.create_collection("papers").id
        sources = [Source(papers / name, f"papers/{name}") for name in TEXTS]
        Ingest(store, StandIn()).run(sources, collection)
        history = History(store)
        talk = history.start([collection], "leave").id
        history.add(talk, quoting(store, store.document_at(collection, "papers/leave.txt")))
        store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()
        with tarfile.open(sys.argv[1], "w:xz") as archive:
            for path in sorted(home.rglob("*")):
                if path.is_file() and path.suffix not in (".db-wal", ".db-shm", ".lock"):
                    archive.add(path, path.relative_to(home).as_posix())


if __name__ == "__main__":
    main()
