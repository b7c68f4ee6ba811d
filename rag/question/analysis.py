"""Reading a question: which of its words count how much, and what kind of answer it expects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from indexer.keyword.analysis import index_terms
from indexer.keyword.bm25 import TermStatistics, idf
from rag.languages import Language, language_of
from rag.question.elsewhere import ASKED
from rag.question.form import Form, asking_words, form_of
from rag.question.makers import asks_maker
from rag.question.money import asks_price, figures_asked

Kind = Literal["any", "number", "date", "name", "often", "contact", "path"]

_DIGITS = re.compile(r"\d")
_YEAR_OR_DAY = re.compile(r"\b(?:1\d|20)\d\d\b|\b\d{1,2}[./:-]\d{1,2}\b|\b\d{1,2}(?:st|nd|rd|th)\b")
_HOW_OFTEN = re.compile(r"\b(?:how often|wie oft|con qué frecuencia|à quelle fréquence)\b", re.I)
# The number of a list item is no figure that it gives.
_ITEM_NUMBER = re.compile(r"^\W*\d{1,3}[.)]\s")
# Nor is the page of a book that is cited.
_CITED = re.compile(r"[\[(][^\])]*\bpp?\. ?\d[^\])]*[\])]")
# … or the year of what is cited: "(Gaure 2013)", "Gaure (2013)".
_YEAR = r"(?:1[89]|20)\d\d[a-z]?"
_PUBLISHED = re.compile(rf"\((?:[^()]*[^\W\d],? )?{_YEAR}(?:, {_YEAR})*\)")
# An e-mail address, a web address, a telephone number.
_CONTACT = re.compile(r"\S+@\S+\.\w+|(?:https?://|www\.)\S+|\+?\(?\d[\d ()/-]{5,}\d")
# Where a file is kept: "~/.config/app.ini", "C:\\Users", "/var/log".
_PATH = re.compile(r"(?<![\w/:.])(?:~|%\w+%|[A-Za-z]:|\.{1,2})?[/\\][\w.$%*<>-]+[\w.$%*<>/\\-]*")
_KEPT = re.compile(
    r"\b(?:files?|folders?|director(?:y|ies)|config(?:uration)?s?|settings?|preferences|options|logs?"
    r"|databases?|backups?|profiles?|cache|plug-?ins|templates?|scripts?|dateien?|ordner"
    r"|einstellungen|konfiguration|archivos?|carpetas?|fichiers?|dossiers?)\b",
    re.IGNORECASE,
)
# A version is asked for, and how one is written.
_WHICH_VERSION = re.compile(
    r"\b(?:which|what|welche[rs]?|qué|quelle) version\b(?! of\b)", re.IGNORECASE
)
_VERSION = re.compile(r"\b(?:version|release) \d[\w.-]*|\bv?\d+\.\d[\w.-]*", re.IGNORECASE)
_CAPITALISED = re.compile(r"(?<=[\w,;:)’'\"] )[\"“(]?[^\W\d_a-zß-ÿ][\w’'-]+|^\w+ [A-ZÀ-Þ]\w+")


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the answerer reads it.

    `weights` holds its content words, each as the index terms it may stand as, with its share
    of the question's information; they sum to one. `information` is the whole of it, in nats.
    `languages` are those of the documents. `form` is what is to be done: find, list, count …
    """

    text: str
    weights: Mapping[tuple[str, ...], float]
    information: float
    kind: Kind
    language: Language
    languages: tuple[str, ...]
    form: Form = "fact"

    def covered(self, terms: frozenset[str]) -> float:
        """Share of the question's information that stands in `terms`, 0 to 1."""
        return sum(
            weight for word, weight in self.weights.items() if any(term in terms for term in word)
        )

    def terms_of(self, text: str) -> frozenset[str]:
        """The index terms of a document's text, in every language that it may be in."""
        return terms_of(text, self.languages)


def read(text: str, statistics: TermStatistics, languages: Iterable[str]) -> Question:
    """Weigh a question's words by their rarity in the collections searched.

    A word's information is BM25's inverse document frequency; a word that no passage holds
    has the most of all, so that a question about something unknown cannot be well covered.
    """
    passages = max(statistics.passages, 1)
    languages = tuple(languages) or ("",)
    asking = terms_of(" ".join(asking_words(text)), languages)
    said = {word: n for word, n in statistics.holding.items() if not asking & set(word)}
    holding = said or statistics.holding
    rarity = {word: idf(count, passages) for word, count in holding.items()}
    total = sum(rarity.values()) or 1.0
    language = language_of(text)
    return Question(
        text,
        {_with_digits(word, language): value / total for word, value in rarity.items()},
        total,
        expected_kind(text, language),
        language,
        languages,
        form_of(text, language),
    )


def _with_digits(word: tuple[str, ...], language: Language) -> tuple[str, ...]:
    """A number word with its figure: "the five types" are "5 types", too."""
    values = {language.numbers[term] for term in word if term in language.numbers}
    return (*word, *(f"{value:g}" for value in sorted(values) if value > 1))


def terms_of(text: str, languages: Iterable[str]) -> frozenset[str]:
    """Index terms of a text whose language is one of `languages`."""
    return frozenset(term for code in languages for term in index_terms(text, code).split())


def expected_kind(text: str, language: Language) -> Kind:
    """What a question asks for; where it holds several question words the first decides."""
    if language.contact.search(text):
        return "contact"
    if _HOW_OFTEN.search(text):
        return "often"
    if form_of(text, language) == "compare" or _WHICH_VERSION.search(text):
        return "number"
    patterns: tuple[tuple[Kind, re.Pattern[str]], ...] = (
        ("date", language.when),
        ("number", language.how_many),
        ("name", language.who),
        ("name", language.where),
    )
    found = [(match.start(), kind) for kind, pattern in patterns if (match := pattern.search(text))]
    if found:
        kind = min(found)[1]
        return "path" if language.where.search(text) and _KEPT.search(text) else kind
    return next((kind for kind, pattern in ASKED if pattern.search(text)), "any")


def holds_kind(question: Question, sentence: str) -> bool:
    """Whether a sentence holds something of the expected kind that the question does not say.

    Always true where no kind is expected.
    """
    if question.kind == "any":
        return True
    said = question.text.casefold()
    return any(found not in said for found in _of_kind(question, sentence))


def wants_strictly(question: Question) -> bool:
    """Whether nothing but a name, or an amount of money, can be the answer."""
    priced = question.kind == "number" and question.form == "fact"
    return asks_maker(question.text) or (priced and asks_price(question.text))


def _of_kind(question: Question, sentence: str) -> list[str]:
    said = {"contact": _CONTACT, "path": _PATH, "often": language_of(sentence).often}
    if pattern := said.get(question.kind):
        return [match.group().casefold() for match in pattern.finditer(sentence)]
    sentence = _CITED.sub(" ", sentence)
    if question.kind == "number":
        sentence = _PUBLISHED.sub(" ", sentence)
    words = re.findall(r"\w+(?:[.,:/-]\w+)*", _ITEM_NUMBER.sub("", sentence.casefold()))
    if question.kind == "name":
        if sentence.upper() == sentence.lower():  # a script without capitals
            return [sentence]
        names = [match.group().strip('"“( ') for match in _CAPITALISED.finditer(sentence)]
        makers = asks_maker(question.text)  # an abbreviation is nobody
        return [name.casefold() for name in names if not (makers and name.isupper())]
    numbers = question.language.numbers
    counts = [word for word in words if _DIGITS.search(word) or word in numbers]
    if _WHICH_VERSION.search(question.text):
        return [match.group().casefold() for match in _VERSION.finditer(sentence)]
    if question.kind == "number":
        return figures_asked(question.text, sentence, counts, numbers)
    months = [word for word in words if word in question.language.months]
    days = [match.group() for match in _YEAR_OR_DAY.finditer(sentence.casefold())]
    return months + days + counts
