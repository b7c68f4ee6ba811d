"""What the reader looks at: a question beside sentences, passages and all that was found. Pure.

Three tables, a row for each sentence, each passage and each question. Nothing in them depends on
the scale of an embedder's cosines: an embedder that was trained further, or none, is read by the
same trees. A value that is not there is NaN.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from indexer.keyword.analysis import index_terms
from indexer.records import Hit
from rag.evidence import abstain
from rag.evidence.quotables import Quotable
from rag.question.analysis import Question
from rag.reader import cues
from rag.reader.words import Matches, WordVectors

# Name of each sentence feature and whether more of it may only help (1), only hurt (-1) or both.
SENTENCE = {
    "exact": 1, "exact with head": 1, "exact with neighbours": 1,
    "soft": 1, "soft with head": 1, "soft with neighbours": 1,
    "exact of passage": 1, "soft of passage": 1,
    "missing": -1, "missing in passage": -1,
    "adjacent": 1, "kind": 1, "asked": 0, "names": 1, "names in passage": 1,
    "question": -1, "length": 0, "new": 0, "order": 0, "figures": 0, "capitals": 0,
    "ends": 0, "below best in passage": 1, "below best": 1, "rank in passage": -1,
    "hit": -1, "fused below best": 1, "keyword share": 1, "dense below best": 1, "words": 0,
}  # fmt: skip
PASSAGE = {
    "exact": 1, "soft": 1, "exact with head": 1, "soft with head": 1, "soft of best sentence": 1,
    "soft of best two": 1, "missing": -1, "adjacent": 1, "kind": 1, "asked": 0, "names": 1,
    "length": 0, "fused below best": 1, "keyword share": 1, "dense below best": 1,
    "keyword rank": -1, "dense rank": -1, "rank": -1, "words": 0,
}  # fmt: skip

QUESTION = {
    "best sentence": 1, "best passage": 1, "exact": 1, "exact with head": 1, "soft with head": 1,
    "exact of passage": 1, "soft of passage": 1, "missing": -1, "names": 1, "kind": 1,
    "margin": 1, "agreement": 1, "evidence": 1, "asked": 0, "words": 0,
    "exact of kind": 1, "missing of kind": -1,
}  # fmt: skip

_FIGURE = re.compile(r"\d")
_CAPITAL = re.compile(r"(?<=\w )[A-ZÀ-ÖØ-Þ]")
_NO_RANK = 200.0
_CLOSE = 3  # terms apart that two neighbouring words of a question may stand


@dataclass(frozen=True, slots=True)
class Evidence:
    """A question held against the texts found: shared by all the tables."""

    question: Question
    hits: Sequence[Hit]
    matches: Matches
    heads: tuple[tuple[str, ...], ...]
    passages: tuple[tuple[str, ...], ...]
    kind: int
    names: tuple[str, ...]

    @classmethod
    def of(cls, question: Question, hits: Sequence[Hit], vectors: WordVectors) -> Evidence:
        """Look up every word of the hits once."""
        heads = tuple(_terms(question, _head(hit)) for hit in hits)
        passages = tuple(_terms(question, hit.passage.text) for hit in hits)
        matches = Matches.of(question.weights, (*heads, *passages), vectors)
        kind = cues.asked_kind(question)
        return cls(question, hits, matches, heads, passages, kind, cues.named(question.text))


def sentence_rows(evidence: Evidence, quotables: Sequence[Quotable]) -> np.ndarray:
    """Floats [quotables, `SENTENCE`]."""
    question, matches = evidence.question, evidence.matches
    terms = [_terms(question, quotable.text) for quotable in quotables]
    own = [matches.best(each) for each in terms]
    heads = [matches.best(head) for head in evidence.heads]
    headed = [
        np.maximum(best, _with_topic(heads[q.hit], evidence, q.topic))
        for best, q in zip(own, quotables, strict=True)
    ]
    whole = [
        np.maximum(matches.best(passage), head)
        for passage, head in zip(evidence.passages, heads, strict=True)
    ]
    found = [_found(hit, evidence.hits) for hit in evidence.hits]
    all_of = [_all_of(hit) for hit in evidence.hits]
    plain_heads = [_head(hit).casefold() for hit in evidence.hits]
    softs = np.array([matches.soft(best) for best in headed])
    places = np.array([quotable.hit for quotable in quotables])
    rows = np.empty((len(quotables), len(SENTENCE)))
    for line, quotable in enumerate(quotables):
        near = headed[line]
        for other in (line - 1, line + 1):
            if 0 <= other < len(quotables) and quotables[other].hit == quotable.hit:
                near = np.maximum(near, own[other])
        same = softs[places == quotable.hit]
        text = quotable.text
        around = f"{text} {quotable.topic}".casefold() + plain_heads[quotable.hit]
        rows[line] = (
            matches.exact(own[line]), matches.exact(headed[line]), matches.exact(near),
            matches.soft(own[line]), softs[line], matches.soft(near),
            matches.exact(whole[quotable.hit]), matches.soft(whole[quotable.hit]),
            matches.missing(headed[line]), matches.missing(whole[quotable.hit]),
            adjacent(question, terms[line]),
            cues.answers_kind(question, evidence.kind, text), evidence.kind,
            cues.share_named(evidence.names, around),
            cues.share_named(evidence.names, all_of[quotable.hit]),
            text.rstrip().endswith(("?", "？", "؟")),
            math.log1p(len(text.split())),
            math.log1p(_new(matches, terms[line])),
            min(quotable.order, 12), len(_FIGURE.findall(text)) > 0,
            min(len(_CAPITAL.findall(text)), 5),
            text.rstrip("\"'”’)»").endswith((".", "!", "。", "।", ";")),
            softs[line] - same.max(), softs[line] - softs.max(),
            min(float((same > softs[line]).sum()), 8.0),
            found[quotable.hit].place, found[quotable.hit].fused, found[quotable.hit].keyword,
            found[quotable.hit].dense, math.log1p(len(question.weights)),
        )  # fmt: skip
    return rows


def passage_rows(evidence: Evidence, sentences: Sequence[Sequence[str]]) -> np.ndarray:
    """Floats [hits, `PASSAGE`]; `sentences` are the texts of each hit's sentences."""
    question, matches = evidence.question, evidence.matches
    rows = np.empty((len(evidence.hits), len(PASSAGE)))
    for line, hit in enumerate(evidence.hits):
        terms = evidence.passages[line]
        own, head = matches.best(terms), matches.best(evidence.heads[line])
        both = np.maximum(own, head)
        each = [matches.best(_terms(question, text)) for text in sentences[line]] or [own]
        pairs = [np.maximum(a, b) for a, b in pairwise(each)] or each
        kinds = [cues.answers_kind(question, evidence.kind, text) for text in sentences[line]]
        found = _found(hit, evidence.hits)
        rows[line] = (
            matches.exact(own), matches.soft(own), matches.exact(both), matches.soft(both),
            max(map(matches.soft, each)), max(map(matches.soft, pairs)), matches.missing(both),
            adjacent(question, terms), max(kinds, default=0.0), evidence.kind,
            cues.share_named(evidence.names, _all_of(hit)), math.log1p(len(terms)),
            found.fused, found.keyword, found.dense, found.keyword_rank, found.dense_rank,
            found.place, math.log1p(len(question.weights)),
        )  # fmt: skip
    return rows


def question_row(
    evidence: Evidence, sentences: np.ndarray, logits: np.ndarray, passages: np.ndarray
) -> np.ndarray:
    """Floats [`QUESTION`]: what there is to hope for an answer.

    `sentences` are `sentence_rows`, `logits` what the reader says of each, `passages` what it
    says of each hit.
    """
    column = {name: sentences[:, place] for place, name in enumerate(SENTENCE)}
    best = int(logits.argmax())
    return np.array([
        logits.max(), passages.max(), column["exact"].max(), column["exact with head"].max(),
        column["soft with head"].max(), column["exact of passage"].max(),
        column["soft of passage"].max(), column["missing in passage"].min(),
        column["names in passage"].max(), column["kind"][best],
        abstain.margin(evidence.hits) / (evidence.question.information or 1.0),
        abstain.agreement(evidence.hits), max(hit.score for hit in evidence.hits), evidence.kind,
        math.log1p(len(evidence.question.weights)), *of_kind(sentences),
    ])  # fmt: skip


def of_kind(sentences: np.ndarray) -> tuple[float, float]:
    """How much of the question the sentences hold that hold what is asked for, with their heads.

    The most that one of them holds, and the weightiest word that the best of them lacks; "how
    many days of leave?" is not answered by the days on one page and the leave on another.
    """
    names = list(SENTENCE)
    fit = sentences[sentences[:, names.index("kind")] >= 0.0]
    if not len(fit):
        return 0.0, 1.0
    return float(fit[:, names.index("exact with head")].max()), float(
        fit[:, names.index("missing")].min()
    )


def adjacent(question: Question, terms: Sequence[str]) -> float:
    """Share of the neighbouring words of a question that stand as near to each other in a text."""
    words = list(question.weights)
    if len(words) < 2:
        return 0.0
    places: dict[str, list[int]] = {}
    for place, term in enumerate(terms):
        places.setdefault(term, []).append(place)
    stand = [[place for term in word for place in places.get(term, ())] for word in words]
    close = sum(
        any(0 < abs(a - b) <= _CLOSE for a in first for b in second)
        for first, second in pairwise(stand)
    )
    return close / (len(words) - 1)


def _with_topic(head: np.ndarray, evidence: Evidence, topic: str) -> np.ndarray:
    """What title and headings hold of a question, with the heading inside the passage."""
    if not topic:
        return head
    return np.maximum(head, evidence.matches.best(_terms(evidence.question, topic)))


def _terms(question: Question, text: str) -> tuple[str, ...]:
    """Index terms in order, once for each language that the documents may be in."""
    return tuple(term for code in question.languages for term in index_terms(text, code).split())


def _head(hit: Hit) -> str:
    return " ".join((hit.document.title, *hit.passage.headings))


def _all_of(hit: Hit) -> str:
    return f"{_head(hit)} {hit.passage.text}".casefold()


def _new(matches: Matches, terms: Sequence[str]) -> int:
    """How many different terms of a text no word of the question stands for."""
    places = [matches.columns[term] for term in set(terms) if term in matches.columns]
    if not places or not len(matches.weights):
        return len(set(terms))
    return int((matches.cosines[:, places].max(axis=0) < 1.0).sum())


@dataclass(frozen=True, slots=True)
class _Found:
    """How a hit was found beside the others.

    `place` counts the hits of more fused evidence, `fused` is how far below the best it is;
    `keyword` its share of the best BM25; `dense` its cosine below the best, in standard
    deviations of all the hits'; then the logarithms of its ranks.
    """

    place: float
    fused: float
    keyword: float
    dense: float
    keyword_rank: float
    dense_rank: float


def _found(hit: Hit, hits: Sequence[Hit]) -> _Found:
    keyword = max((one.keyword_score or 0.0 for one in hits), default=0.0)
    cosines = [one.dense_score for one in hits if one.dense_score is not None]
    dense = math.nan
    if hit.dense_score is not None and len(cosines) > 1:
        dense = (hit.dense_score - max(cosines)) / max(float(np.std(cosines)), 1e-3)
    return _Found(
        min(sum(one.score > hit.score for one in hits), 10),
        hit.score - max(one.score for one in hits),
        (hit.keyword_score or 0.0) / keyword if keyword else 0.0,
        dense,
        math.log(hit.keyword_rank or _NO_RANK),
        math.log(hit.dense_rank or _NO_RANK) if cosines else math.nan,
    )
