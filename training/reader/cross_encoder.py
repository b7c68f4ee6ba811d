"""A reader that runs the decoder over question and passage together (a cross-encoder).

    python -m training.reader.cross_encoder LABELLED --work DIR [--searches FILE] [--layers 8]
        [--steps 2000]

LABELLED is `reader.jsonl`; the file of searches is `queries.jsonl`, taken for its near misses.
Question, then the passage's sentences, one forward pass; LoRA on the decoder and three linear
heads: at the last token "this passage answers", at each sentence's last token "this sentence
does", and for a claim in the question's place "supports, contradicts, says nothing". Resumable.

Nothing of it is shipped: after 7,200 pairs it is behind the trees in everything
(docs/log/reader.md). On a machine that trains it a hundred times as long its answer would
be one more column of `rag.reader.features.PASSAGE`.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import torch
from torch import Tensor, nn
from torch.nn import functional

from embedder.atomic import write_tensors, write_text
from embedder.encoder import right_padded
from training.bundled.abstention import auroc
from training.data.packed import read_rows
from training.fit.config import Recipe
from training.fit.loss import linear_schedule
from training.fit.student import Student
from training.reader.material import claims

if TYPE_CHECKING:
    from embedder.model import Embedder

LABELS = ("supported", "contradicted", "unfounded")
RECIPE = Recipe(
    steps=2000, batch=16, rank=16, alpha=32, learning_rate=5e-4, projection_rate=0.0, max_tokens=320
)
_KEEP_EVERY, _SAID_EVERY = 100, 20
# Batches' worth of pairs that one of like length is taken from.
_DRAWN = 8


@dataclass(frozen=True, slots=True)
class Pair:
    """A question or claim beside a passage.

    `answers` are the places of the sentences that answer, None for a claim; `label` the place in
    `LABELS` of what the passage says of a claim, None for a question. `is_own`: the text was
    written to this passage, not to another one.
    """

    text: str
    sentences: tuple[str, ...]
    answers: tuple[int, ...] | None
    label: int | None
    part: int
    is_own: bool = True


def pairs(labelled: Sequence[dict[str, Any]], seed: int = 0) -> list[Pair]:
    """Queries with their own passage and with another of the same source, and claims."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    made = [
        Pair(claim.text, claim.sentences, None, LABELS.index(claim.label), claim.part)
        for claim in claims(labelled)
    ]
    for source in sorted({row["source"] for row in labelled}):
        same = [row for row in labelled if row["source"] == source]
        for row in same:
            other = draw.choice(same)
            for query in row["queries"]:
                places = tuple(number - 1 for number in query["sentences"])
                own = tuple(row["sentences"])
                made.append(Pair(query["text"], own, places, None, row["id"]))
                if other is not row:
                    foreign = tuple(other["sentences"])
                    made.append(Pair(query["text"], foreign, (), None, row["id"], is_own=False))
    draw.shuffle(made)
    return made


def near_misses(searches: Sequence[dict[str, Any]]) -> list[Pair]:
    """Where a passage has one: a search that it does not answer, and one that it does.

    Which of its sentences answer is not known: the passage counts as one.
    """
    made = []
    for row in searches:
        if row.get("near_miss"):
            passage, query = (row["passage"],), row["queries"][row["id"] % len(row["queries"])]
            made.append(Pair(row["near_miss"], passage, (), None, row["id"]))
            made.append(Pair(query["text"], passage, (0,), None, row["id"]))
    return made


@dataclass(frozen=True, slots=True)
class Read:
    """Logits: of each pair that it answers [n] and of the three labels [n, 3]; of each sentence."""

    answers: Tensor
    labels: Tensor
    sentences: list[Tensor]


class CrossEncoder:
    """The decoder with LoRA, and the heads, under training."""

    def __init__(self, embedder: Embedder, layers: int, recipe: Recipe = RECIPE) -> None:
        bare = replace(
            embedder.spec, layers=layers, pooling="last", features=(-1,), tensors="", adapter="",
            append_eos=False, max_tokens=recipe.max_tokens,
        )  # fmt: skip
        self._embedder = type(embedder)(bare, embedder.files)
        self._student = Student(self._embedder, recipe, torch.device("cpu"))
        probe = torch.zeros(1, 1, dtype=torch.long)
        width = self._student.encoder.decoder(probe, None, (-1,))[0].shape[-1]
        torch.manual_seed(recipe.seed)
        heads = {"answers": 1, "sentences": 1, "labels": len(LABELS)}
        self.heads = nn.ModuleDict({name: nn.Linear(width, count) for name, count in heads.items()})
        self.recipe = recipe

    @property
    def trainable(self) -> dict[str, nn.Parameter]:
        """What is learnt, by name."""
        return self._student.trainable | dict(self.heads.named_parameters())

    def read(self, batch: Sequence[Pair]) -> Read:
        """One forward pass over each pair, cut at the recipe's `max_tokens`."""
        ids, ends = zip(*map(self._ids, batch), strict=True)
        padded, lengths = right_padded(ids)
        states = self._student.encoder.decoder(padded, None, (-1,))[0].float()
        last = states[torch.arange(len(batch)), lengths - 1]
        each = [
            self.heads["sentences"](states[line, list(places)])[:, 0]
            for line, places in enumerate(ends)
        ]
        return Read(self.heads["answers"](last)[:, 0], self.heads["labels"](last), each)

    def loss(self, batch: Sequence[Pair]) -> Tensor:
        """Binary cross entropy of passage and sentences for questions, cross entropy for claims."""
        found = self.read(batch)
        parts = []
        for line, pair in enumerate(batch):
            if pair.answers is None:
                label = torch.tensor(pair.label)
                parts.append(functional.cross_entropy(found.labels[line], label))
                continue
            target = torch.tensor(float(bool(pair.answers)))
            parts.append(functional.binary_cross_entropy_with_logits(found.answers[line], target))
            each = found.sentences[line]
            right = torch.tensor([float(place in pair.answers) for place in range(len(each))])
            if len(each):
                parts.append(functional.binary_cross_entropy_with_logits(each, right))
        return torch.stack(parts).mean()

    def _ids(self, pair: Pair) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Token ids of question and sentences, and where each sentence that fits ends."""
        pieces = [f"{pair.text}\n", *(f" {sentence}" for sentence in pair.sentences)]
        first, *others = self._embedder.tokenize(pieces)
        start = first[:1]  # what the tokenizer puts before any text, once
        ids, ends = list(first), []
        for other in others:
            ids += other[1:] if start == other[:1] else other
            if len(ids) > self.recipe.max_tokens:
                break
            ends.append(len(ids) - 1)
        return tuple(ids[: self.recipe.max_tokens]), tuple(ends)


def train(model: CrossEncoder, learnt: Sequence[Pair], work: Path, steps: int) -> list[float]:
    """Losses of the steps that were made; those of an earlier call are not repeated."""
    names, parameters = zip(*model.trainable.items(), strict=True)
    optimizer = torch.optim.AdamW(parameters, lr=model.recipe.rate)
    begun = _resume(model, optimizer, work)
    losses: list[float] = []
    began = time.monotonic()
    for step in range(begun, steps):
        for group in optimizer.param_groups:
            group["lr"] = model.recipe.rate * linear_schedule(step, steps, model.recipe.warmup)
        loss = model.loss(_drawn(learnt, model.recipe.batch, step))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if (step + 1) % _SAID_EVERY == 0:
            left = (time.monotonic() - began) / len(losses) * (steps - step - 1) / 60
            mean = sum(losses[-_SAID_EVERY:]) / len(losses[-_SAID_EVERY:])
            click.echo(f"{step + 1}/{steps} loss {mean:.3f}, {left:.0f} min left")
        if (step + 1) % _KEEP_EVERY == 0 or step + 1 == steps:
            _keep(dict(zip(names, parameters, strict=True)), optimizer, work, step + 1)
    return losses


def _drawn(learnt: Sequence[Pair], size: int, step: int) -> list[Pair]:
    """A batch of pairs whose passages are about as long: padding costs a third of the time else."""
    draw = random.Random(step)  # noqa: S311 - no secret
    found = draw.sample(list(learnt), min(_DRAWN * size, len(learnt)))
    found.sort(key=lambda pair: sum(map(len, pair.sentences)))
    start = draw.randrange(0, max(len(found) - size, 0) + 1)
    return found[start : start + size]


def _keep(
    learnt: dict[str, nn.Parameter], optimizer: torch.optim.AdamW, work: Path, step: int
) -> None:
    tensors = {name: p.detach().contiguous() for name, p in learnt.items()}
    for name, parameter in learnt.items():
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"{name}|{key}"] = value.detach().contiguous()
    work.mkdir(parents=True, exist_ok=True)
    write_tensors(work / "cross_encoder.safetensors", tensors)
    write_text(work / "cross_encoder.json", json.dumps({"step": step}))


def _resume(model: CrossEncoder, optimizer: torch.optim.AdamW, work: Path) -> int:
    from safetensors.torch import load_file

    if not (work / "cross_encoder.json").exists():
        return 0
    tensors = load_file(work / "cross_encoder.safetensors")
    with torch.no_grad():
        for name, parameter in model.trainable.items():
            parameter.copy_(tensors[name])
            state = {
                key.partition("|")[2]: value
                for key, value in tensors.items()
                if key.startswith(f"{name}|")
            }
            if state:
                optimizer.state[parameter] = state
    return int(json.loads((work / "cross_encoder.json").read_text(encoding="utf-8"))["step"])


@torch.inference_mode()
def report(model: CrossEncoder, measured: Sequence[Pair]) -> str:
    """What the heads tell apart, of pairs that were not trained on.

    "Answers it": AUROC over all questions. Sentences: of questions whose sentences are known, how
    often the likeliest is one that answers. Claims: macro-F1 of the likeliest label, AUROC of
    "supported".
    """
    answers: dict[bool, list[float]] = {True: [], False: []}
    support: dict[bool, list[float]] = {True: [], False: []}
    first, labels, said = [], [], []
    size = model.recipe.batch
    ordered = sorted(measured, key=lambda pair: sum(map(len, pair.sentences)))
    for batch in (ordered[at : at + size] for at in range(0, len(ordered), size)):
        found = model.read(batch)
        for line, pair in enumerate(batch):
            if pair.answers is not None:
                answers[bool(pair.answers)].append(float(found.answers[line]))
                each = found.sentences[line]
                if pair.answers and len(pair.sentences) > 1 and len(each):
                    first.append(int(each.argmax()) in pair.answers)
            else:
                chances = found.labels[line].softmax(dim=-1)
                support[pair.label == 0].append(float(chances[0]))
                labels.append(pair.label)
                said.append(int(chances.argmax()))
    parts = []
    if all(answers.values()):
        parts.append(f"answers it: AUROC {auroc(answers[True], answers[False]):.3f}")
    if first:
        parts.append(f"its sentence first {sum(first) / len(first):.3f}")
    if all(support.values()):
        parts.append(f"supported: AUROC {auroc(support[True], support[False]):.3f}")
        parts.append(f"claims: macro-F1 {_macro_f1(labels, said):.3f}")
    return "; ".join(parts)


def _macro_f1(right: Sequence[int | None], said: Sequence[int]) -> float:
    scores = []
    for label in range(len(LABELS)):
        true = [one == label for one in right]
        named = [one == label for one in said]
        both = sum(map(bool.__and__, true, named))
        scores.append(2 * both / max(sum(true) + sum(named), 1))
    return sum(scores) / len(scores)


@click.command(help=__doc__)
@click.argument("labelled", type=click.Path(path_type=Path, exists=True))
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--searches", type=click.Path(path_type=Path, exists=True))
@click.option("--layers", default=8, show_default=True)
@click.option("--steps", default=RECIPE.steps, show_default=True)
@click.option("--measured", default=600, show_default=True, help="Held-out pairs of each kind.")
def main(
    labelled: Path, work: Path, searches: Path | None, layers: int, steps: int, measured: int
) -> None:
    """Train a cross-encoder and say what it is worth."""
    from embedder.registry import BUNDLED, Registry

    registry = Registry(work / "embedders", cache=work / "models")
    model = CrossEncoder(registry.load(BUNDLED), layers)
    found = pairs(read_rows(labelled))
    missed = near_misses(read_rows(searches)) if searches else []
    learnt = [pair for pair in (*found, *missed) if pair.part % 10]
    train(model, learnt, work, steps)
    for name, kind in _kinds(found, missed).items():
        held_out = [pair for pair in kind if not pair.part % 10]
        click.echo(f"{name}: {report(model, held_out[:measured])}")


def _kinds(found: Sequence[Pair], missed: Sequence[Pair]) -> dict[str, list[Pair]]:
    """Questions with their own passage alone, with that and another one, and claims."""
    asked = [pair for pair in found if pair.answers is not None]
    answerable = {pair.text for pair in asked if pair.answers}
    return {
        "near misses": [pair for pair in asked if pair.is_own],
        "near misses of searches": list(missed),
        "other passages": [pair for pair in asked if pair.text in answerable],
        "claims": [pair for pair in found if pair.answers is None],
    }


if __name__ == "__main__":
    main()
