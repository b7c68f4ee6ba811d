"""Yes or no, and whether two sentences say the same of what was asked. Pure.

Said only where a sentence holds nearly all of the question: a wrong "no" is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.evidence.extract import Scored, open_ended
from rag.evidence.marks import is_code
from rag.evidence.numbers import Number, numbers
from rag.languages import Language, content_words, language_of
from rag.question.analysis import Question

Polarity = Literal["yes", "no", ""]

# The share of the question that a sentence must hold with its headings for a yes or a no, and
# the share without them.
_WHOLE = 0.75
_OWN = 0.4
# Two sentences speak of the same where they share this much of the shorter one's words, figures
# left aside.
_SAME = 0.6
# What holds more figures than this gives a table, and not the one figure that is asked for.
_FIGURES = 4
_FEW_SHARED = 2

_REFUSED = re.compile(
    r"\b(?:prohibited|forbidden|excluded?s?|ineligible|disallowed|banned|refused|verboten"
    r"|ausgeschlossen|prohibid[oa]|excluid[oa]s?|interdite?s?|exclue?s?)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:only|if|unless|except(?:ions?)?|provided that|as long as|up to|limited|until|subject to"
    r"|must|nur|wenn|außer|sofern|bis zu|solo|salvo|excepto|hasta|sauf|seulement|jusqu['’]à)\b",
    re.IGNORECASE,
)
# A sentence that tells what may be does not say what is.
_HYPOTHETICAL = re.compile(
    r"\b(?:may(?! not)|might|could|if you are unsure|whether|can depend)\b", re.I
)
# What a question asks about something, with the words that decide it: a sentence that has none of
# them may tell what follows upon it, and neither yes nor no.
_DECIDING = tuple(
    (re.compile(rf"\b(?:{asked})\b", re.I), re.compile(rf"\b(?:{said})\b", re.I))
    for asked, said in (
        (
            "allowed|permitted|may|can|possible|legal|okay|ok|erlaubt|darf|kann|permitido|permis",
            "allow\\w*|permit\\w*|may|can(?:not)?|possible|prohibit\\w*|forbid\\w*|not|never|nobody"
            "|erlaubt|darf|kann|verboten|permitid\\w*|prohibid\\w*|puede\\w*|permis\\w*|interdit\\w*|peut",
        ),
        (
            "covered|covers?|paid|pays?|reimbursed?|repaid|refunded|included?s?",
            "cover\\w*|pa(?:y|id)\\w*|reimburs\\w*|repaid|refund\\w*|includ\\w*|exclud\\w*|free",
        ),
        (
            "required?s?|mandatory|necessary|needed|needs?|must|obliged|have to",
            "requir\\w*|mandatory|necessary|need\\w*|must|oblig\\w*|ha(?:ve|s) to|optional",
        ),
    )
)
_CLAUSE = re.compile(
    r"[;:()–—]|, (?=(?:but|although|while|except|and)\b)|\b(?:but|although|whereas|because)\b"
    r"|(?<=\w), (?=the |it |they |he |she |we |you |this )",
    re.I,
)
# "When there are fewer than five …" states no figure but for that case.
_IN_A_CASE = re.compile(r"\W*(?:when|if|where|unless|in case|wenn|falls|si|cuando)\b", re.I)
# What denies in part says neither yes nor no; what is denied of a refusal is allowed.
_HALF = re.compile(r"\bnot (?:necessarily|always|quite|entirely|all|every)\b", re.I)
# "without restriction" denies nothing of what it is said about.
_WITHOUT = re.compile(r"\b(?:without|ohne|sin|sans) (?:\w+ )?\w+", re.I)
_ALLOWS = re.compile(
    rf"(?:\b(?:not|no longer|never|nicht|no|pas)|n['’]t) (?:\w+ ){{0,2}}?{_REFUSED.pattern}", re.I
)

_LEADS: dict[str, dict[str, str]] = {
    "en": {"yes": "Yes.", "no": "No.", "yes_if": "Yes, on conditions.",
           "no_but": "No, with an exception."},
    "de": {"yes": "Ja.", "no": "Nein.", "yes_if": "Ja, unter Bedingungen.",
           "no_but": "Nein, mit einer Ausnahme."},
    "es": {"yes": "Sí.", "no": "No.", "yes_if": "Sí, con condiciones.",
           "no_but": "No, con una excepción."},
    "fr": {"yes": "Oui.", "no": "Non.", "yes_if": "Oui, sous conditions.",
           "no_but": "Non, avec une exception."},
}  # fmt: skip
_EXCEPTION = re.compile(r"\b(?:exceptions?|except|unless|ausnahmen?|außer|excepci\w+|sauf)\b", re.I)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two sentences that say different things about what was asked."""

    first: Scored
    second: Scored


def polarity(question: Question, one: Scored) -> Polarity:
    """Whether a sentence says yes or no to a question; "" where it plainly says neither."""
    quotable = one.quotable
    said = open_ended(f"{quotable.lead} {quotable.text}".strip())
    clauses = _clauses_about(question, said)
    supposed = any(map(_HYPOTHETICAL.search, clauses[:1]))
    if supposed and not _DECIDING[0][0].search(question.text):
        return ""
    if _HALF.search(said) or not _decides(question, one, said):
        return ""
    language = language_of(said)
    refusing = {_refuses(clause, question.text, language) for clause in clauses}
    # "…, but should not travel without a muzzle": what is granted and then denied in part
    if refusing == {False} and any(
        _refuses(other, question.text, language) for other in _clauses(said) if other not in clauses
    ):
        return ""
    if len(refusing) > 1:
        return ""
    return "no" if refusing == {True} else "yes"


def _decides(question: Question, one: Scored, said: str) -> bool:
    """Whether a sentence speaks of all that was asked, figures too, and can be read alone.

    "May I not …?" is answered either way; "this includes …" needs the sentence before.
    """
    text = one.quotable.text
    own = question.terms_of(said)
    # The title names the subject; of what is asked about it most must be said in the sentence.
    asked = [word for word in question.weights if not one.head.intersection(word)]
    found = sum(bool(own.intersection(word)) for word in asked)
    return (
        (found == len(asked) or 2 * found > len(asked))
        and question.language.denial.search(question.text) is None
        and question.covered(one.terms | one.head) >= _WHOLE
        and question.covered(own) >= _OWN
        and language_of(text).anaphor.match(text) is None
        and language_of(said).anaphor.match(said) is None
        and not said.rstrip().endswith("?")
        and not _new_figures(question, said)
        and all(tells.search(said) for asks, tells in _DECIDING if asks.search(question.text))
    )


def lead(question: Question, said: Polarity, text: str) -> str:
    """The word that the answer to a yes/no question begins with, '' in other languages."""
    words = _LEADS.get(question.language.code)
    if words is None or not said:
        return ""
    if said == "yes":
        text = open_ended(text)
        return words["yes_if" if _CONDITION.search(text) else "yes"]
    # what is denied as an exception itself ("except that … cannot") has none
    nearest = _clauses_about(question, text)[0]
    begins = _EXCEPTION.match(nearest.lstrip())
    denied_at = text.find(nearest) + (len(nearest) if begins else 0)
    return words["no_but" if _EXCEPTION.search(text, denied_at) else "no"]


def disagreement(question: Question, scored: Sequence[Scored], yes_no: bool) -> Disagreement | None:
    """The best sentence and one that contradicts it, None where there is none."""
    if not scored:
        return None
    best = scored[0]
    for other in scored[1:]:
        if other.score < 0.75 * best.score or other.quotable.hit == best.quotable.hit:
            continue
        if yes_no and (best.quotable.item or other.quotable.item):
            continue  # an item says what its announcement does, which may be of another matter
        if yes_no:
            # Sentences about different cases both hold: they must be about the same in other words.
            said = {polarity(question, best), polarity(question, other)}
            opposite = said == {"yes", "no"} and _alike(best, other, _FEW_SHARED)
        else:
            opposite = _other_figure(question, best, other)
        if opposite:
            return Disagreement(best, other)
    return None


def _other_figure(question: Question, one: Scored, other: Scored) -> bool:
    """Whether two sentences give different figures for the same thing."""
    if question.kind not in ("number", "date") or not _alike(one, other):
        return False
    texts = [each.quotable.text for each in (one, other)]
    if any(is_code(text) or _IN_A_CASE.match(text) for text in texts):
        return False
    first, second = (_values(each, question) for each in (one, other))
    return all(0 < len(each) <= _FIGURES for each in (first, second)) and not first & second


def _values(one: Scored, question: Question) -> frozenset[str]:
    language = language_of(one.quotable.text)
    asked = {value for n in numbers(question.text, question.language) for value in n.values}
    found = [n for n in numbers(one.quotable.text, language) if not n.bare_one]
    return frozenset(value for n in found for value in n.values) - asked


def _alike(one: Scored, other: Scored, least: int = 3) -> bool:
    words, others = (
        frozenset(term for term in each.terms if not any(map(str.isdigit, term)))
        for each in (one, other)
    )
    shared = len(words & others)
    return shared >= least and shared >= _SAME * min(len(words), len(others))


def _new_figures(question: Question, said: str) -> list[Number]:
    """Figures of the question that the sentence does not have: it would have to be worked out."""
    language = question.language
    known = {value for n in numbers(said, language_of(said)) for value in n.values}
    return [n for n in numbers(question.text, language) if not n.values & known and not n.bare_one]


def _clauses(text: str) -> list[str]:
    return [part for part in _CLAUSE.split(text) if part and part.strip()]


def _clauses_about(question: Question, text: str) -> list[str]:
    """The clauses of a sentence that decide a question, the one that holds most of it first.

    Those that hold the last word of the question ("Are practice tips *mandatory*?") where any
    does, beside the one that holds most.
    """
    clauses = _clauses(text)
    held = {part: question.covered(question.terms_of(part)) for part in clauses}
    nearest = max(clauses, key=lambda part: held[part], default=text)
    words = content_words(question.text, question.language)
    last = question.terms_of(words[-1]) if words else frozenset()
    deciding = [part for part in clauses if last & question.terms_of(part)]
    return list(dict.fromkeys([nearest, *deciding]))


def _refuses(clause: str, asked: str, language: Language) -> bool:
    """Whether a clause denies; a word that the question has itself denies nothing."""
    said = {word.casefold() for word in content_words(asked, language)}
    refused = any(match.group().casefold() not in said for match in _REFUSED.finditer(clause))
    if refused and _ALLOWS.search(clause):
        return False
    return refused or language.denial.search(_WITHOUT.sub(" ", clause)) is not None
