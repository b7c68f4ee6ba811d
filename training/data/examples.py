"""`Example`: a query, the passage that answers it, passages that nearly do; and their files.

One format for every source, so that all can be mixed under one loss: the recipe's synthetic
triples, questions written about one's own documents, weak pairs, dropout pairs, labelled
questions from a person's own file. A file is JSON lines (the fields of `Example`) or CSV with
a header.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TextIO

from embedder.atomic import writing
from embedder.errors import FootnoteError

# What people call the two columns of a table of questions.
_QUERY_COLUMNS = ("query", "question", "anchor", "text1", "sentence1")
_POSITIVE_COLUMNS = ("positive", "passage", "answer", "document_text", "text2", "sentence2")
_NEGATIVE_COLUMNS = ("negative", "hard_negative")

# The source of questions that a language model wrote to passages of the collection.
WRITTEN = "written"


class ExampleFileError(FootnoteError):
    """A file of examples that cannot be used; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Example:
    """A query, the passage that answers it, and passages that look as if they did.

    Attributes:
        query: as a person would put it, without instruction.
        positive: as it is embedded: title and headings above the text, where there are any.
        negatives: hard negatives; may be empty.
        task: the instruction for the query side, '' for the embedder's own.
        source: how it was made (`title`, `crop`, `short-long`, ...). A batch is of one source.
        document: names the document of the positive. Nothing of one document is both trained
            and proved on.
        passage: id of the collection's passage that the positive was made of, 0 for none.
    """

    query: str
    positive: str
    negatives: tuple[str, ...] = ()
    task: str = ""
    source: str = ""
    document: str = ""
    passage: int = 0

    def __post_init__(self) -> None:
        if not self.query.strip() or not self.positive.strip():
            raise ExampleFileError("an example needs a query and a positive passage, not blanks")

    @property
    def key(self) -> str:
        """A hash of query and positive: the same pair is the same example."""
        return hashlib.sha256(f"{self.query}\0{self.positive}".encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """One line of a file of examples."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str | bytes) -> Example:
        """What `to_json` wrote."""
        values = json.loads(line)
        return cls(**{**values, "negatives": tuple(values["negatives"])})


def read_examples(path: Path) -> list[Example]:
    """Read `.jsonl` or `.csv`. Raises `ExampleFileError` with the line that cannot be used."""
    rows = _csv_rows(path) if path.suffix.lower() in (".csv", ".tsv") else _json_rows(path)
    examples = [_example(row, path, line) for line, row in rows]
    if not examples:
        raise ExampleFileError(f"{path} holds no examples")
    return examples


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """Write JSON lines, whole or not at all. Raises `StorageError`."""
    with writing(path) as left, left.open("w", encoding="utf-8") as file:
        file.writelines(example.to_json() + "\n" for example in examples)


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _opened(path) as file:
        for line, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                row = json.loads(text)
            except (ValueError, RecursionError) as error:  # numbers of 5,000 digits, too
                raise ExampleFileError(f"{path}, line {line}: not JSON ({error})") from error
            if not isinstance(row, dict):
                raise ExampleFileError(f"{path}, line {line}: expected a JSON object")
            yield line, row


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with _opened(path) as file:
        sample = file.read(4096)
        file.seek(0)
        try:
            dialect: type[csv.Dialect] = csv.Sniffer().sniff(sample, delimiters=",;\t")
        except csv.Error:
            dialect = csv.excel
        rows = csv.DictReader(file, dialect=dialect)
        names = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
        query = _column(names, _QUERY_COLUMNS, path)
        positive = _column(names, _POSITIVE_COLUMNS, path)
        negative = [names[name] for name in _NEGATIVE_COLUMNS if name in names]
        for row in rows:
            yield (
                rows.line_num,
                {
                    "query": row[query] or "",
                    "positive": row[positive] or "",
                    "negatives": [row[name] for name in negative if row[name]],
                    "source": "labelled",
                },
            )


def _column(names: dict[str, str], wanted: Sequence[str], path: Path) -> str:
    for name in wanted:
        if name in names:
            return names[name]
    raise ExampleFileError(
        f"{path}: its first line names no column {' or '.join(wanted[:3])}; a table of examples "
        "needs a column 'question' and a column 'passage'"
    )


def _opened(path: Path) -> TextIO:
    try:
        file = path.open(encoding="utf-8-sig", newline="")
        file.read(1)
        file.seek(0)
    except UnicodeDecodeError as error:
        raise ExampleFileError(f"{path} is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise ExampleFileError(f"{path} cannot be read: {error.strerror}") from error
    return file


_NAMES = frozenset(field.name for field in fields(Example))


def _example(row: dict[str, Any], path: Path, line: int) -> Example:
    unknown = sorted(row.keys() - _NAMES)
    texts = all(isinstance(row.get(name, ""), str) for name in _NAMES - {"negatives", "passage"})
    texts = texts and isinstance(row.get("passage", 0), int)
    negatives = row.get("negatives", [])
    listed = isinstance(negatives, list) and all(isinstance(one, str) for one in negatives)
    if unknown or not texts or not listed or "query" not in row or "positive" not in row:
        what = f"unknown field {unknown[0]!r}" if unknown else "expected texts query and positive"
        raise ExampleFileError(
            f"{path}, line {line}: {what}; the fields are {', '.join(sorted(_NAMES))}"
        )
    try:
        return Example(**{**row, "negatives": tuple(negatives)})
    except ExampleFileError as error:
        raise ExampleFileError(f"{path}, line {line}: {error}") from error
