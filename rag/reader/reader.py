"""The reader: shipped weights over `rag.reader.features` and `rag.reader.claims`.

Numpy alone, some 4 MB, loaded with the first question. It knows no embedder: what search says of
a hit is among its features. A reader that runs the decoder over question and passage together
(`training/reader/cross_encoder.py`) would stand beside it as one more feature of a passage.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from indexer.records import Hit
from indexer.sentences import sentences
from rag.evidence.cite import Source
from rag.evidence.quotables import Quotable
from rag.evidence.subject import mistyped
from rag.languages import Language
from rag.question.analysis import Question
from rag.reader import features
from rag.reader.claims import hold
from rag.reader.trees import Trees, probability
from rag.reader.words import WordVectors, nearness

WEIGHTS = Path(__file__).with_name("weights")
# Part of the name of the base on whose vectors' evidence it was fitted: with the vectors of a
# random decoder it refuses what the words alone answer.
FITTED_WITH = "SmolLM2-135M"


# A word that carries so much of the question, and that nothing found holds or resembles: 2 in 450
# answerable questions have one, 30 in 100 that are about something else (docs/log/answers.md).
_LACKING = 0.4
# … but not these: they only say that what is asked about goes on, which nobody need say so.
_GOES_ON = re.compile(
    "hold|holds|held|happens?|happened|occurs?|occurred|conducted|carried|done|given|made|runs?"
    "|taken|performed|arranged|organi[sz]ed|scheduled|go|goes|went|come|comes|came|belongs?"
    "|stattfinden|findet|statt|gehalten|abgehalten|durchgeführt|passiert|geschieht",
    re.IGNORECASE,
)
# "Who funded …?" is answered by nothing that says nothing of funding: of 160 answerable questions
# of the kind one has such a word, and that one is mistyped.
_DONE = re.compile(r"\W*who (?:(?:has|have|had|also|first|originally) )?(\w+)", re.IGNORECASE)
_LACKING_DEED = 0.2


@dataclass(frozen=True, slots=True)
class Hope:
    """The probability that anything found answers, and the line below which we say no.

    The line holds once the rules have had their say (`rag.evidence.abstain.together`). `lacking`
    is a word of the question without which nothing can be its answer, '' where there is none.
    """

    probability: float
    line: float
    lacking: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Trees for passages, sentences, whole questions and claims, and the lines that were drawn.

    `lines` holds `answered`, the confidence from which a question is answered, and `supported`,
    the probability from which a claim is.
    """

    words: WordVectors
    passages: Trees
    sentences: Trees
    questions: Trees
    claims: Trees
    lines: Mapping[str, float]

    def hope(self, question: Question, hits: Sequence[Hit], quotables: Sequence[Quotable]) -> Hope:
        """What there is to hope for an answer in what was found."""
        line = self.lines["answered"]
        if not hits or not quotables:
            return Hope(0.0, line)
        evidence = features.Evidence.of(question, hits, self.words)
        rows = features.sentence_rows(evidence, quotables)
        logits = self.sentences.logits(rows)
        passages = self.passages.logits(features.passage_rows(evidence, _sentences(hits)))
        row = features.question_row(evidence, rows, logits, passages)
        confidence = float(probability(self.questions.logits(row[None]))[0])
        return Hope(confidence, line, _lacking(evidence))

    def support(
        self, claim: str, sources: Sequence[Source], language: Language
    ) -> tuple[float, tuple[int, ...]]:
        """The probability that these sources support a claim, and which of them hold most of it."""
        held = hold(claim, sources, language, self.words)
        return float(probability(self.claims.logits(held.row[None]))[0]), held.place


def _lacking(evidence: features.Evidence) -> str:
    """The weightiest word that no passage holds and no word of them is near to, as it was asked."""
    question, matches = evidence.question, evidence.matches
    near = matches.best(term for text in (*evidence.heads, *evidence.passages) for term in text)
    missing = matches.weights * (1.0 - nearness(near))
    words = list(question.weights)
    done = _DONE.match(question.text)
    deed = question.terms_of(done[1]) if done else frozenset()
    lines = [_LACKING_DEED if deed & set(word) else _LACKING for word in words]
    lacking = [(value, n) for n, value in enumerate(missing) if value >= lines[n]]
    if not lacking:
        return ""
    terms = words[max(lacking)[1]]
    said = re.findall(r"\w+", question.text)
    word = next((each for each in said if set(terms) & question.terms_of(each)), "")
    known = _GOES_ON.fullmatch(word) or mistyped(word, evidence.hits)
    return "" if known else word


def _sentences(hits: Sequence[Hit]) -> list[list[str]]:
    return [
        [hit.passage.text[start:end] for start, end in sentences(hit.passage.text)] for hit in hits
    ]


@cache
def shipped() -> Reader:
    """The reader that is shipped."""
    return read(WEIGHTS)


def read(folder: Path) -> Reader:
    """Read a reader from its folder."""
    from safetensors.numpy import load_file

    vectors = WordVectors.read(folder / "words.safetensors")
    trees = load_file(folder / "trees.safetensors")
    spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    return Reader(
        vectors,
        Trees.read(trees, "passages"),
        Trees.read(trees, "sentences"),
        Trees.read(trees, "questions"),
        Trees.read(trees, "claims"),
        spec["lines"],
    )
