"""The training loop: batches → one contrastive loss → AdamW; resumable, the same for one seed.

It runs alike on a processor, on a GPU, and on several under `accelerate launch`. Whatever a
step needs to know is made of the recipe, the examples and the number of the step, so a run
that was killed continues from its last checkpoint to the same end.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from embedder.atomic import storage_error, write_tensors, write_text
from training.evaluation.metrics import bootstrap
from training.fit.batches import Batch, batch_of, plan
from training.fit.config import RecipeError
from training.fit.distillation import Teaching
from training.fit.grad_cache import accumulate, accumulate_cached, chunked
from training.fit.log import LOG
from training.fit.loss import accuracy, info_nce, linear_schedule
from training.fit.student import Student

if TYPE_CHECKING:
    from accelerate import Accelerator

    from training.data.examples import Example
    from training.fit.config import Recipe
    from training.fit.dev_set import Development
    from training.fit.distillation import Teacher

_STATE = "state.safetensors"
_MAP = "teaching/map"


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far a run is. `development` is the latest look's score; times are in seconds."""

    step: int
    steps: int
    loss: float
    accuracy: float
    learning_rate: float
    development: float | None
    seconds: float
    seconds_left: float


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a run came to: the step whose weights were kept, and whether it ran to its end."""

    steps: int
    best_step: int
    development_before: float | None
    development_after: float | None
    finished: bool


class Trainer:
    """One run, in one `folder`. Make it anew over the same folder to continue."""

    def __init__(
        self,
        student: Student,
        examples: Sequence[Example],
        recipe: Recipe,
        folder: Path,
        *,
        development: Development | None = None,
        teacher: Teacher | None = None,
    ) -> None:
        if recipe.is_taught and teacher is None:
            raise RecipeError("distillation is above 0, but there is no teacher to learn from")
        self._team = team_on(student.device)
        self._student, self._examples, self._recipe = student, examples, recipe
        self._folder, self._development = folder, development
        self._teaching: Teaching | None = None
        if teacher and recipe.is_taught:
            self._teaching = Teaching(teacher, student, examples, recipe)
        beside = self._teaching.groups() if self._teaching else []
        self._optimizer = torch.optim.AdamW([*student.groups(), *beside])
        self._rates = [group["lr"] for group in self._optimizer.param_groups]
        self._step = 0
        self._looks: list[tuple[int, float]] = []
        self._start: list[float] = []  # what the first look found, question by question
        self._kept: tuple[int, float] | None = None
        self._best: dict[str, Tensor] = {}
        self._seconds = self._looking = 0.0  # in all, and of it at the development part
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / _STATE).exists():
            self._restore()
        if self._team.is_main_process:
            _forget_after(folder / LOG, self._step)

    def run(
        self,
        progress: Callable[[StepProgress], None] = lambda state: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> TrainingResult:
        """Train to the end, or until cancelled; the student then has the best weights."""
        recipe = self._recipe
        steps = plan(self._examples, recipe.batch, recipe.steps, recipe.seed)
        began = time.monotonic() - self._seconds
        if not self._looks:
            self._look()
        while self._step < len(steps) and not self._is_stuck():
            if cancelled():
                self._seconds = time.monotonic() - began
                self._save()
                return self._result(finished=False)
            batch = batch_of(
                [self._examples[place] for place in steps[self._step]], recipe.negatives
            )
            loss, right = self._train_on(batch)
            self._step += 1
            if self._step % recipe.evaluate_every == 0 or self._step == len(steps):
                self._look()
            self._seconds = time.monotonic() - began
            state = self._state_of_work(loss, right)
            self._log(state)
            if self._step % recipe.evaluate_every == 0:
                self._save()
            progress(state)
        self._save()
        if self._best:
            self._student.load(self._best)
        return self._result(finished=True)

    def _train_on(self, batch: Batch) -> tuple[float, float]:
        """One optimiser step: the loss, and the share of queries that came first."""
        student, recipe = self._student, self._recipe
        chunks = chunked(
            student.query_ids(batch.queries, batch.tasks),
            student.passage_ids(batch.passages, recipe.max_tokens),
            student.embedder.compute.tokens_a_batch,
        )
        positive = torch.tensor(batch.positive, device=student.device)
        taught = self._teaching.about(batch) if self._teaching else None
        value = 0.0

        def loss(vectors: Tensor) -> Tensor:
            nonlocal value
            queries, passages = vectors[: len(positive)], vectors[len(positive) :]
            found = info_nce(queries, passages, positive, recipe.temperature)
            if taught is not None:
                found = found + taught(queries, passages)
            value = float(found.detach())
            return found

        factor = linear_schedule(self._step, recipe.steps, recipe.warmup)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._optimizer.zero_grad(set_to_none=True)
        student.encoder.train()
        seed = recipe.seed + self._step
        if self._team.num_processes > 1 or sum(c.tokens for c in chunks) > recipe.tokens_in_memory:
            parameters = list(student.trainable.values())
            vectors = accumulate_cached(student.encode, chunks, loss, seed, self._team, parameters)
        else:
            vectors = accumulate(student.encode, chunks, loss, seed)
        torch.nn.utils.clip_grad_norm_(list(student.trainable.values()), 1.0)
        self._optimizer.step()
        return value, accuracy(vectors[: len(positive)], vectors[len(positive) :], positive)

    def _look(self) -> None:
        """Measure on the development part; keep the weights if they are the best so far.

        What is better than the start by chance alone is not kept: steps that teach nothing
        about the documents still move the vectors (docs/log/loop.md, The loop).
        """
        if self._development is None:
            return
        began = time.monotonic()
        self._student.encoder.eval()
        found = self._development.reciprocal_ranks(self._student)
        score = sum(found) / len(found)
        self._start = self._start or found
        gains = [after - before for after, before in zip(found, self._start, strict=True)]
        certain = not self._looks or bootstrap(gains).low > 0
        if certain and (not self._kept or score > self._kept[1]):
            self._best = {n: p.detach().clone() for n, p in self._student.trainable.items()}
            self._kept = (self._step, score)
        self._looks.append((self._step, score))
        self._looking += time.monotonic() - began

    def _is_stuck(self) -> bool:
        """Whether the last `patience` looks brought nothing better than one before them."""
        scores = [score for _, score in self._looks]
        late = self._recipe.patience
        return len(scores) > late and max(scores[-late:]) <= max(scores[:-late])

    def _result(self, *, finished: bool) -> TrainingResult:
        step, after = self._kept or (self._step, None)
        before = self._looks[0][1] if self._looks else None
        return TrainingResult(self._step, step, before, after, finished)

    def _state_of_work(self, loss: float, right: float) -> StepProgress:
        left = self._recipe.steps - self._step
        seconds_left = (self._seconds - self._looking) / self._step * left
        if self._looks:
            looks = -(-left // self._recipe.evaluate_every)
            seconds_left += self._looking / len(self._looks) * looks
        return StepProgress(
            step=self._step,
            steps=self._recipe.steps,
            loss=loss,
            accuracy=right,
            learning_rate=self._optimizer.param_groups[0]["lr"],
            development=self._looks[-1][1] if self._looks else None,
            seconds=self._seconds,
            seconds_left=seconds_left,
        )

    def _log(self, state: StepProgress) -> None:
        if self._team.is_main_process:
            try:
                with (self._folder / LOG).open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(state)) + "\n")
            except OSError as error:
                raise storage_error(error, self._folder / LOG) from error

    def _save(self) -> None:
        """Write the whole state as one safetensors file. Raises `StorageError`."""
        if not self._team.is_main_process:
            return
        tensors: dict[str, Tensor] = {}
        for name, parameter in self._learnt().items():
            tensors[f"now/{name}"] = parameter.detach()
            for key, moment in self._optimizer.state.get(parameter, {}).items():
                tensors[f"{key}/{name}"] = moment
        tensors |= {f"best/{name}": value for name, value in self._best.items()}
        known = {
            "step": self._step,
            "looks": self._looks,
            "start": self._start,
            "kept": self._kept,
            "seconds": self._seconds,
            "looking": self._looking,
        }
        contiguous = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
        write_tensors(self._folder / _STATE, contiguous, {"state": json.dumps(known)})

    def _learnt(self) -> dict[str, nn.Parameter]:
        """By name what the optimiser changes: the student's weights, and the teacher's map."""
        map_ = self._teaching.map if self._teaching else None
        return self._student.trainable | ({} if map_ is None else {_MAP: map_})

    def _restore(self) -> None:
        from safetensors import safe_open

        with safe_open(self._folder / _STATE, "pt") as file:
            known = json.loads(file.metadata()["state"])
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        now = _under("now", stored)
        self._best = {n: v.to(self._student.device) for n, v in _under("best", stored).items()}
        for name, parameter in self._learnt().items():
            parameter.data.copy_(now[name])
            state: dict[str, Any] = {
                key: stored[f"{key}/{name}"]
                for key in ("step", "exp_avg", "exp_avg_sq")
                if f"{key}/{name}" in stored
            }
            for key in state.keys() - {"step"}:
                state[key] = state[key].to(parameter.device)
            if state:
                self._optimizer.state[parameter] = state
        self._step, self._seconds = known["step"], known["seconds"]
        self._looks = [tuple(look) for look in known["looks"]]
        self._looking = known.get("looking", 0.0)  # not there in earlier states
        self._start = known["start"]
        self._kept = tuple(known["kept"]) if known["kept"] else None


def team_on(device: torch.device) -> Accelerator:
    """The processes that train together: one, or as many as `accelerate launch` has started.

    Asked for before anything is put on a GPU, it sees to it that each process takes its own.
    """
    from accelerate import Accelerator

    return Accelerator(cpu=device.type == "cpu")


def _under(part: str, stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    prefix = f"{part}/"
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in stored.items()
        if name.startswith(prefix)
    }


def _forget_after(log: Path, step: int) -> None:
    """Drop the rows of steps that will be taken again, and a row that was cut off."""
    if not log.exists():
        return
    lines = log.read_text(encoding="utf-8").splitlines()[:step]
    write_text(log, "".join(line + "\n" for line in lines))
