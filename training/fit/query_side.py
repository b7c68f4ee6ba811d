"""The query side alone: a map of queries' vectors, learnt while passages' vectors stay.

What a passage's vector says is in the index already, so a question can be set beside all of
them at once: the softmax runs over the whole training part, nothing goes through the decoder,
and a fit takes seconds. The map stays near to leaving all as it is; how near is found by questions
about documents that the fit does not see.

A person's question teaches the passage that answers it. One that was made teaches the order in
which fused search finds passages for it (distillation, Hinton et al., arXiv 1503.02531): that
knows the words, which vectors miss, and what else answers.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from embedder.atomic import writing_folder
from embedder.model import EmbedderFiles
from training.evaluation.metrics import Interval, bootstrap
from training.evaluation.proof import gain_at
from training.fit import whitening

if TYPE_CHECKING:
    from pathlib import Path

    from embedder.model import Embedder

TEMPERATURE = 0.05
# Of what fused search says of a passage: shares of the order that a made question teaches. Of 1, 2,
# 4 and 8 the steadiest over two collections (docs/log/loop.md).
TEACHING_TEMPERATURE = 4.0
# How much a map costs that is far from none, weakest first.
STRENGTHS = (0.03, 0.1, 0.3)
_FOLDS = 4
_ROUNDS = 30
# Passages that a question is told from: more teach nothing new, and each costs.
_AMONG = 3000


@dataclass(frozen=True, slots=True)
class Lessons:
    """Which passages questions are to find: places [n, k], and of each its share of the question.

    Shares of a row sum to one; a share of nought is no lesson.
    """

    places: np.ndarray
    shares: np.ndarray

    def part(self, chosen: np.ndarray) -> Lessons:
        """Those of some questions."""
        return Lessons(self.places[chosen], self.shares[chosen])

    @classmethod
    def of(cls, found: Sequence[Mapping[int, float]]) -> Lessons:
        """Of what is found for each question: evidence by place, of one place at least."""
        most = max(map(len, found))
        places = np.zeros((len(found), most), dtype=int)
        shares = np.zeros((len(found), most), np.float32)
        for row, one in enumerate(found):
            evidence = np.array(list(one.values())) / TEACHING_TEMPERATURE
            likely = np.exp(evidence - evidence.max())
            places[row, : len(one)] = list(one)
            shares[row, : len(one)] = likely / likely.sum()
        return cls(places, shares)


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions as vectors [n, dimension]; of each the place of its passage, and its document.

    `lessons` are what they teach, by default their own passages.
    """

    vectors: np.ndarray
    places: np.ndarray
    documents: Sequence[str]
    lessons: Lessons | None = None

    @property
    def taught(self) -> Lessons:
        """What they teach."""
        own = self.places[:, None]
        return self.lessons or Lessons(own, np.ones(own.shape, np.float32))

    def part(self, chosen: np.ndarray) -> Asked:
        """Some of them."""
        documents = [self.documents[place] for place in np.flatnonzero(chosen).tolist()]
        lessons = self.lessons and self.lessons.part(chosen)
        return Asked(self.vectors[chosen], self.places[chosen], documents, lessons)


@dataclass(frozen=True, slots=True)
class QueryMap:
    """What was learnt: `matrix` [dimension, dimension], by which queries' vectors are multiplied.

    `gain` is what it brought questions that were left out of the fit, `strength` what held it
    near to nothing.
    """

    matrix: np.ndarray
    strength: float
    gain: Interval


def learn(
    asked: Asked,
    passages: np.ndarray,
    progress: Callable[[int], None] = lambda tried: None,
    *,
    by_people: bool = False,
) -> QueryMap | None:
    """The map that serves other questions best; None where none is worth it.

    `passages` [n, dimension] are what all are sought among. Each strength is tried on questions
    whose documents were left out, and has to be better there in the mean: whether all that came of
    a run is better for certain, the proof says. Where it is people who asked, questions are left
    out by themselves, too, since people ask about the same documents again: a map has to be better
    for certain then, and where documents are new must only cost nothing. `progress` is told how
    many strengths have been tried.
    """
    asked, passages = _among(asked, passages)
    apart = _folds(asked.documents)
    if len(set(apart)) < _FOLDS:
        return None
    before = _gains(asked, asked.vectors, passages)
    best: tuple[float, Interval] | None = None
    for number, strength in enumerate(STRENGTHS, 1):
        gain = bootstrap(list(_left_out(asked, passages, strength, apart) - before))
        worth = gain.mean > 0
        if by_people and gain.mean >= 0:
            again = np.arange(len(apart)) % _FOLDS
            gain = bootstrap(list(_left_out(asked, passages, strength, again) - before))
            worth = gain.low > 0
        if worth and (best is None or gain.mean > best[1].mean):
            best = strength, gain
        progress(number)
    return QueryMap(fit(asked, passages, best[0]), *best) if best else None


def _left_out(asked: Asked, passages: np.ndarray, strength: float, folds: np.ndarray) -> np.ndarray:
    """nDCG@10 of each question under a map that was fitted without its fold."""
    found = np.zeros(len(folds))
    for fold in range(_FOLDS):
        out = folds == fold
        matrix = fit(asked.part(~out), passages, strength)
        found[out] = _gains(asked.part(out), asked.vectors[out] @ matrix, passages)
    return found


def fit(asked: Asked, passages: np.ndarray, strength: float) -> np.ndarray:
    """The matrix of least loss: cross-entropy over all passages, held near to the identity."""
    queries, among = torch.from_numpy(asked.vectors), torch.from_numpy(passages)
    right, shares = map(torch.from_numpy, (asked.taught.places, asked.taught.shares))
    away = torch.zeros(queries.shape[1], queries.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [away], max_iter=_ROUNDS, history_size=10, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        moved = functional.normalize(queries + queries @ away, dim=1)
        said = functional.log_softmax(moved @ among.T / TEMPERATURE, dim=1)
        wrong = -(said.gather(1, right) * shares).sum(dim=1).mean()
        value = wrong + strength * away.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return (torch.eye(len(away)) + away.detach()).numpy()


def with_map(start: Embedder, found: QueryMap, folder: Path, name: str) -> None:
    """Write `start` with the map behind what it makes of queries, as `folder`.

    `start` is one that `training.fit.whitening` wrote: its passages' vectors stay.
    """
    held = start.load_projection()
    base = held.query_matrix if held.query_matrix is not None else held.matrix
    behind = torch.from_numpy(found.matrix)
    with writing_folder(folder) as left:
        shutil.copytree(start.files.folder, left, dirs_exist_ok=True)
        files = EmbedderFiles(left, start.files.cache)
        whole = behind if base is None else base @ behind
        replace(held, query_matrix=whole).write(files.projection)
        digest = hashlib.sha256(files.projection.read_bytes()).hexdigest()
        whitening.note_query_map(files, found.matrix)
        spec = replace(start.spec, name=name, tensors=digest)
        (left / "spec.json").write_text(spec.to_json(), encoding="utf-8")


def _among(asked: Asked, passages: np.ndarray) -> tuple[Asked, np.ndarray]:
    """The questions among their own passages, what they teach, and others up to `_AMONG`."""
    own = np.unique(np.concatenate((asked.places, asked.taught.places.ravel())))
    others = np.setdiff1d(np.arange(len(passages)), own)
    drawn = np.random.default_rng(0).permutation(others)[: max(0, _AMONG - len(own))]
    kept = np.sort(np.concatenate((own, drawn)))
    moved = Lessons(np.searchsorted(kept, asked.taught.places), asked.taught.shares)
    places = np.searchsorted(kept, asked.places)
    return replace(asked, places=places, lessons=moved), passages[kept]


def _folds(documents: Sequence[str]) -> np.ndarray:
    """Of each question its fold; those about one document are in one."""
    digests = [hashlib.sha256(name.encode()).digest()[0] for name in documents]
    return np.array([digest % _FOLDS for digest in digests])


def _gains(asked: Asked, queries: np.ndarray, passages: np.ndarray) -> np.ndarray:
    """nDCG@10 of each question by the rank of its passage."""
    scores = queries @ passages.T
    own = scores[np.arange(len(scores)), asked.places][:, None]
    return np.array([gain_at(int(rank)) for rank in (scores >= own).sum(axis=1)])
