"""What of a question is searched: of a long one its questions; and in what language it is."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from indexer.keyword.stopwords import STOP_WORDS
from indexer.sentences import sentences
from rag.languages import language_of

# Below this many characters a question is searched as it is; a search engine's box holds some
# 300. What is left of a longer one is cut here.
_LONG = 400
_MOST = 600
_ASKED = ("?", "？", "؟")
# Stop words that a language is told by, and how many fewer another may have that it could be too.
_SURE = 2
_DOUBT = 1

_NAMES = {"en": "English", "de": "German", "es": "Spanish", "fr": "French", "it": "Italian",
          "pt": "Portuguese", "nl": "Dutch", "ru": "Russian", "ja": "Japanese", "zh": "Chinese",
          "ko": "Korean", "ar": "Arabic", "he": "Hebrew", "el": "Greek", "hi": "Hindi",
          "th": "Thai", "pl": "Polish", "sv": "Swedish", "da": "Danish", "tr": "Turkish",
          "uk": "Ukrainian", "cs": "Czech", "fi": "Finnish", "no": "Norwegian"}  # fmt: skip
# Languages by the script that Unicode names their letters after.
_SCRIPTS = {"CYRILLIC": "ru uk bg sr mk be kk ky mn", "GREEK": "el", "ARABIC": "ar fa ur ug",
            "HEBREW": "he", "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja", "CJK": "zh ja",
            "DEVANAGARI": "hi mr ne", "THAI": "th"}  # fmt: skip


def focused(question: str) -> str:
    """The question sentences of a long text; a short one, or one without any, as it is."""
    if len(question) <= _LONG:
        return question
    spans = sentences(question, language_of(question[:_LONG]).code)
    said = [" ".join(question[start:end].split()) for start, end in spans]
    asked = [one for one in said if one.rstrip('"”’)').endswith(_ASKED)]
    asked = asked or [one for one in said if language_of(one).asking.match(one)]
    return " ".join(asked)[-_MOST:].strip() or question


def asked_in(question: str) -> tuple[str, ...]:
    """The languages that a question may be in, likeliest first; none where nothing tells."""
    scripts = Counter(
        unicodedata.name(letter, "").split(" ")[0] for letter in question if letter.isalpha()
    )
    if scripts and (codes := _SCRIPTS.get(scripts.most_common(1)[0][0].split("-")[0])):
        return tuple(codes.split())
    words = re.findall(r"[^\W\d_]+", question.casefold())
    votes = Counter({code: sum(w in STOP_WORDS[code] for w in words) for code in STOP_WORDS})
    most = max(votes.values())
    if most < _SURE:
        return ()
    return tuple(code for code, n in votes.most_common() if n >= most - _DOUBT)


def foreign(
    question: str, languages: Iterable[str], *, crosses: bool = False, quoted: bool = True
) -> str:
    """What to say to a question in a language that no document is in, '' where that may be.

    `crosses`: the embedder finds documents in other languages than the question's; `quoted`:
    something there comes near enough to be shown.
    """
    there = {code for code in languages if code}
    asked = asked_in(question)
    if not asked or not there or set(asked) & there:
        return ""
    mine = _NAMES.get(asked[0], asked[0])
    theirs = " and ".join(sorted(_NAMES.get(code, code) for code in there))
    if crosses and not quoted:
        return (
            f"Your question seems to be in {mine}, the documents are in {theirs}: nothing in them "
            f"comes near enough in meaning."
        )
    if crosses:
        return (
            f"Your question seems to be in {mine}, the documents are in {theirs}: what is quoted "
            f"comes nearest in meaning, which is less sure than within one language."
        )
    return (
        f"Your question seems to be in {mine}, the documents are in {theirs}: search does not "
        f"reach from one to the other. Ask in {theirs.replace(' and ', ' or ')}."
    )
