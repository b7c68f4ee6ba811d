"""Questions for who made something, and sentences that say so. Pure."""

from __future__ import annotations

import re

# "Who wrote …?" is answered by somebody's name.
_MADE = re.compile(
    r"^\W*who(?: \w+ly)? (?:creat|invent|found|wrote|writ|discover|design|develop|built|build|start"
    r"|establish|paint|compos|direct|coin|introduc|author)\w*\b",
    re.IGNORECASE,
)
_BY_WHOM = re.compile(
    r"(?<![“\"‘'])\bby (?:the )?(?:\w+ ){0,2}[A-ZÀ-Þ]|\b(?:authors?|creators?|founders?|inventors?"
    r"|designers?|developers?|maintainers?|fathers?|mothers?|painters?|composers?|directors?"
    r"|architects?|credits?|thanks)\b"
    r"|[A-ZÀ-Þ][\w'’.-]+ (?:(?!you|we|to|they|it|is|are|can|may)\w+ ){0,2}?(?:created|invented"
    r"|founded|wrote|written|discovered|designed|developed|built|started|established|began|begun|painted"
    r"|composed|directed|coined|introduced|conceived)\b",
)


# … a document: below its title.
_WRITTEN = re.compile(
    r"^\W*(?:who (?:also |originally |first )?(?:wrote|has written|(?:co-?)?authored|prepared)\b"
    r"|(?:who|what|which) (?:is|are|was|were) (?:the names? of )?(?:the |its )?authors?\b"
    r"|by whom (?:is|was|were)\b(?=.*\b(?:written|authored)\W*$)"
    r"|wer (?:schrieb|verfasste)\b|wer hat\b(?=.*\b(?:geschrieben|verfasst)\W*$)"
    r"|wer (?:ist|sind|war|waren) (?:der|die) autor(?:in|en)?\b)",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(
    r"\b(?:papers?|reports?|articles?|documents?|vignettes?|thesis|dissertation|manuals?|guides?"
    r"|handbooks?|stud(?:y|ies)|books?|essays?|memos?|polic(?:y|ies)|brochures?|tutorials?|texts?"
    r"|berichts?|artikels?|dokuments?|handbuchs?|buchs?|leitfadens?)\b",
    re.IGNORECASE,
)


def asks_author(text: str) -> bool:
    """Whether a question asks who wrote something."""
    return _WRITTEN.search(text) is not None


def without_asking(text: str) -> str:
    """What is left of such a question where the asking is taken out: what was written."""
    return _DOCUMENT.sub(" ", _WRITTEN.sub(" ", text))


def names_document(text: str) -> bool:
    """Whether a question speaks of a paper, a handbook or the like."""
    return _DOCUMENT.search(text) is not None


def asks_maker(text: str) -> bool:
    """Whether a question asks who made something."""
    return _MADE.match(text) is not None


def names_maker(text: str) -> bool:
    """Whether a sentence says who made something."""
    return _BY_WHOM.search(text) is not None
