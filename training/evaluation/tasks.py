"""What embedders are measured on beside search: likeness of sentences, translations, classes.

As in MTEB (Muennighoff et al., arXiv 2210.07316), each in its simplest form: the rank correlation
of cosines with people's scores; how often a text's translation is the nearest of all; how often a
text's class is that of its nearest neighbours, and what a linear probe makes of the vectors.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from training.evaluation.beir import EvaluationError, read

if TYPE_CHECKING:
    from embedder.model import Embedder

_NEIGHBOURS = 5
_TRAINED_ON = 0.8  # of the texts of each class; the others are asked about
# Added to the squares of the linear probe, in parts of their mean.
_RIDGE = 1e-2


@dataclass(frozen=True, slots=True)
class TaskReport:
    """What was measured on how many texts or pairs; figures by name, as fractions."""

    task: str
    count: int
    figures: dict[str, float]


def sts(path: Path, embedder: Embedder, limit: int | None = None) -> TaskReport:
    """Spearman's rank correlation of cosines with the scores of pairs of sentences."""
    rows = [_scored(row, path, line) for line, row in _rows(path, 3, limit)]
    left = embedder.embed_passages([row[1] for row in rows])
    right = embedder.embed_passages([row[2] for row in rows])
    cosines = (left * right).sum(axis=1)
    return TaskReport("sts", len(rows), {"spearman": spearman(cosines, [row[0] for row in rows])})


def bitext(path: Path, embedder: Embedder, limit: int | None = None) -> TaskReport:
    """How often the right one of all documents is the nearest to a text.

    A folder in BEIR layout in which each query has one right document. Both are embedded as
    passages: a translation asks for nothing.
    """
    data = read(path)
    queries = data.queries[:limit]
    places = {entry.id: place for place, entry in enumerate(data.corpus)}
    documents = embedder.embed_passages(
        ["\n".join(filter(None, (one.title, one.text))) for one in data.corpus]
    )
    texts = embedder.embed_passages([query.text for query in queries])
    right = [{places[name] for name, grade in q.judgements.items() if grade > 0} for q in queries]
    nearest = (texts @ documents.T).argmax(axis=1)
    found = [int(place) in wanted for place, wanted in zip(nearest, right, strict=True)]
    return TaskReport("bitext", len(queries), {"accuracy": float(np.mean(found))})


def classification(path: Path, embedder: Embedder, limit: int | None = None) -> TaskReport:
    """The share of texts whose class is told, by neighbours and by a linear probe.

    A fifth of each class is asked about, the others are what it is told by.
    """
    rows = [row for _, row in _rows(path, 2, limit)]
    labels = np.array([row[0] for row in rows])
    asked = _asked(labels)
    if asked.all() or not asked.any():
        raise EvaluationError(f"{path} needs classes with two texts each, or more")
    vectors = embedder.embed_passages([row[1] for row in rows])
    known, seen = vectors[~asked], labels[~asked]
    figures = {
        "nearest neighbours": neighbours(vectors[asked], known, seen),
        "linear probe": probe(vectors[asked], known, seen),
    }
    shares = {name: float(np.mean(told == labels[asked])) for name, told in figures.items()}
    return TaskReport("classification", int(asked.sum()), shares)


TASKS: Mapping[str, Callable[..., TaskReport]] = MappingProxyType(
    {"sts": sts, "bitext": bitext, "classification": classification}
)


def spearman(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray) -> float:
    """Pearson's correlation of the ranks; equal values share the mean of theirs."""
    left, right = _ranks(first), _ranks(second)
    left, right = left - left.mean(), right - right.mean()
    size = np.sqrt((left @ left) * (right @ right))
    return float(left @ right / size) if size else 0.0


def neighbours(asked: np.ndarray, known: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The class that most of the nearest have, the nearest of them deciding a tie."""
    order = np.argsort(-(asked @ known.T), axis=1, kind="stable")[:, :_NEIGHBOURS]
    return np.array([Counter(labels[row].tolist()).most_common(1)[0][0] for row in order])


def probe(asked: np.ndarray, known: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The class that ridge regression onto the classes gives most."""
    classes = np.unique(labels)
    mean = known.mean(axis=0)
    inputs = (known - mean).astype(np.float64)
    square = inputs.T @ inputs
    square += _RIDGE * np.trace(square) / len(square) * np.eye(len(square))
    wanted = (labels[:, None] == classes).astype(np.float64)
    weights = np.linalg.solve(square, inputs.T @ (wanted - wanted.mean(axis=0)))
    return classes[((asked - mean) @ weights + wanted.mean(axis=0)).argmax(axis=1)]


def _ranks(values: Sequence[float] | np.ndarray) -> np.ndarray:
    _, place, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[place]


def _asked(labels: np.ndarray) -> np.ndarray:
    """Which texts are asked about: the last of each class in an order that never changes."""
    members: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(labels.tolist()):
        members[label].append(place)
    asked = np.zeros(len(labels), dtype=bool)
    draw = random.Random(0)  # noqa: S311 - no secret
    for places in members.values():
        draw.shuffle(places)
        asked[places[max(1, round(_TRAINED_ON * len(places))) :]] = True
    return asked


def _scored(row: Sequence[str], path: Path, line: int) -> tuple[float, str, str]:
    try:
        return float(row[0].replace(",", ".")), row[1], row[2]
    except ValueError as error:
        raise EvaluationError(f"{path}, line {line}: {row[0]!r} is no score") from error


def _rows(path: Path, columns: int, limit: int | None) -> list[tuple[int, list[str]]]:
    """The first `limit` rows with their lines. Raises `EvaluationError`."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not UTF-8 text; save it as UTF-8") from error
    found = []
    for number, line in enumerate(lines, 1):
        row = [part.strip() for part in line.split("\t")]
        if line.strip() and (len(row) != columns or not all(row)):
            raise EvaluationError(
                f"{path}, line {number}: expected {columns} columns separated by tabs"
            )
        if line.strip():
            found.append((number, row))
    if not found:
        raise EvaluationError(f"{path} is empty: nothing to measure")
    return found[:limit]
