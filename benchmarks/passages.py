"""Chooses passage sizes: retrieval with BM25 over passages of many sizes.

    python -m benchmarks.passages $EVAL TOKENIZER.json [--sets northwind scifact …]

Northwind counts the share of questions of which the right page (the given one or the next) is
first, and among the first five passages. The other sets (BEIR layout) count nDCG@10 over
documents, each scored by its best passage. BM25 is bm25s with k1 0.9, b 0.4 and stems.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.chunking import PassageLimits, cut, embedding_text
from indexer.parsers import parse
from indexer.records import Page, ParsedFile, Passage

SIZES = (
    PassageLimits(80, 128),
    PassageLimits(120, 192),
    PassageLimits(140, 224),
    PassageLimits(200, 256),
    PassageLimits(250, 320),
    PassageLimits(300, 400),
    PassageLimits(400, 512),
)
_SETS = ("northwind", "scifact", "cisi", "anthropic-docs", "squad-dev", "xquad-de")
_BEIR_QUERIES = 500
CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class Indexed:
    """A passage, the document it is from, and the text it is found under."""

    document: str
    passage: Passage
    text: str


class Keyword:
    """BM25 over passages."""

    def __init__(self, passages: Sequence[Indexed], language: str) -> None:
        import bm25s
        import Stemmer

        self.passages = passages
        self._stemmer = Stemmer.Stemmer(language)
        self._bm25 = bm25s.BM25(k1=0.9, b=0.4)
        self._bm25.index(self._tokens([p.text for p in passages]), show_progress=False)

    def _tokens(self, texts: list[str]) -> object:
        import bm25s

        return bm25s.tokenize(texts, stopwords=None, stemmer=self._stemmer, show_progress=False)

    def search(self, queries: list[str], k: int) -> Iterator[list[Indexed]]:
        """For each query the `k` best passages, best first."""
        k = min(k, len(self.passages))
        found, _ = self._bm25.retrieve(self._tokens(queries), k=k, show_progress=False)
        for row in found:
            yield [self.passages[int(place)] for place in row]


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def northwind(folder: Path, count: CountTokens, limits: PassageLimits) -> str:
    """The share of questions with the right page first, and in the first five."""
    passages = []
    files = _parsed(folder / "pdfs")
    started = time.perf_counter()
    for path, parsed in files:
        for passage in cut(parsed.pages, count, limits):
            passages.append(Indexed(path.name, passage, embedding_text(parsed.title, passage)))
    speed = sum(len(p.text) for p in passages) / 1e6 / (time.perf_counter() - started)
    questions = _lines(folder / "questions.jsonl")
    first = five = 0
    rankings = Keyword(passages, "english").search([q["question"] for q in questions], 5)
    for question, ranking in zip(questions, rankings, strict=True):
        right = [any(_shows(hit, e["file"], e["page"]) for e in question["evidence"])
                 for hit in ranking]  # fmt: skip
        first, five = first + right[0], five + any(right)
    total = len(questions)
    shares = f"first {first / total:.3f}  first five {five / total:.3f}"
    return f"{shares}  {len(passages)} passages  cut at {speed:.2f} MB/s"


@functools.cache
def _parsed(folder: Path) -> list[tuple[Path, ParsedFile]]:
    return [(path, parse(path)) for path in sorted(folder.glob("*.pdf"))]


def _shows(hit: Indexed, file: str, page: int) -> bool:
    first, last = hit.passage.pages
    return hit.document == file and first <= page + 1 and last >= page


def beir(folder: Path, count: CountTokens, limits: PassageLimits) -> str:
    """nDCG@10 over documents, each at the rank of its best passage."""
    passages = []
    for row in _lines(folder / "corpus.jsonl"):
        for passage in cut([Page(1, row["text"])], count, limits):
            text = embedding_text(row.get("title", ""), passage)
            passages.append(Indexed(row["_id"], passage, text))
    relevant: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        relevant.setdefault(query, {})[document] = int(grade)
    queries = [q for q in _lines(folder / "queries.jsonl") if q["_id"] in relevant]
    queries = queries[:: max(1, len(queries) // _BEIR_QUERIES)]
    language = {"xquad-de": "german", "xquad-es": "spanish"}.get(folder.name, "english")
    rankings = Keyword(passages, language).search([q["text"] for q in queries], 100)
    gains = []
    for query, ranking in zip(queries, rankings, strict=True):
        documents = list(dict.fromkeys(hit.document for hit in ranking))[:10]
        gains.append(_ndcg(documents, relevant[query["_id"]]))
    return f"nDCG@10 {sum(gains) / len(gains):.3f}  {len(passages)} passages"


def _ndcg(documents: Sequence[str], relevant: dict[str, int]) -> float:
    gain = sum(relevant.get(d, 0) / math.log2(r + 2) for r, d in enumerate(documents))
    ideal = sorted(relevant.values(), reverse=True)[:10]
    return gain / sum(g / math.log2(r + 2) for r, g in enumerate(ideal))


def main() -> None:
    """Print a line for each set and size."""
    from tokenizers import Tokenizer

    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("tokenizer", type=Path)
    arguments.add_argument("--sets", nargs="*", default=_SETS)
    options = arguments.parse_args()
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count(texts: Sequence[str]) -> list[int]:
        return [len(found.ids) for found in tokenizer.encode_batch_fast(list(texts))]

    for name in options.sets:
        measure = northwind if name == "northwind" else beir
        for limits in SIZES:
            started = time.perf_counter()
            result = measure(options.folder / name, count, limits)
            seconds = time.perf_counter() - started
            size = f"{limits.target}/{limits.maximum}"
            print(f"{name:15} {size:10} {result}  {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
