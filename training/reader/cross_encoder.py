"""A reader that runs the decoder over question and passage together (a cross-encoder).

    python -m training.reader.cross_encoder LABELLED --work DIR [--layers 12] [--steps 2000]

Question, then the passage's sentences, one forward pass; LoRA on the decoder and three linear
heads: at the last token "this passage answers", at each sentence's last token "this sentence
does", and for a claim in the question's place "supports, contradicts, says nothing". Resumable.

Nothing of it is shipped: two cores without bfloat16 read one or two pairs a second through twelve
layers, so that no run long enough could be measured (docs/log/reader.md). On a stronger machine
its answer would be one more column of `rag.reader.features.PASSAGE`.
"""

from __future__ import annotations

import json
import random
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
from training.fit.config import Recipe
from training.fit.student import Student
from training.reader.material import claims, rows

if TYPE_CHECKING:
    from embedder.model import Embedder

LABELS = ("supported", "contradicted", "unfounded")
RECIPE = Recipe(
    steps=2000, batch=16, rank=16, alpha=32, learning_rate=5e-4, projection_rate=0.0, max_tokens=320
)
_KEEP_EVERY = 100


@dataclass(frozen=True, slots=True)
class Pair:
    """A question or claim beside a passage.

    `answers` are the places of the sentences that answer, None for a claim; `label` the place in
    `LABELS` of what the passage says of a claim, None for a question.
    """

    text: str
    sentences: tuple[str, ...]
    answers: tuple[int, ...] | None
    label: int | None
    part: int


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
                    made.append(Pair(query["text"], foreign, (), None, row["id"]))
    draw.shuffle(made)
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
    losses = []
    for step in range(begun, steps):
        draw = random.Random(step)  # noqa: S311 - no secret
        loss = model.loss(draw.sample(list(learnt), min(model.recipe.batch, len(learnt))))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if (step + 1) % _KEEP_EVERY == 0 or step + 1 == steps:
            _keep(dict(zip(names, parameters, strict=True)), optimizer, work, step + 1)
    return losses


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
    """AUROC of "answers it" over questions, of "supported" over claims."""
    answers: dict[bool, list[float]] = {True: [], False: []}
    support: dict[bool, list[float]] = {True: [], False: []}
    size = model.recipe.batch
    for batch in (measured[at : at + size] for at in range(0, len(measured), size)):
        found = model.read(batch)
        for line, pair in enumerate(batch):
            if pair.answers is not None:
                answers[bool(pair.answers)].append(float(found.answers[line]))
            else:
                chances = found.labels[line].softmax(dim=-1)
                support[pair.label == 0].append(float(chances[0]))
    return (
        f"answers it: AUROC {auroc(answers[True], answers[False]):.3f}; "
        f"supported: AUROC {auroc(support[True], support[False]):.3f}"
    )


@click.command()
@click.argument("labelled", type=click.Path(path_type=Path, exists=True))
@click.option("--work", type=click.Path(path_type=Path), required=True)
@click.option("--layers", default=12, show_default=True)
@click.option("--steps", default=RECIPE.steps, show_default=True)
@click.option("--measured", default=400, show_default=True, help="Held-out pairs to measure on.")
def main(labelled: Path, work: Path, layers: int, steps: int, measured: int) -> None:
    """Train a cross-encoder on LABELLED and say what it is worth."""
    from embedder.registry import Registry

    registry = Registry(work / "embedders", cache=work / "models")
    model = CrossEncoder(registry.load(registry.current()), layers)
    found = pairs(rows(labelled))
    learnt = [pair for pair in found if pair.part % 10]
    losses = train(model, learnt, work, steps)
    if losses:
        click.echo(f"{len(losses)} steps, loss {losses[0]:.3f} → {losses[-1]:.3f}")
    held_out = [pair for pair in found if not pair.part % 10]
    click.echo(report(model, held_out[:measured]))


if __name__ == "__main__":
    main()
