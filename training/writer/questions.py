"""Questions that the writer asks about a collection's passages, kept as they come.

Some passages of the training part are asked about to learn from, some of the proof part to prove
with. A run that was broken off goes on with the next passage.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from training.data.examples import Example, read_examples
from training.data.weak_pairs import DEFAULT_KINDS
from training.evaluation.asking import WRITER
from training.synthesis.output_file import opened

if TYPE_CHECKING:
    from training.data.split import SplitPassage

# The source of its questions, and what a run is ordered to take them by.
KIND = WRITER
# What a run takes of the documents unless it is told otherwise.
USUAL_KINDS = (KIND, *DEFAULT_KINDS)
# Passages that are asked about at once, and the styles that they are asked in, by turns: each
# passage gets four, and over a collection all of them come up.
AT_ONCE = 16
_TURNS = (
    ("question", "situation", "keywords", "fact"),
    ("how to", "specific", "question", "informal"),
    ("why", "fact", "other words", "question"),
    ("situation", "vague", "question", "broad"),
)
A_PASSAGE = len(_TURNS[0])
# Passages of so many characters say something to ask about.
_FEWEST_CHARACTERS = 200
_LANGUAGES = ("", "en")


class Writing(Protocol):
    """What asking needs of `training.writer.writer.Writer`."""

    def write(self, passages: Sequence[str], styles: Sequence[str]) -> list[list[str]]:
        """Of each passage a search in each style, less those that say nothing."""
        ...


def asked_about(sources: Sequence[SplitPassage], most: int, seed: int) -> list[SplitPassage]:
    """The passages to ask about, drawn from those that say something in English."""
    able = [
        one
        for one in sources
        if one.language in _LANGUAGES and len(one.passage.text) >= _FEWEST_CHARACTERS
    ]
    return random.Random(seed).sample(able, min(most, len(able)))  # noqa: S311 - no secret


def asked(
    path: Path,
    sources: Sequence[SplitPassage],
    writer: Callable[[], Writing],
    progress: Callable[[int], None] = lambda done: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Example] | None:
    """The questions to `sources`, written to `path` as they come; None where it was cancelled.

    What is there already is not asked again; the writer is only loaded where something is missing.
    """
    writing: Writing | None = None
    with opened(path, KIND, lambda example: example.query) as file:
        missing = [one for one in sources if _job(one) not in file.done]
        for place in range(0, len(missing), AT_ONCE):
            if cancelled():
                return None
            progress(len(sources) - len(missing) + place)
            some = missing[place : place + AT_ONCE]
            writing = writing or writer()
            styles = _TURNS[some[0].passage.id % len(_TURNS)]
            for one, texts in zip(some, writing.write([each.text for each in some], styles),
                                  strict=True):  # fmt: skip
                for text in texts:
                    file.add(_example(one, text), text)
                file.finish(_job(one))
    return read_examples(path) if path.stat().st_size else []


def _job(source: SplitPassage) -> str:
    return str(source.passage.id)


def _example(source: SplitPassage, query: str) -> Example:
    return Example(query, source.text, source=KIND, document=source.unit, passage=source.passage.id)
