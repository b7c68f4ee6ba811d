"""Who has a say in an answer beside the rules, which depends on the embedders that search took."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rag.evidence.across import Meaning
from rag.reader.reader import Reader


@dataclass(frozen=True, slots=True)
class Judges:
    """`reader` and `meaning`, each None where it has no say.

    The reader judges whether anything answers and what supports a claim; it was fitted on what the
    bundled decoder's vectors say. `meaning` is there where an embedder knows other languages than
    the question's, and chooses the sentences where all documents are in such.
    """

    reader: Reader | None = None
    meaning: Meaning | None = None


# Those for a question to these collections.
JudgesOf = Callable[[Iterable[int]], Judges]


def rules_alone(_: Iterable[int]) -> Judges:
    """Nobody but the rules."""
    return Judges()
