"""Text → index terms. Pure.

FTS5 only splits on blanks here; what a term is, is decided in this file, once for documents and
once for queries:

- one form of each letter, digit and grouped number (`indexer.keyword.variants`), case folding;
  accents fold in Latin, Greek and Cyrillic only (after stemming, since stemmers need them); the
  points of Arabic and Hebrew go, the vowel signs of Indic scripts stay;
- words are stemmed in the language of their document. A query does not know what language the
  documents are in, so each of its words stands for its stems in all of the collection's;
- Han, kana, Hangul, Thai, Lao, Khmer and Myanmar are written without blanks that could be
  relied on, and become overlapping pairs of characters (Han also single ones);
- compounds and codes (`4.2`, `ISO-9001`, `e-mail`, `snake_case`, `camelCase`) are indexed
  whole and in their parts.

A term holds no blank and, of ASCII, only letters, digits and `. / : -`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import itertools
import re
import tempfile
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedder.atomic import storage_error
from indexer.keyword.stopwords import ASKING, OF_SCRIPT, STOP_WORDS
from indexer.keyword.variants import fold_arabic, for_stemmer, one_form

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Languages with a Snowball stemmer, by the script they are written in.
_STEMMERS: dict[str, dict[str, str]] = {
    "latin": {
        "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "en": "english",
        "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french",
        "ga": "irish", "hu": "hungarian", "id": "indonesian", "it": "italian",
        "lt": "lithuanian", "nl": "dutch", "nn": "norwegian", "no": "norwegian",
        "pl": "polish", "pt": "portuguese", "ro": "romanian", "sv": "swedish", "tr": "turkish",
    },
    "cyrillic": {"ru": "russian", "sr": "serbian"},
    "greek": {"el": "greek"},
    "arabic": {"ar": "arabic", "fa": "persian"},
    "devanagari": {"hi": "hindi", "ne": "nepali"},
    "tamil": {"ta": "tamil"},
    "armenian": {"hy": "armenian"},
}  # fmt: skip

# A word in another script than its document's language (an English name in a Russian text), or
# in a document too short to tell, is stemmed in the language that such words are mostly in.
_LATIN_FALLBACK = "en"
_NOT_LATIN = frozenset(
    {"am", "ar", "as", "be", "bg", "bn", "dz", "el", "fa", "gu", "he", "hi", "hy", "ja", "ka", "kk"}
    | {
        "km",
        "kn",
        "ko",
        "ky",
        "lo",
        "mk",
        "ml",
        "mn",
        "mr",
        "my",
        "ne",
        "or",
        "pa",
        "ps",
        "ru",
        "si",
    }
    | {"ta", "te", "th", "ug", "uk", "ur", "zh"}
)
_SCRIPTS: tuple[tuple[str, tuple[str, str]], ...] = (
    ("latin", ("A", "\u024f")),
    ("greek", ("\u0370", "\u03ff")),
    ("cyrillic", ("\u0400", "\u052f")),
    ("armenian", ("\u0531", "\u0587")),
    ("hebrew", ("\u05d0", "\u05ea")),
    ("arabic", ("\u0620", "\u06ff")),
    ("devanagari", ("\u0900", "\u097f")),
    ("tamil", ("\u0b80", "\u0bff")),
    ("latin", ("\u1e00", "\u1eff")),
    ("greek", ("\u1f00", "\u1fff")),
)
_FOLDED_SCRIPTS = frozenset({"latin", "greek", "cyrillic"})
# Letters that have no decomposition and that people type without their stroke.
_PLAIN_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe"}
)
_STEMMING = threading.Lock()

_ARABIC_AND_HEBREW_POINTS = re.compile(
    "[\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]"
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")

# Python's \w leaves out combining marks, which would cut Indic words at their vowel signs.
_MARKS = "".join(
    char for char in map(chr, range(0x300, 0x1B00)) if unicodedata.category(char)[0] == "M"
)
_LETTER = rf"(?:[^\W_]|[{_MARKS}])"

# A run of letters and digits, joined by signs that a name or a number may hold inside.
_COMPOUND = re.compile(rf"{_LETTER}+(?:[-._/:,'’‐‑]{_LETTER}+)*")
_JOINERS = re.compile(r"[-._/:,'’‐‑]")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
# `maxTokens` is cut, `JavaScript` and `OpenAI` are not: cutting names too costs 1 to 2 points of
# nDCG@10 on technical documentation (anthropic-docs) and brings nothing on the other sets.
_CODE_NAME = re.compile("[a-zà-ÿ]{2}")
_CAMEL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])")
_LETTERS_AND_DIGITS = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")

# "DSAs", of which a stemmer leaves the s, is more than one DSA.
_PLURAL = re.compile(r"^([A-Z]{2,6})s$")

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA_AND_HANGUL = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u1100-\u11ff\uac00-\ud7af"
_SOUTH_EAST_ASIAN = "\u0e01-\u0e4e\u0e81-\u0ede\u1000-\u109f\u1780-\u17d3"
_UNSPACED = re.compile(rf"[{_HAN}{_KANA_AND_HANGUL}{_SOUTH_EAST_ASIAN}]+")
_IS_HAN = re.compile(f"[{_HAN}]")
# A character with the marks that sit on it, the unit of pairs in South-East Asian scripts.
_CLUSTER = re.compile(rf".[{_MARKS}]*", re.DOTALL)

# A path or an address of more parts is found by its parts alone.
_MOST_PARTS = 3

# A term longer than this is no word (base64, a line of a DNA file) and is cut.
_LONGEST = 64

# On the first 150 characters of 6,000 paragraphs in English, German and Spanish, 1 in 1,500 is
# taken for another language, and that with a confidence of 0.61; of titles, every fourth.
_SAMPLE_CHARACTERS = 4000
_LEAST_LETTERS = 40
_LEAST_CONFIDENCE = 0.6

REVISION = 3

# Index terms of so short a text are kept: with 20,000 of them 20 MB.
_KEPT_CHARACTERS = 500

# From a long query only so many words are looked at: a person's question has some ten.
_QUERY_CHARACTERS = 20_000
# A longer query says enough, and is looked for word by word. Two words may be one of these.
_MOST_JOINED = 32
_PARTICLES = frozenset({"in", "on", "up", "out", "off", "down", "over"})
# Behind these "May" asks whether something is allowed.
_PRONOUNS = frozenset({"i", "you", "he", "she", "it", "we", "they", "a", "an", "the", "my", "your"})
_JOINABLE = re.compile(r"[A-Za-z\u00c0-\u024f]{5,24}")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a query: the index terms it may have become, and how often it is said."""

    terms: tuple[str, ...]
    count: int = 1


def index_terms(text: str, language: str) -> str:
    """The terms of a document's text, in order, joined by blanks.

    `language` is the ISO 639-1 code of the document (`detect_language`), '' if unknown. Those of
    sentences are kept: a question has hundreds weighed, several times each, and the next one often
    the same.
    """
    find = _kept_index_terms if len(text) <= _KEPT_CHARACTERS else _index_terms
    return find(text, language)


def _index_terms(text: str, language: str) -> str:
    return " ".join(term for word in surface_words(text) for term in _word_terms(word, language))


_kept_index_terms = lru_cache(maxsize=20_000)(_index_terms)


def query_words(text: str, languages: Iterable[str]) -> list[Word]:
    """A query's words with the terms that they may have become in documents of `languages`.

    Stop words go, unless they are names ("IT", the month of May) or nothing else is there. What
    some write as one word ("back up", "code name") is looked for so, too.
    """
    known = sorted(set(languages)) or [""]
    content: Counter[tuple[str, ...]] = Counter()
    stop: Counter[tuple[str, ...]] = Counter()
    together: dict[tuple[str, ...], dict[str, None]] = {}
    words = surface_words(_unasked(text[:_QUERY_CHARACTERS]))
    joined = _joined(words, known) if len(words) <= _MOST_JOINED else [""] * (len(words) + 1)
    for place, word in enumerate(words):
        for piece in _pieces(word, singles=False):
            terms = _terms_in(piece, known)
            aside = _is_stop_word(piece, known) and not _is_named(words, place)
            (stop if aside else content)[terms] += 1
            for compound in filter(None, joined[place : place + 2]):
                together.setdefault(terms, {}).update(dict.fromkeys(_terms_in(compound, known)))
    return [
        Word(tuple(dict.fromkeys((*terms, *together.get(terms, ())))), count)
        for terms, count in (content or stop).items()
    ]


def _is_named(words: Sequence[str], place: int) -> bool:
    """Whether a stop word of a query is written as a name: "who runs IT", "the stone for May"."""
    word, after = words[place], words[place + 1].casefold() if place + 1 < len(words) else ""
    if word == "May":
        return place > 0 and after not in _PRONOUNS
    shouted = len(word) > 1 and word.isupper() and word.isalpha()
    return shouted and any(other.islower() for other in words)


def _terms_in(piece: str, languages: Sequence[str]) -> tuple[str, ...]:
    """What a piece has become in documents of these languages."""
    return tuple(dict.fromkeys(_term(piece, language) for language in languages))


def _joined(words: Sequence[str], languages: Sequence[str]) -> list[str]:
    """Each word with the one before it as one, '' where that can be none; one more at the end."""
    stop = [_is_stop_word(word.casefold(), languages) for word in words]
    found = []
    for (first, second), (is_stop, joins) in zip(
        itertools.pairwise(words), itertools.pairwise(stop), strict=True
    ):
        pair = f"{first}{second}".casefold()
        apart = is_stop or (joins and second.casefold() not in _PARTICLES)
        again = second.casefold().startswith(first.casefold())
        whole = not again and min(len(first), len(second)) > 1 and _JOINABLE.fullmatch(pair)
        found.append(pair if whole and not apart else "")
    return ["", *found, ""]


def detect_language(text: str) -> str:
    """ISO 639-1 code of the language a text is mostly in, '' where that is too uncertain.

    Only languages that this file treats differently are told apart; another one becomes its
    nearest neighbour, in documents and queries alike. By py3langid (BSD, no pickle); loading its
    model takes 0.8 s, once, at indexing only.
    """
    sample = text[:_SAMPLE_CHARACTERS]
    if sum(map(str.isalpha, sample)) < _LEAST_LETTERS:
        return ""
    language, _ = _identifier().classify(sample)
    return "" if language == "und" else str(language)


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    try:
        identifier = LanguageIdentifier.from_model_file(
            MODEL_FILE, norm_probs=True, min_confidence=_LEAST_CONFIDENCE
        )
    except OSError as error:  # it unpacks its model there
        raise storage_error(error, Path(tempfile.gettempdir())) from error
    stemmed = {language for languages in _STEMMERS.values() for language in languages}
    identifier.set_languages(stemmed | _NOT_LATIN)
    return identifier


def surface_words(text: str) -> list[str]:
    """Runs of letters and digits with the joiners inside them, in their own case."""
    clean = _ARABIC_AND_HEBREW_POINTS.sub("", one_form(_INVISIBLE.sub("", text)))
    return _COMPOUND.findall(clean)


def _word_terms(word: str, language: str) -> tuple[str, ...]:
    """Terms of a word; those of words that come again are kept."""
    find = _kept_terms if len(word) <= _LONGEST else _kept_terms.__wrapped__
    return find(word, language)


@lru_cache(maxsize=200_000)
def _kept_terms(word: str, language: str) -> tuple[str, ...]:
    return tuple(_term(piece, language) for piece in _pieces(word, singles=True))


def _pieces(word: str, *, singles: bool) -> list[str]:
    """What a word is indexed as, before stemming: itself, its parts, its pairs of characters."""
    if not _UNSPACED.search(word):
        return _spaced_pieces(word)
    pieces: list[str] = []
    place = 0
    for run in _UNSPACED.finditer(word):
        pieces += _spaced_pieces(word[place : run.start()])
        pieces += _pairs(run.group(), singles=singles)
        place = run.end()
    return pieces + _spaced_pieces(word[place:])


def _spaced_pieces(word: str) -> list[str]:
    if _THOUSANDS.fullmatch(word):
        return [word.replace(",", "")]
    parts = [_PLURAL.sub(r"\1", part) for part in _JOINERS.split(word) if part]
    small = [
        piece
        for part in parts
        for name in (_CAMEL.split(part) if _CODE_NAME.match(part) else [part])
        for piece in _LETTERS_AND_DIGITS.split(name)
    ]
    if len(small) <= 1:
        return [piece.casefold()[:_LONGEST] for piece in small]
    kept = [piece.casefold()[:_LONGEST] for piece in small if len(piece) > 1 or piece.isdigit()]
    return [*_whole(word, parts), *kept]


def _whole(word: str, parts: list[str]) -> list[str]:
    """A compound as one term: `e-mail` and `eMail` as email, `4.2` as it is; none of `l'été`."""
    if any(sign in word for sign in "'’"):
        return []  # an elision or a genitive: its parts say all
    numbered = any(part[0].isdigit() for part in parts)
    if numbered and any(sign in word for sign in "./:"):
        kept = word.replace("_", "").replace("‐", "-").replace("‑", "-").replace(",", "")
        return [kept.casefold()[:_LONGEST]]
    return ["".join(parts).casefold()[:_LONGEST]] if len(parts) <= _MOST_PARTS else []


def _pairs(run: str, *, singles: bool) -> list[str]:
    """Overlapping pairs of characters (clusters with their marks).

    With `singles`, Han characters by themselves too, and the first of a run in other scripts: a
    word of one syllable ("법") with what is written on to it ("법은").
    """
    units = [unit[:_LONGEST] for unit in _CLUSTER.findall(run)]
    if len(units) == 1:
        return units
    pairs = [first + second for first, second in itertools.pairwise(units)]
    if not singles:
        return pairs
    alone = [unit for place, unit in enumerate(units) if not place or _IS_HAN.match(unit)]
    return pairs + alone


@lru_cache(maxsize=200_000)
def _term(piece: str, language: str) -> str:
    """One piece, stemmed in the language its script can have here, its accents folded."""
    script = _script(piece)
    stemmer = _stemmer_name(script, language)
    stem = _stem(for_stemmer(piece, stemmer), stemmer) if stemmer else piece
    return fold_arabic(stem) if script == "arabic" else _fold(stem)


def _stemmer_name(script: str, language: str) -> str:
    languages = _STEMMERS.get(script, {})
    if language in languages:
        return languages[language]
    if script == "latin" and (not language or language in _NOT_LATIN):
        return languages[_LATIN_FALLBACK]
    return ""


def _script(piece: str) -> str:
    first = next((char for char in piece if char.isalpha()), "")
    if not first:
        return ""
    return next((name for name, (low, high) in _SCRIPTS if low <= first <= high), "")


def _stem(piece: str, stemmer: str) -> str:
    with _STEMMING:  # stemmers keep the word in themselves
        return str(_stemmer(stemmer).stemWord(piece))


@cache
def _stemmer(name: str) -> Any:
    """The pure Python one, always.

    `snowballstemmer.stemmer` takes PyStemmer where somebody has installed that, in whatever
    version: terms would not be those of the next machine. PyStemmer halves the time that terms
    take, 1.3 ms of the 30 ms and more that indexing an abstract of SciFact takes.
    """
    made = importlib.import_module(f"snowballstemmer.{name}_stemmer")
    return getattr(made, f"{name.title()}Stemmer")()


@cache
def stemmer_version() -> str:
    """What the terms of documents that are indexed now come from; a collection remembers it.

    Behind the stemmer the revision of this file: raised whenever a text gets other terms by it.
    """
    return f"snowballstemmer {importlib.metadata.version('snowballstemmer')}; {REVISION}"


def _fold(piece: str) -> str:
    """Without accents, in the scripts where a reader may leave them out."""
    if piece.isascii() or _script(piece) not in _FOLDED_SCRIPTS:
        return piece
    apart = unicodedata.normalize("NFD", piece)
    bare = "".join(char for char in apart if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", bare.translate(_PLAIN_LETTERS))


def _unasked(text: str) -> str:
    """A question without its asking words where these are written on to the others.

    The text itself where nothing else would be left.
    """
    if not _UNSPACED.search(text):
        return text
    rest = ASKING.sub(" ", text)
    return rest if _COMPOUND.search(rest) else text


def _is_stop_word(piece: str, languages: Iterable[str]) -> bool:
    if piece.isdigit():
        return False
    also = OF_SCRIPT.get(_script(piece), ())
    return any(piece in _stop_words(language or "en") for language in (*languages, *also))


@cache
def _stop_words(language: str) -> frozenset[str]:
    """A language's stop words, as `_words` writes them."""
    return frozenset(one_form(word) for word in STOP_WORDS.get(language, ()))
