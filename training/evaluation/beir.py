"""Evaluation folders in BEIR layout: corpus.jsonl, queries.jsonl, qrels.tsv.

Reading is strict: an evaluation over half a corpus, or with judgements that point nowhere,
gives a figure that looks like any other and is wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from embedder.errors import FootnoteError


class EvaluationError(FootnoteError):
    """An evaluation folder cannot be used."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of the corpus."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """One judged query: `judgements` maps document ids to grades, at least one above zero."""

    id: str
    text: str
    judgements: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A corpus and its judged queries. `digest` names the corpus by its content."""

    name: str
    corpus: tuple[Entry, ...]
    queries: tuple[Query, ...]
    digest: str


def read(folder: Path) -> Dataset:
    """Read a folder in BEIR layout; queries without a relevant document are left out.

    `qrels/test.tsv`, where BEIR itself keeps the judgements, is taken too. Raises
    `EvaluationError` for a file that is missing, a line that cannot be read (with its number),
    an id that stands twice, a judgement of an unknown document or query, and for a folder in
    which nothing is left to measure.
    """
    corpus_path = _file(folder, "corpus.jsonl")
    corpus = tuple(
        Entry(row["_id"], row.get("title") or "", row["text"])
        for row in _rows(corpus_path, ("_id", "text"))
    )
    texts = {
        row["_id"]: row["text"] for row in _rows(_file(folder, "queries.jsonl"), ("_id", "text"))
    }
    judged = _judgements(
        _file(folder, "qrels.tsv", "qrels/test.tsv"), {e.id for e in corpus}, texts
    )
    queries = tuple(
        Query(name, text, judged[name])
        for name, text in texts.items()
        if max(judged.get(name, {}).values(), default=0) > 0
    )
    if not queries:
        raise EvaluationError(f"{folder} has no query with a relevant document: nothing to measure")
    digest = hashlib.sha256(corpus_path.read_bytes()).hexdigest()
    return Dataset(folder.resolve().name, corpus, queries, digest)


def _file(folder: Path, *names: str) -> Path:
    if not folder.is_dir():
        raise EvaluationError(
            f"{folder} is no folder; give one with corpus.jsonl, queries.jsonl, qrels.tsv"
        )
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise EvaluationError(
        f"{folder} has no {names[0]}; an evaluation folder holds "
        "corpus.jsonl, queries.jsonl, qrels.tsv"
    )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from ((n, line.rstrip("\r\n")) for n, line in enumerate(file, 1) if line.strip())
    except UnicodeDecodeError as error:
        raise EvaluationError(
            f"{path} is not UTF-8 text ({error.reason}); save it as UTF-8"
        ) from error


def _rows(path: Path, keys: tuple[str, ...]) -> Iterator[dict[str, str]]:
    seen: set[str] = set()
    for number, line in _lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:  # numbers of 5,000 digits, too
            raise EvaluationError(f"{path}, line {number}: not JSON ({error})") from error
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in keys):
            raise EvaluationError(
                f"{path}, line {number}: expected an object with the strings {', '.join(keys)}"
            )
        if row["_id"] in seen:
            raise EvaluationError(
                f"{path}, line {number}: the id {row['_id']!r} stands there twice"
            )
        seen.add(row["_id"])
        yield row


def _judgements(
    path: Path, documents: set[str], queries: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    judged: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        fields = line.split("\t")
        if number == 1 and not fields[-1].strip().lstrip("-").isdigit():
            continue  # the header
        try:
            query, document, grade = fields[0], fields[1], int(fields[2])
        except (IndexError, ValueError) as error:
            raise EvaluationError(
                f"{path}, line {number}: expected query id, document id and a whole number, "
                "separated by tabs"
            ) from error
        for kind, name, known in (("query", query, queries), ("document", document, documents)):
            if name not in known:
                raise EvaluationError(f"{path}, line {number}: judges the unknown {kind} {name!r}")
        judged.setdefault(query, {})[document] = grade
    return judged
