"""Numbers of clauses and marks of notes, which lead from one text to another; code. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rag.evidence.quotables import Quotable

# What people call numbered parts of a document.
_PART = (
    r"clauses?|sections?|articles?|paragraphs?|steps?|items?|points?|rules?|chapters?|parts?|"
    r"weeks?|days?|phases?|stages?|levels?|tiers?|tables?|figures?|questions?|units?|lessons?|"
    r"modules?|exhibits?|schedules?|appendi(?:x|ces)|annex(?:es)?|rounds?|grades?|slides?|"
    r"woche|tag|phase|stufe|tabelle|abbildung|frage|anhang|semana|día|fase|nivel|tabla|anexo|"
    r"semaine|jour|niveau|tableau|annexe|"
    r"abschnitt|artikel|ziffer|absatz|punkt|schritt|kapitel|klausel|cláusula|artículo|sección|"
    r"apartado|paso|étape|alinéa|clausola|articolo|sezione|cláusula|artigo|seção|"
    r"пункт[ае]?|стать[яие]|раздел[ае]?"
)
_ASKED = re.compile(
    rf"(?:§+\s*|第|\b(?:{_PART})\s+)(\d+(?:\.\d+)*)|(?<![\w.,])(\d+(?:\.\d+)+)(?![\w%]|[.,]\d)",
    re.IGNORECASE,
)
_CODE = re.compile(r"^\s*(?:>>>|[>$%#]) \S|<-|\w\([^()]*=|[;{]\s*$")
_OPTION = re.compile(r"(?<![\w-])(--?[A-Za-z][\w-]*)")
# A key that is named: "the key z", "key F5", "the key “to”"; "the keys to success" are none.
_KEY = re.compile(
    r"\b(?:keys?|button) (?:[\"'“‘<](?P<quoted>[^\s\"'”’>]{1,3})[\"'”’>]"
    r"|(?P<bare>[^\w\s?.,;:!\"'“‘<]|[b-zA-HJ-Z0-9]|[Ff]\d{1,2})(?=[\s?]|$))"
)
# Parsers set the mark of a note apart, and write the note with its number.
_MARK = re.compile(r"(?:^|\s)\^(\w{1,4})\b")
_MOST_NOTES = 2
# Two years with what lies between them, months and days left in: "from April 2013 until May 2015".
_SPAN_OF_YEARS = re.compile(
    r"\b((?:1[5-9]|20)\d\d)\s*(?:[-–—]|to|until|till|through|bis|hasta|à|jusqu['’]en)\s*"
    r"(?:(?:in|the|zum|\d{1,2}\.?|[^\W\d_]{3,9}\.?)\s+){0,3}((?:1[5-9]|20)\d\d)\b",
    re.IGNORECASE,
)
_MOST_YEARS = 60
_SAYING = " asked asks says said wants wanted suggests suggested wrote requested demanded proposed"


def is_code(text: str) -> bool:
    """Whether a line is one of a program or a shell, which says nothing of the world."""
    return _CODE.search(text) is not None


def asked_number(question: str) -> str:
    """The number of the clause that a question names ("clause 3.2"), "" where it names none."""
    found = _ASKED.search(question)
    return (found[1] or found[2]) if found is not None else ""


def has_number(number: str, texts: Iterable[str]) -> bool:
    """Whether one of the texts bears this number before it."""
    said = re.escape(number)
    # "Article 3.2 Interest" bears it, "Clause 3.2 survives termination." speaks of it.
    before = re.compile(
        rf"\W*(?:{said}[.):]?(?:\s|$)|[^\W\d]+\s{said}(?:[.):–—-]|\s+[^\W\d_a-zа-я]|$))"
    )
    return bool(number) and any(before.match(text) for text in texts)


def asked_option(question: str) -> str:
    """The option or key that a question names ("-q", "--quiet", "the key z"), or ''."""
    if (option := _OPTION.search(question)) is not None:
        return option[1]
    key = _KEY.search(question)
    return (key["quoted"] or key["bare"]) if key is not None else ""


def has_option(option: str, text: str) -> bool:
    """Whether a text names this very option, or begins with this key as a row of keys does."""
    if option.startswith("-"):
        return option in _OPTION.findall(text)
    key = rf"(?:^|[:;] |\bor )[<\"'“]?{re.escape(option)}[>\"'”]?(?=$|[\s;,:)])"
    return bool(option) and re.search(key, text) is not None


def implied(text: str) -> str:
    """What a text says by its form, in words.

    Who comments asks, says, wants, suggests … something; "from 2013 until 2015" is in 2014, too.
    """
    saying = _SAYING if text.startswith("Comment by ") else ""
    years = [
        str(year)
        for first, last in _SPAN_OF_YEARS.findall(text)
        for year in range(int(first) + 1, min(int(last), int(first) + _MOST_YEARS))
    ]
    return " ".join((saying, *years))


def part_of(question: str) -> str:
    """What a question calls the numbered part that it asks for ("step 4"), "" for none."""
    found = _ASKED.search(question)
    return found.group() if found is not None else ""


def with_notes(quoted: Sequence[Quotable], others: Iterable[Quotable]) -> list[Quotable]:
    """Quoted sentences, each followed by the notes that its marks lead to."""
    notes = [one for one in others if one.text.startswith(("Footnote ", "Endnote "))]
    found: list[Quotable] = []
    added = 0
    for one in quoted:
        found.append(one)
        for mark in _MARK.findall(one.text):
            heads = (f"Footnote {mark}:", f"Endnote {mark}:")
            note = next((n for n in notes if n.hit == one.hit and n.text.startswith(heads)), None)
            if note is not None and note not in quoted and note not in found:
                if added < _MOST_NOTES:
                    found.append(note)
                added += 1
    return found
