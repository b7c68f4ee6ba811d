"""What a question asks for and what in a sentence looks like it, by a few English words. Pure.

Of another language nothing is expected: then no cue is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.question.analysis import Question, holds_kind

KINDS = ("other", "number", "date", "name", "why", "how", "definition", "yes or no", "keywords")

_ASKED = (
    ("why", re.compile(r"\b(?:why|what (?:causes?|caused|makes|leads?|led)|how come|reasons?"
                       r"|purpose)\b", re.IGNORECASE)),
    ("how", re.compile(r"\bhow (?:do|does|did|can|could|should|to|is|are|was|were|would|will|i|we"
                       r"|you)\b|\bsteps?\b", re.IGNORECASE)),
    ("definition", re.compile(r"^\W*(?:what|who)(?:'s| is| are| was| were) (?:an? |the )?[\w -]+"
                              r"\W*$"
                              r"|\b(?:define|definition|meaning|mean|stand for)\b", re.IGNORECASE)),
    ("yes or no", re.compile(r"(?:^|[.!,;] )(?:and |so |but )?(?:is|are|was|were|do|does|did|can"
                             r"|could|may|must|should|will|would|has|have|had|am|shall)(?:n't)? \w",
                             re.IGNORECASE)),
)  # fmt: skip
_ASKING = re.compile(r"\?|\b(?:what|which|who|whom|whose|when|where|why|how)\b", re.IGNORECASE)

_CUES = {
    "why": re.compile(r"\b(?:because|since|due to|as a result|therefore|thus|so that|in order to"
                      r"|reasons?|caus\w+|lead(?:s|ing)? to|led to|allow\w*|enabl\w+|helps?"
                      r"|prevent\w*"
                      r"|ensur\w+|to avoid|means that)\b", re.IGNORECASE),
    "how": re.compile(r"\b(?:by \w+ing|use[sd]?|using|must|should|need|can|first|then|next|step\w*"
                      r"|through|via|to \w+|run|click|set|choose|select|submit|contact)\b",
                      re.IGNORECASE),
    "definition": re.compile(r"\b(?:is|are|was|were) (?:an?|the|any|one|defined|called|known)\b"
                             r"|\b(?:refers? to|means?|called|known as|defined|consists? of"
                             r"|describes?)\b|: ", re.IGNORECASE),
}  # fmt: skip

# A name, a code or a figure: what a text about something else does not hold by chance.
_NAMED = re.compile(r"(?<=[\w,;:)’'\"“(/-] )[A-ZÀ-ÖØ-Þ][\w’'-]*\w|\b\w*\d[\w.,-]*\b|\b[A-Z]{2,}\b"
                    r"|\b\w+[A-Z]\w*\b")  # fmt: skip
_I = frozenset({"i'm", "i've", "i'd", "i'll", "i’m", "i’ve", "i’d", "i’ll"})


def asked_kind(question: Question) -> int:
    """The place in `KINDS` of what a question asks for."""
    if question.kind in KINDS:
        return KINDS.index(question.kind)
    if question.kind != "any" or question.language.code != "en":
        return 0
    for kind, pattern in _ASKED:
        if pattern.search(question.text):
            return KINDS.index(kind)
    return 0 if _ASKING.search(question.text) else KINDS.index("keywords")


def answers_kind(question: Question, kind: int, sentence: str) -> float:
    """1 where a sentence holds what is asked for, -1 where it does not, 0 where nothing is."""
    name = KINDS[kind]
    if question.kind != "any":
        return 1.0 if holds_kind(question, sentence) else -1.0
    if name in _CUES:
        return 1.0 if _CUES[name].search(sentence) else -1.0
    return 0.0


def named(text: str) -> tuple[str, ...]:
    """Names, codes and figures of a text, case folded; German capitalises more than names."""
    found = (match.group().casefold().strip(".,'’-") for match in _NAMED.finditer(text))
    return tuple(dict.fromkeys(name for name in found if name and name not in _I))


def share_named(names: Sequence[str], text: str) -> float:
    """How many of the names stand in a case-folded text, 0 to 1; 1 where there are none."""
    if not names:
        return 1.0
    return sum(name in text for name in names) / len(names)
