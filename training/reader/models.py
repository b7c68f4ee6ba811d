"""The reader's four models: grown, measured on what was held out, written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embedder.atomic import write_text, writing
from rag.evidence import abstain
from rag.reader.claims import CLAIM
from rag.reader.features import PASSAGE, QUESTION, SENTENCE, of_kind
from rag.reader.trees import Trees, probability
from training.bundled.abstention import auroc
from training.reader.cases import Looked
from training.reader.fit import Growth, grown
from training.reader.verdicts import Held

PASSAGES = Growth(trees=60, leaves=8)
SENTENCES = Growth(trees=100, leaves=10)
QUESTIONS = Growth(trees=60, leaves=6, least=60)
CLAIMS = Growth(trees=60, leaves=8)

# Of the held-out questions that can be answered, so many are.
ANSWERED = 0.96
# A claim counts as supported, as partly supported, from these probabilities on.
SUPPORTED, PARTLY = 0.5, 0.3
# What each kind of question that cannot be answered weighs together, against 1.0 of those that can.
_UNANSWERABLE = {"removed": 0.4, "near miss": 0.3, "far off": 0.3}
# Weight of the copy of each row as it is without an embedder.
_WITHOUT = 0.3
_FOLDS = 4


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims as arrays: `rows` [n, CLAIM], what is right of each, and what it counts."""

    rows: np.ndarray
    supported: np.ndarray
    weights: np.ndarray
    kinds: np.ndarray
    held_out: np.ndarray

    @classmethod
    def of(cls, held: Sequence[Held], rows: np.ndarray) -> Claims:
        """Put claims beside their features."""
        return cls(
            rows,
            np.array([one.supported for one in held]),
            np.array([one.weight for one in held]),
            np.array([one.kind for one in held]),
            np.array([one.part % 10 == 0 for one in held]),
        )


@dataclass(frozen=True, slots=True)
class Grown:
    """What is shipped."""

    passages: Trees
    sentences: Trees
    questions: Trees
    claims: Trees
    lines: dict[str, float]


def grow(looked: Sequence[Looked], lined: Sequence[Looked], claims: Claims) -> Grown:
    """Grow all on what is not held out, and draw the lines on what is of `lined`.

    Those are the English ones: where an embedder knows nothing of a language its questions meet
    their passages by chance, and the line would fall to where everything is answered.
    """
    shown = [one for one in looked if one.part % 10]
    passages, sentences = passage_trees(shown), sentence_trees(shown)
    questions = question_trees(shown)
    able = [one for one in lined if not one.part % 10 and one.kind == "answerable"]
    answered = hopes(able, passages, sentences, questions)
    lines = {
        "answered": float(np.quantile(answered, 1.0 - ANSWERED)),
        "supported": SUPPORTED,
        "partly": PARTLY,
    }
    mine = ~claims.held_out
    verdicts = grown(claims.rows[mine], claims.supported[mine], CLAIM, claims.weights[mine], CLAIMS)
    return Grown(passages, sentences, questions, verdicts, lines)


def passage_trees(looked: Sequence[Looked]) -> Trees:
    """Trees for whether a passage found answers."""
    found = [one for one in looked if one.kind == "answerable" and one.right >= 0]
    rows = np.concatenate([one.passages for one in found])
    right = np.concatenate([np.arange(len(one.passages)) == one.right for one in found])
    weights = np.concatenate(
        [np.full(len(one.passages), len(one.passages) ** -0.5) for one in found]
    )
    return _also_without(rows, right, weights, PASSAGE, PASSAGES)


def sentence_trees(looked: Sequence[Looked]) -> Trees:
    """Trees for whether a sentence answers."""
    found = [one for one in looked if one.kind == "answerable" and one.answers.any()]
    rows = np.concatenate([one.sentences for one in found])
    right = np.concatenate([one.answers for one in found])
    return _also_without(rows, right, np.ones(len(rows)), SENTENCE, SENTENCES)


def question_trees(looked: Sequence[Looked]) -> Trees:
    """Trees for whether anything found answers, over what trees that saw other parts say of it."""
    parts = np.array([one.part for one in looked])
    rows = np.empty((len(looked), len(QUESTION)))
    for fold in range(_FOLDS):
        others = [one for one in looked if one.part % _FOLDS != fold]
        mine = np.flatnonzero(parts % _FOLDS == fold)
        rows[mine] = question_rows(
            [looked[int(place)] for place in mine], passage_trees(others), sentence_trees(others)
        )
    kinds = np.array([one.kind for one in looked])
    weights = np.zeros(len(looked))
    for kind, share in ({"answerable": 1.0} | _UNANSWERABLE).items():
        mine = kinds == kind
        weights[mine] = share * len(looked) / 2 / max(mine.sum(), 1)
    return grown(rows, kinds == "answerable", QUESTION, weights, QUESTIONS)


def question_rows(looked: Sequence[Looked], passages: Trees, sentences: Trees) -> np.ndarray:
    """Floats [n, QUESTION]: the tables of `cases` with what these trees say."""
    names = list(QUESTION)
    kind = list(SENTENCE).index("kind")
    rows = np.zeros((len(looked), len(names)))
    for row, one in zip(rows, looked, strict=True):
        row[: len(one.rest)] = one.rest
        row[names.index("exact of kind") :] = of_kind(one.sentences)
        logits = sentences.logits(one.sentences)
        row[names.index("best sentence")] = logits.max()
        row[names.index("best passage")] = passages.logits(one.passages).max()
        row[names.index("kind")] = one.sentences[logits.argmax(), kind]
    return rows


def hopes(
    looked: Sequence[Looked], passages: Trees, sentences: Trees, questions: Trees
) -> np.ndarray:
    """The confidence that an answerer has in each question: these trees and the rules together."""
    rows = question_rows(looked, passages, sentences)
    chances = probability(questions.logits(rows))
    return np.array([
        abstain.together(float(chance), abstain.hope(_rules_features(one, row))[0])
        for one, row, chance in zip(looked, rows, chances, strict=True)
    ])  # fmt: skip


def _rules_features(one: Looked, row: np.ndarray) -> abstain.Features:
    """What the rules look at, as far as the tables hold it."""
    column = {name: one.sentences[:, place] for place, name in enumerate(SENTENCE)}
    asked = dict(zip(QUESTION, row, strict=True))
    first = column["missing in passage"][one.hits == 0]
    return abstain.Features(
        sentence=float(column["exact with neighbours"].max()),
        passage=float(column["exact of passage"].max()),
        main=1.0 - float(first.min() if len(first) else 1.0),
        margin=float(asked["margin"]),
        agreement=float(asked["agreement"]),
    )


def _also_without(
    rows: np.ndarray,
    right: np.ndarray,
    weights: np.ndarray,
    features: dict[str, int],
    growth: Growth,
) -> Trees:
    """Grown on the rows and on a copy as it is where a search had no vectors."""
    without = rows.copy()
    for place, name in enumerate(features):
        if name.startswith("dense"):
            without[:, place] = np.nan
    return grown(
        np.concatenate([rows, without]),
        np.concatenate([right, right]),
        features,
        np.concatenate([weights, _WITHOUT * weights]),
        growth,
    )


def held_out_report(made: Grown, looked: Sequence[Looked], claims: Claims) -> Iterator[str]:
    """What the models are worth on what they were not grown on."""
    hidden = [one for one in looked if not one.part % 10]
    found = [one for one in hidden if one.kind == "answerable" and one.right >= 0]
    labelled = [one for one in found if one.answers.any()]
    for weight in (0.0, 0.5, 1.0, 2.0, 5.0):
        right = [one.answers[_scores(one, made, weight).argmax()] for one in labelled]
        yield f"best sentence, {len(right)} questions, weight {weight}: {np.mean(right):.3f}"
    chances = hopes(hidden, made.passages, made.sentences, made.questions)
    kinds = np.array([one.kind for one in hidden])
    able = chances[kinds == "answerable"]
    line = made.lines["answered"]
    yield f"answerable, {len(able)}: answered {(able >= line).mean():.3f} at {line:.3f}"
    for kind in _UNANSWERABLE:
        unable = chances[kinds == kind]
        refused = (unable < line).mean()
        yield f"  {kind}, {len(unable)}: AUROC {auroc(able, unable):.3f}, refused {refused:.3f}"
    yield from _claims_report(made, claims)


def _claims_report(made: Grown, claims: Claims) -> Iterator[str]:
    chances = probability(made.claims.logits(claims.rows))
    for kind in dict.fromkeys(claims.kinds.tolist()):
        mine = chances[claims.held_out & (claims.kinds == kind)]
        yield f"claims, {kind}, {len(mine)}: passed {(mine >= SUPPORTED).mean():.3f}"


def _scores(one: Looked, made: Grown, weight: float) -> np.ndarray:
    return one.rules + weight * probability(made.sentences.logits(one.sentences))


def write(made: Grown, folder: Path) -> None:
    """Write trees and spec; no pickle."""
    from safetensors.numpy import save_file

    tensors: dict[str, np.ndarray] = {}
    for name in ("passages", "sentences", "questions", "claims"):
        tensors |= getattr(made, name).tensors(name)
    with writing(folder / "trees.safetensors") as aside:
        save_file(tensors, aside)
    spec = {
        "lines": made.lines,
        "passages": list(PASSAGE),
        "sentences": list(SENTENCE),
        "questions": list(QUESTION),
        "claims": list(CLAIM),
    }
    write_text(folder / "spec.json", json.dumps(spec, indent=2) + "\n")
