"""Claim by claim: does what a sentence cites hold it, and where? Pure.

A sentence is supported when nearly all of its content stands in one place of the source (a
sentence or two neighbours, with title and headings), and when its numbers, names and negation
agree with that place. A wrong number makes a sentence wrong however much of it agrees. This is
agreement of words: it knows no synonyms, and cannot tell two facts apart that a sentence
crosses ("14 weeks at half pay and 6 at full" for the reverse).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from indexer.keyword.analysis import query_words
from indexer.records import Hit
from rag.evidence.numbers import in_figures, unsaid
from rag.evidence.quotables import Quotable
from rag.languages import ENGLISH, Language, content_words, language_of
from rag.question.analysis import terms_of
from rag.records import Verdict

# Shares of a claim's content words that must stand in its source. Measured by
# `python -m benchmarks.claims`.
_SUPPORTED = 0.75
_PARTLY = 0.5
# A claim of fewer content words agrees with too many sentences to be held by one.
_LEAST_WORDS = 2
# A claim may draw on two neighbouring sentences only if together they hold this much more of it
# than the better one alone; else the neighbour would lend its numbers and its "not".
_BOTH_ADD = 0.15
# A clause of the source speaks of a clause of the claim if it holds this share of its words.
_SAME_CLAUSE = 0.5

# Marks of citations: [1], [2, 3], (4) before an end mark, raised figures.
_MARKS = re.compile(r"\s*\[\^?\d+(?:\s*[,;–-]\s*\d+)*\]|\s*\(\d{1,2}(?:,\s*\d{1,2})*\)(?=[.!?]?$)"
                    r"|[¹²³⁴-⁹⁰]+(?=\s|[.,;]|$)")  # fmt: skip
_NAME = re.compile(r"(?<=[\w,;:)’'\"“(/-] )[A-ZÀ-ÖØ-ÞЀ-Я][\w’'-]+|\b[A-Z]{2,}\b|\b\w+[A-Z]\w*\b")
_FULL_NAME = re.compile(r"\b[A-ZÀ-ÖØ-Þ][a-zß-ÿ]+ [A-ZÀ-ÖØ-Þ][a-zß-ÿ]+\b")
_CLAUSE = re.compile(r"[,;:()–—]|\b(?:but|although|though|while|whereas|unless|aber|sondern|obwohl"
                     r"|pero|aunque|sino|mais|bien que)\b", re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Support:
    """What a claim's source says of it.

    `evidence` are the neighbouring quotables that hold it, empty where nothing does: then
    nothing is quoted rather than the wrong thing. `share` is the part of its content words
    that stands there. `reason` says in plain words why it is not fully supported.
    """

    verdict: Verdict
    evidence: tuple[Quotable, ...]
    share: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence of the cited text: its passage's number, its words, title and headings above."""

    passage: int
    text: str
    head: str = ""


class ClaimReader(Protocol):
    """What checking asks of the trained reader (`rag.reader.reader.Reader`)."""

    @property
    def lines(self) -> Mapping[str, float]:
        """From which probabilities a claim is `supported`, `partly` so."""
        ...

    def support(
        self, claim: str, sources: Sequence[Source], language: Language
    ) -> tuple[float, tuple[int, ...]]:
        """The probability that sources support a claim, and which of them hold most of it."""
        ...


_PART = "the source says only part of this"
NOTHING = Support("unsupported", (), 0.0, "nothing in the cited text says this")


def check(
    claim: str,
    sources: Sequence[Quotable],
    hits: Sequence[Hit],
    languages: Sequence[str],
    reader: ClaimReader | None = None,
) -> Support:
    """Compare a claim with the best place among `sources` (quotables of `hits`).

    A `reader` decides whether an English claim that nothing contradicts is supported, in other
    words than the source's too; the rules find the place and what contradicts it.
    """
    claim = _without_marks(claim)
    found = _by_rules(claim, sources, hits, languages)
    language = language_of(claim)
    if reader is None or language.code != "en" or not sources or found.share == 1.0:
        return found
    return _read(claim, found, sources, hits, reader)


def _by_rules(
    claim: str, sources: Sequence[Quotable], hits: Sequence[Hit], languages: Sequence[str]
) -> Support:
    words = query_words(in_figures(claim, language_of(claim)), languages)
    said = _Claim(claim, tuple(word.terms for word in words))
    terms = [_terms((one,), hits, languages) for one in sources]
    singles = [_compare(said, (one,), hits, held) for one, held in zip(sources, terms, strict=True)]
    best = max(singles, key=_order, default=NOTHING)
    for place, pair in _pairs(sources):
        both = _terms(pair, hits, languages)
        apart = max(said.named(terms[place]), said.named(terms[place + 1]))
        if said.named(both) >= apart + _BOTH_ADD:
            best = max(best, _compare(said, pair, hits, both), key=_order)
    return best


def _read(
    claim: str,
    found: Support,
    sources: Sequence[Quotable],
    hits: Sequence[Hit],
    reader: ClaimReader,
) -> Support:
    """What the reader makes of a claim, beside what the rules found."""
    texts = [Source(one.hit, one.text, _head(one, hits)) for one in sources]
    chance, places = reader.support(claim, texts, ENGLISH)
    window = tuple(sources[place] for place in places)
    if found.reason == NOTHING.reason:  # the rules have looked for nothing that contradicts it
        text = " ".join(quotable.text for quotable in window)
        around = f"{_head(window[0], hits)} {hits[window[0].hit].passage.text}"
        found = replace(found, reason=_conflict(claim, text, around, ENGLISH) or found.reason)
    if found.reason not in (NOTHING.reason, _PART, ""):
        return found
    evidence = found.evidence or window
    said = " ".join(one.text for one in window) + _head(window[0], hits)
    if chance >= reader.lines["supported"] and not _strange_names(claim, said, ENGLISH):
        return Support("supported", evidence, chance)
    if chance >= reader.lines["partly"] or found.verdict != "unsupported":
        return Support("partly", evidence, chance, _PART)
    return Support("unsupported", (), chance, NOTHING.reason)


def _without_marks(claim: str) -> str:
    """A claim without the marks of what it cites: `[1]`, `(2, 3)` at an end, raised figures."""
    return " ".join(_MARKS.sub(" ", claim).split()) or claim


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claim and its content words, each as the index terms it may stand as."""

    text: str
    words: tuple[tuple[str, ...], ...]

    def share(self, terms: frozenset[str]) -> float:
        """The share of the content words that stand in `terms`; figures are compared apart."""
        held = sum(_figure(word) or any(term in terms for term in word) for word in self.words)
        return held / len(self.words) if self.words else 0.0

    def named(self, terms: frozenset[str]) -> float:
        """The share without figures: those stand in any sentence by chance."""
        named = [word for word in self.words if not _figure(word)]
        held = sum(any(term in terms for term in word) for word in named)
        return held / len(named) if named else 0.0


def _figure(word: tuple[str, ...]) -> bool:
    return not any(map(str.isalpha, word[0]))


def _order(support: Support) -> tuple[int, float, int]:
    """Better verdicts first, then larger shares, then the shorter quote."""
    rank = ("unsupported", "partly", "supported").index(support.verdict)
    return rank, round(support.share, 3), -len(support.evidence)


def _pairs(sources: Sequence[Quotable]) -> Iterator[tuple[int, tuple[Quotable, Quotable]]]:
    """Every two neighbours in one passage, with the place of the first."""
    for place, (first, second) in enumerate(itertools.pairwise(sources)):
        if (second.hit, second.order) == (first.hit, first.order + 1):
            yield place, (first, second)


def _head(quotable: Quotable, hits: Sequence[Hit]) -> str:
    """Title and headings above a quotable."""
    hit = hits[quotable.hit]
    return " ".join((hit.document.title, *hit.passage.headings, quotable.topic))


def _terms(
    window: Sequence[Quotable], hits: Sequence[Hit], languages: Sequence[str]
) -> frozenset[str]:
    text = " ".join(quotable.text for quotable in window)
    return terms_of(f"{text} {_head(window[0], hits)}", languages)


def _compare(
    claim: _Claim, window: tuple[Quotable, ...], hits: Sequence[Hit], terms: frozenset[str]
) -> Support:
    """Hold a claim against one place, whose terms these are."""
    share = claim.share(terms)
    text = " ".join(quotable.text for quotable in window)
    if claim.text == text:  # word for word, however few the words
        return Support("supported", window, 1.0)
    if share < _PARTLY:
        return Support("unsupported", (), share, NOTHING.reason)
    around = f"{_head(window[0], hits)} {hits[window[0].hit].passage.text}"
    reason = _conflict(claim.text, text, around, language_of(claim.text))
    if reason:
        return Support("unsupported", (), share, reason)
    if share < _SUPPORTED or len(claim.words) < _LEAST_WORDS:
        return Support("partly", window, share, _PART)
    return Support("supported", window, share)


def _conflict(claim: str, text: str, around: str, language: Language) -> str:
    """What of the claim contradicts its source; '' where nothing does."""
    wrong = unsaid(claim, text, language)
    if wrong:
        return f"the source does not say {', '.join(wrong)}"
    strange = _strange_names(claim, f"{around} {text}", language)
    if strange:
        return f"the source does not name {', '.join(strange)}"
    if opposed(claim, text, language):
        return "the source says the opposite"
    return ""


def _strange_names(claim: str, source: str, language: Language) -> list[str]:
    """Names in the claim that the source lacks or has only apart.

    "Dennis Abelson" is strange to a text about Dennis Frobisher and Ruth Abelson. German
    capitalises every noun and has no names to tell.
    """
    if language.code == "de":
        return []
    known = " ".join(re.findall(r"[\w’'-]+", source.casefold()))
    names = [match.group().strip("’'") for match in _NAME.finditer(claim)]
    pairs = [
        match.group()
        for match in _FULL_NAME.finditer(claim)
        if content_words(match.group().split()[0], language)
    ]
    return [name for name in names + pairs if name.casefold() not in known]


def opposed(claim: str, text: str, language: Language) -> bool:
    """Whether a clause of the claim denies what the source affirms, or the reverse.

    Each clause of the claim is held against those of the source that share most words with it:
    a "not" in another clause is about something else.
    """
    return any(_clause_opposed(clause, _clauses(text), language) for clause in _clauses(claim))


def _clause_opposed(clause: str, source: Sequence[str], language: Language) -> bool:
    words = set(content_words(language.denial.sub(" ", clause.casefold()), language))
    if not words:
        return False
    shares = [len(words & set(re.findall(r"[\w'’.-]+", s.casefold()))) / len(words) for s in source]
    nearest = max(shares)
    if nearest < _SAME_CLAUSE:
        return False
    denied = language.denial.search(clause) is not None
    return all(
        denied != (language.denial.search(one) is not None)
        for one, share in zip(source, shares, strict=True)
        if share == nearest
    )


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE.split(text) if clause.strip()] or [text]
