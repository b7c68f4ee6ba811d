"""Runs: one training in one folder, from its order to its proof.

order.json      what was asked for: collection, sources, recipe
written.jsonl   questions that the writer asked
examples.jsonl  what it trains on
log.jsonl, state.safetensors   the trainer's
embedder/       what came out: spec, adapter, projection
proof.json      the evaluation; written last but for the outcome
outcome.json    `promoted`, `kept`, `rejected` or `balanced` (only the weight of meaning was
                taken over), and when
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from embedder.atomic import storage_error, write_text
from embedder.errors import FootnoteError
from training.evaluation.proof import Proof
from training.fit.config import Recipe

Outcome = Literal["", "promoted", "kept", "rejected", "balanced", "rolled back"]
_STAMP = "%Y%m%d-%H%M%S"  # sorts by time
_ID = re.compile(r"[0-9a-z-]{1,60}")


class UnknownRunError(FootnoteError):
    """There is no such run."""


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What a run was asked to do. `start` is the embedder that it starts from.

    `kinds` are what to take from the documents: weak pairs (`weak_pairs.KINDS`), and the question
    writer's searches (`training.writer.questions.KIND`); `data` are
    files of further examples; `questions` is a file of labelled ones for the proof; `general`
    is the share of the synthetic groups that come with Footnote. `again` has the collection, of
    `passages` now, trained on anew once it has grown by a tenth.
    """

    collection: str
    start: str
    recipe: Recipe
    kinds: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    questions: str = ""
    general: float = 0.5
    promote: bool = True
    made_at: float = 0.0
    again: bool = False
    passages: int = 0

    def write(self, path: Path) -> None:
        """Write as JSON."""
        write_text(path, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> TrainingRequest:
        """Read what `write` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        values["recipe"] = Recipe(**values["recipe"])
        values |= {name: tuple(values[name]) for name in ("kinds", "data")}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Run:
    """A run's folder and what can be read there."""

    id: str
    folder: Path

    @property
    def request(self) -> TrainingRequest:
        """What was asked for; the files that came with it are in the run's folder."""
        order = TrainingRequest.read(self.folder / "order.json")
        return replace(
            order,
            data=tuple(self._here(path) for path in order.data),
            questions=self._here(order.questions),
        )

    def _here(self, path: str) -> str:
        """A file's copy in this folder, which may have moved with the whole home.

        Never another file: an order may have come with a backup, from anywhere.
        """
        return str(self.folder / "data" / Path(path).name) if path else path

    @property
    def examples(self) -> Path:
        """The file of examples; it may not be there yet."""
        return self.folder / "examples.jsonl"

    @property
    def written(self) -> Path:
        """The file of what the writer asked; it may not be there."""
        return self.folder / "written.jsonl"

    @property
    def embedder(self) -> Path:
        """The folder of what came out; complete where it has a `spec.json`."""
        return self.folder / "embedder"

    @property
    def proof(self) -> Proof | None:
        """The evaluation, once there is one."""
        values = self._json("proof.json")
        return Proof.from_json(values) if values else None

    def write_proof(self, proof: Proof) -> None:
        """Keep the evaluation."""
        self._write("proof.json", proof.to_json())

    @property
    def outcome(self) -> Outcome:
        """What became of it; '' while nothing has."""
        return self._json("outcome.json").get("outcome", "")

    @property
    def kept(self) -> int | None:
        """The step whose weights were kept, 0 for those of the start; None before the end."""
        return self._json("kept.json").get("step")

    def write_kept(self, step: int) -> None:
        """Note which step's weights were kept."""
        self._write("kept.json", {"step": step})

    def forget_proof(self) -> None:
        """Have the run prove itself again when it goes on."""
        (self.folder / "proof.json").unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder; without its order, which goes first, it is no run any more."""
        (self.folder / "order.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder)

    def write_outcome(self, outcome: Outcome) -> None:
        """Note what became of it."""
        self._write("outcome.json", {"outcome": outcome, "at": time.time()})

    def _json(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def _write(self, name: str, values: dict[str, Any]) -> None:
        write_text(self.folder / name, json.dumps(values))


class Runs:
    """All runs of a home, under one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, request: TrainingRequest) -> Run:
        """A new run, named after the time; after the newest one, where the clock was set back.

        What was handed in is copied into its folder: it may be gone when the run gets to it.
        The request is written last. Raises `StorageError`.
        """
        name = f"{self._stamp()}-{secrets.token_hex(2)}"
        folder = self._folder / name
        try:
            folder.mkdir(parents=True)
            request = _with_copies(request, folder / "data")
        except OSError as error:
            raise storage_error(error, folder) from error
        request.write(folder / "order.json")
        return Run(name, folder)

    def _stamp(self) -> str:
        now = time.strftime(_STAMP)
        newest = next(iter(self), None)
        if newest is None or newest.id[: len(now)] < now:
            return now
        try:
            after = time.mktime(time.strptime(newest.id[: len(now)], _STAMP)) + 1
        except ValueError:  # a folder that somebody else has named
            return now
        return time.strftime(_STAMP, time.localtime(after))

    def get(self, name: str) -> Run:
        """The run of this name. Raises `UnknownRunError`."""
        folder = self._folder / name
        if not _ID.fullmatch(name) or not (folder / "order.json").exists():
            raise UnknownRunError(f"there is no run {name!r}")
        return Run(name, folder)

    def __iter__(self) -> Iterator[Run]:
        """Newest first."""
        for path in sorted(self._folder.glob("*/order.json"), reverse=True):
            yield Run(path.parent.name, path.parent)


def _with_copies(request: TrainingRequest, folder: Path) -> TrainingRequest:
    """The request with copies of its files, made in `folder`."""
    given = [*request.data, *([request.questions] if request.questions else [])]
    if not given:
        return request
    folder.mkdir()
    copies = [
        str(shutil.copyfile(path, folder / f"{number}-{Path(path).name}"))
        for number, path in enumerate(given)
    ]
    return replace(
        request,
        data=tuple(copies[: len(request.data)]),
        questions=copies[-1] if request.questions else "",
    )
