"""The names in a question: what an answer must be about (a plan, a person, a code, a year)."""

from __future__ import annotations

import re

from rag.languages import Language, content_words

_WORD = r"[\w’'&.-]*\w"
_RUN = re.compile(
    rf"[A-ZÀ-ÖØ-ÞЀ-Я]{_WORD}(?: (?:(?:of|de|von|van|der|du) )?[A-ZÀ-ÖØ-ÞЀ-Я]{_WORD})*"
)
_QUOTED = re.compile(r"[\"“„«]([^\"”“»]{2,60})[\"”“»]")
# "E4", "W2-100", "ISO-9001", "v2.1"; a figure with its unit ("20kg") is none
_CODE = re.compile(r"\b[A-Z]+[-_/]?\d[\w./-]*\b|\b\d+[A-Z]+\b|\b[vV]\d[\d.]*\b")
_YEAR = re.compile(r"(?<![$€£\d.,])\b(?:19|20)\d\d\b(?![\d,.%])")
_NUMBERED = re.compile(
    r"\b(?:section|clause|article|chapter|annex|appendix|paragraph|step|figure|abschnitt|artikel"
    r"|kapitel|artículo|sección|capítulo|chapitre) (\d+(?:\.\d+)*)\b",
    re.IGNORECASE,
)
# In a question written like a headline capitals tell nothing. Only the words that titles keep
# small may be small there: "Does Borg support Windows?" has two names.
_HEADLINE = 0.6
_FEWEST = 4
_SMALL = re.compile(
    r"a|an|and|as|at|but|by|el|et|for|from|in|into|la|le|nor|of|on|or|per|the|to|vs|with|y", re.I
)


def names_of(text: str, language: Language) -> list[str]:
    """The names that a question says, as written, each once.

    German capitalises every noun: there only quotations, codes, abbreviations and years count.
    """
    found = [match[1] for match in _QUOTED.finditer(text)]
    found += [match.group() for match in _CODE.finditer(text)]
    found += [match.group() for match in _YEAR.finditer(text)]
    found += [match.group() for match in _NUMBERED.finditer(text)]
    words = re.findall(r"[^\W\d_]\w+", text)
    capital = [word for word in words if word[0].isupper()]
    # the first word is capitalised whatever it is
    small = [word for word in words[1:] if not word[0].isupper() and not _SMALL.fullmatch(word)]
    headline = len(words) >= _FEWEST and len(capital[1:]) >= _HEADLINE * len(words[1:])
    headline = headline and not small
    if language.code != "de" and not headline:
        found += _capitalised(text, language)
    else:
        found += [word for word in capital if word.isupper() and len(word) <= 6 and not headline]
    return list(dict.fromkeys(found))


def _capitalised(text: str, language: Language) -> list[str]:
    names = []
    for match in _RUN.finditer(text):
        name, start = match.group(), match.start()
        opens = not text[:start].strip(' ¿¡"“(') or text[:start].rstrip()[-1:] in (".", "?", "!")
        if opens:  # the first word is capitalised whatever it is
            first, _, name = name.partition(" ")
            if first.isupper() and len(first) > 1:
                name = f"{first} {name}".strip()
        said = [word for word in name.split() if content_words(word, language)]
        if said:
            names.append(" ".join(said).removesuffix("’s").removesuffix("'s"))
    return names


def initials(text: str) -> frozenset[str]:
    """What the capitalised runs of a text are abbreviated to: "Chief Financial Officer" is cfo."""
    found = set()
    for match in _RUN.finditer(text):
        words = [word for word in match.group().split() if word[0].isupper()]
        if len(words) > 1:
            found.add("".join(word[0] for word in words).casefold())
    return frozenset(found)
