"""The question writer, from passages with searches to shipped weights: one command, resumable.

    python -m training.writer.train QUERIES --work DIR [--steps N] [--output FOLDER]

QUERIES is `queries.jsonl.xz` of the shared data. The base reads each passage as it is, without a
gradient; LoRA on all layers learns to continue it, both searches of a passage at once. What
learns is thus a third of the tokens.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from embedder.atomic import write_tensors
from training.writer.material import Tokens, as_tokens, batches, read_written
from training.writer.writer import ADAPTER, SPEC, load_writing, padded

if TYPE_CHECKING:
    from torch import Tensor, nn

    from embedder.spec import EmbedderSpec


_STATE = "state.safetensors"
_LOOKED_AT = 96


@dataclass(frozen=True, slots=True)
class Numbers:
    """How it is trained."""

    steps: int = 250
    batch: int = 16
    rank: int = 8
    alpha: int = 16
    rate: float = 1.5e-3
    warmup: int = 8
    save_every: int = 8
    look_every: int = 100
    seed: int = 0


_USUAL = Numbers()
# Keys and values of its own few tokens matter little beside those of the passage.
_TARGETS = ["q_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Training:
    """The writer under training in a folder of work; made anew over it, it goes on."""

    def __init__(self, numbers: Numbers, work: Path, spec: EmbedderSpec = SPEC) -> None:
        import torch

        self.numbers, self.work, self._base = numbers, work, spec.base
        torch.manual_seed(numbers.seed)
        self.form, self.reading, self.writing = load_writing(work / "models", spec)
        _inject(self.writing, numbers)
        self.trainable = {n: p for n, p in self.writing.named_parameters() if p.requires_grad}
        self.optimizer = torch.optim.AdamW(
            list(self.trainable.values()), lr=numbers.rate, weight_decay=0.01, betas=(0.9, 0.95)
        )
        self.step = 0
        if (work / _STATE).exists():
            self._restore()

    def loss(self, batch: Sequence[Tokens]) -> tuple[Tensor, int]:
        """The mean loss of a token of the searches, and how many tokens there were."""
        from torch.nn import functional

        from embedder.decoder.generation import continue_prefix, logits, read_prefix

        passages, lengths = padded([one.passage for one in batch])
        prefix = read_prefix(self.reading, passages, lengths)
        ids, wanted = _searches(batch)
        states = continue_prefix(self.writing, ids, prefix)[:, :, :-1]
        wanted = wanted[:, :, 1:]
        heard = wanted >= 0
        said = logits(self.writing, states[heard])
        return functional.cross_entropy(said, wanted[heard]), int(heard.sum())

    def run(self, examples: Sequence[Tokens], held: Sequence[Tokens]) -> Iterator[dict[str, Any]]:
        """Train to the last step; what each came to."""
        from torch.nn.utils import clip_grad_norm_

        numbers = self.numbers
        order = batches(examples, numbers.batch, numbers.seed)
        for batch in itertools.islice(order, self.step, numbers.steps):
            began = time.monotonic()
            factor = min((self.step + 1) / numbers.warmup, 1 - self.step / numbers.steps)
            for group in self.optimizer.param_groups:
                group["lr"] = numbers.rate * factor
            loss, tokens = self.loss(batch)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            clip_grad_norm_(list(self.trainable.values()), 1.0)
            self.optimizer.step()
            self.step += 1
            state: dict[str, Any] = {"step": self.step, "loss": round(loss.item(), 4)}
            if self.step % numbers.save_every == 0 or self.step == numbers.steps:
                self._save()
            if self.step % numbers.look_every == 0 or self.step == numbers.steps:
                state["held out"] = round(self.held_out(held), 4)
            yield state | {"tokens": tokens, "seconds": round(time.monotonic() - began, 2)}

    def held_out(self, held: Sequence[Tokens]) -> float:
        """Loss a token on passages that are not trained on."""
        import torch

        size = self.numbers.batch
        cut = [held[place : place + size] for place in range(0, len(held), size)]
        with torch.no_grad():
            found = [(loss.item() * count, count) for loss, count in map(self.loss, cut)]
        return sum(loss for loss, _ in found) / sum(count for _, count in found)

    def ship(self, output: Path) -> None:
        """The adapter in peft's layout, in half precision."""
        output.mkdir(parents=True, exist_ok=True)
        tensors = {
            "base_model.model." + name.replace(".default.", "."): value.detach().half().contiguous()
            for name, value in self.trainable.items()
        }
        write_tensors(output / "adapter_model.safetensors", tensors)
        numbers = self.numbers
        config = {
            "peft_type": "LORA",
            "r": numbers.rank,
            "lora_alpha": numbers.alpha,
            "target_modules": _TARGETS,
            "base_model_name_or_path": self._base,
        }
        (output / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")

    def _save(self) -> None:
        tensors = {f"now/{name}": value.detach() for name, value in self.trainable.items()}
        for name, value in self.trainable.items():
            for key, moment in self.optimizer.state[value].items():
                tensors[f"{key}/{name}"] = moment
        tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
        write_tensors(self.work / _STATE, tensors, {"step": str(self.step)})

    def _restore(self) -> None:
        import torch
        from safetensors import safe_open

        with safe_open(self.work / _STATE, "pt") as file, torch.no_grad():
            self.step = int(file.metadata()["step"])
            for name, value in self.trainable.items():
                value.copy_(file.get_tensor(f"now/{name}"))
                self.optimizer.state[value] = {
                    key: file.get_tensor(f"{key}/{name}")
                    for key in ("step", "exp_avg", "exp_avg_sq")
                }


def _inject(decoder: nn.Module, numbers: Numbers) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(r=numbers.rank, lora_alpha=numbers.alpha, target_modules=_TARGETS)
    inject_adapter_in_model(config, decoder)
    for name, parameter in decoder.named_parameters():
        parameter.requires_grad_("lora_" in name)


def _searches(batch: Sequence[Tokens]) -> tuple[Tensor, Tensor]:
    """Ids [texts, n, length] of the searches, and of what is learnt: -1 elsewhere."""
    rows = [ids for one in batch for ids in one.searches]
    openings = [count for one in batch for count in one.openings]
    learnt = [[-1] * count + ids[count:] for ids, count in zip(rows, openings, strict=True)]
    shape = (len(batch), len(batch[0].searches), -1)
    return padded(rows)[0].view(shape), padded(learnt, -1)[0].view(shape)


@click.command(help=__doc__)
@click.argument("queries", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--steps", default=_USUAL.steps)
@click.option("--batch", default=_USUAL.batch)
@click.option("--rate", default=_USUAL.rate)
@click.option("--output", type=click.Path(path_type=Path), help="Default: the shipped writer.")
def main(
    queries: Path, work: Path, steps: int, batch: int, rate: float, output: Path | None
) -> None:
    """Train what is not trained yet, and ship it."""
    work.mkdir(parents=True, exist_ok=True)
    training = Training(Numbers(steps=steps, batch=batch, rate=rate), work)
    examples = [as_tokens(one, training.form) for one in read_written(queries)]
    held = [as_tokens(one, training.form) for one in read_written(queries, held_out=True)]
    for state in training.run(examples, held[:_LOOKED_AT]):
        click.echo(json.dumps(state))
    training.ship(output or ADAPTER)


if __name__ == "__main__":
    main()
