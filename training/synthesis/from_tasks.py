"""Examples out of a taxonomy of tasks, by the published recipe's two steps.

Wang et al. (arXiv 2401.00368, section 3.1): the model first brainstorms tasks, some twenty at a
time; then, in a new conversation each, it writes one example for one task. Symmetric families
have no first step. A reply is kept if it is the JSON asked for and repeats no other.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from pathlib import Path

from rag.llm.client import ChatModel, InterruptedAnswerError, complete
from training.data.examples import Example
from training.synthesis import prompts, replies
from training.synthesis.output_file import OutputFile, lines, opened
from training.synthesis.progress import (
    CallEstimate,
    CallPolicy,
    GenerationRun,
    Made,
    Stage,
    SynthReport,
    tokens,
)
from training.synthesis.replies import UnusableReplyError
from training.synthesis.tasks import FAMILIES, Assignment, Family, assignment

# Published: 150,000 tasks for the 319,000 examples of the asymmetric families.
_EXAMPLES_PER_TASK = 2
_TASK_TOKENS = 25
# English takes 1.3 tokens a word, most other languages more; then there are the JSON's own.
_TOKENS_PER_WORD = 1.6
_FORMAT_TOKENS = 40
# Models write more than asked, and languages that the tokenizer knows badly take several times
# the tokens; beyond this a reply is running wild.
_ROOM = 4
_LEAST_ROOM = 512
# Attempts looked at for an estimate; of more the mean is taken.
_LOOKED_AT = 2000

_UNIT_WORDS = {"phrase": 18, "sentence": 50, "passage": 200}
_FAMILY_WORDS = {"short-short": 25, "long-long": 620}


class TaskSynthesis:
    """Writes `count` examples of the taxonomy into `file`, or goes on with that."""

    def __init__(self, model: ChatModel, file: Path, count: int, seed: int = 0) -> None:
        self._model, self._file, self._count, self._seed = model, file, count, seed

    def estimate(self) -> CallEstimate:
        """What is still to be done takes, brainstorming included."""
        left = self._count - lines(self._file)
        if left <= 0:
            return CallEstimate()
        looked_at = [assignment(n, self._seed) for n in range(min(left, _LOOKED_AT))]
        whole = sum(map(_example_estimate, looked_at), CallEstimate())
        scale = left / len(looked_at)
        total = CallEstimate(left, round(whole.tokens_in * scale), round(whole.tokens_out * scale))
        for family in _asymmetric():
            calls = _brainstorms(family, left)
            total += CallEstimate(
                calls,
                calls * tokens(prompts.brainstorm(family)),
                calls * prompts.BRAINSTORMED * _TASK_TOKENS,
            )
        return total

    def run(self, pace: CallPolicy | None = None) -> SynthReport:
        """Brainstorm what is missing, then write until the file holds `count` examples.

        Raises `StoppedError` (what came is kept) and `OutputFileError`.
        """
        purpose = f"--tasks --seed {self._seed}"
        with opened(self._file, purpose, _identity) as ledger:
            production = GenerationRun(ledger, self._file, pace or CallPolicy())
            with production.kept():
                if ledger.examples < self._count:
                    self._brainstorm(ledger, production)
                    self._write(ledger, production)
            return production.report()

    def _brainstorm(self, ledger: OutputFile, production: GenerationRun) -> None:
        planned = [family for family in _asymmetric() for _ in range(self._missing(family, ledger))]
        while planned:
            self._brainstorm_round(deque(planned), ledger, production)
            # A family that got no list at all is asked again; one list too few does no harm.
            planned = [family for family in _asymmetric() if not ledger.tasks(family.name)]

    def _brainstorm_round(
        self, planned: deque[Family], ledger: OutputFile, production: GenerationRun
    ) -> None:
        total = len(planned)

        def begin(_: int) -> Family | None:
            return planned.popleft() if planned else None

        def put_away(family: Family, made: Made) -> int:
            if made.tasks:
                ledger.add_tasks(family.name, made.tasks)
            return len(made.tasks)

        stage = Stage("brainstorming tasks", lambda: total - len(planned), total)
        production.follow(stage, self._brainstormed, begin, put_away)

    def _missing(self, family: Family, ledger: OutputFile) -> int:
        """Calls that are still to be made for enough tasks of a family."""
        there = math.ceil(len(ledger.tasks(family.name)) / prompts.BRAINSTORMED)
        return max(0, _brainstorms(family, self._count) - there)

    def _brainstormed(self, family: Family) -> Made:
        room = _LEAST_ROOM + prompts.BRAINSTORMED * _TASK_TOKENS  # always in English
        asked = prompts.brainstorm(family)
        try:
            reply = complete(self._model, asked, room)
        except InterruptedAnswerError as error:
            reply = error.partial  # the tasks that are whole are as good as any
        try:
            return Made(tasks=tuple(replies.tasks(reply, asked[0].content)))
        except UnusableReplyError as error:
            return Made(rejected=(error.reason,))

    def _write(self, ledger: OutputFile, production: GenerationRun) -> None:
        pools = {family.name: ledger.tasks(family.name) for family in _asymmetric()}
        numbers = (n for n in itertools.count() if self._name(n) not in ledger.done)

        def begin(flying: int) -> Assignment | None:
            if ledger.examples + flying >= self._count:
                return None
            return assignment(next(numbers), self._seed)

        def put_away(wanted: Assignment, made: Made) -> int:
            added = production.add(made, _identity)
            ledger.finish(self._name(wanted.number))
            return added

        production.follow(
            Stage("writing examples", lambda: ledger.examples, self._count),
            lambda wanted: self._example(wanted, wanted.task(pools.get(wanted.family.name, ()))),
            begin,
            put_away,
        )

    def _example(self, wanted: Assignment, task: str) -> Made:
        room = _LEAST_ROOM + _ROOM * _reply_tokens(wanted)
        reply = complete(self._model, prompts.example(wanted, task), room)
        try:
            texts = replies.triple(reply, wanted.family)
        except UnusableReplyError as error:
            return Made(rejected=(error.reason,))
        made = Example(
            query=texts.query,
            positive=texts.positive,
            negatives=(texts.negative,) if texts.negative else (),
            task=task,
            source=wanted.family.name,
            document=self._name(wanted.number),
        )
        return Made(examples=(made,))

    def _name(self, number: int) -> str:
        """Of the job, and of the document that its positive stands for."""
        return f"tasks-{self._seed}-{number}"


def _identity(example: Example) -> str:
    """Two examples are the same if both their texts are: one label belongs to many texts."""
    return f"{example.query}\n{example.positive}"


def _asymmetric() -> list[Family]:
    return [family for family in FAMILIES if family.brainstormed]


def _brainstorms(family: Family, count: int) -> int:
    """Calls that give enough tasks of a family for `count` examples of all of them."""
    share = family.thousands / sum(one.thousands for one in FAMILIES)
    return math.ceil(count * share / _EXAMPLES_PER_TASK / prompts.BRAINSTORMED)


def _example_estimate(wanted: Assignment) -> CallEstimate:
    prompt = prompts.example(wanted, wanted.family.instruction or "x" * 4 * _TASK_TOKENS)
    return CallEstimate(1, tokens(prompt), _reply_tokens(wanted))


def _reply_tokens(wanted: Assignment) -> int:
    return round(_reply_words(wanted) * _TOKENS_PER_WORD) + _FORMAT_TOKENS


def _reply_words(wanted: Assignment) -> int:
    """How long the texts of the reply are if the model does as it is told."""
    if "unit" in wanted.values:
        return _UNIT_WORDS[wanted.values["unit"]]
    if "num_words" not in wanted.values:
        return _FAMILY_WORDS[wanted.family.name]
    words = int(wanted.values["num_words"].split()[-1])
    return 2 * words + 10 if wanted.family.name == "short-long" else words + 10
