"""Whether a collection is in languages that the embedder which answers for it knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedder.registry import BUNDLED, MULTILINGUAL
from footnote.additions.add import installed
from footnote.rendering.formatting import listed

if TYPE_CHECKING:
    from footnote.home import Home
    from indexer.records import Collection

# Of the documents whose language is known, so many in others than English call for another
# embedder: of short documents every tenth is taken for one in another language.
_SHARE = 0.3
_NAMES = {
    "am": "Amharic", "ar": "Arabic", "as": "Assamese", "bg": "Bulgarian", "bn": "Bengali",
    "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "ga": "Irish", "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi",
    "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ka": "Georgian", "km": "Khmer", "kn": "Kannada", "ko": "Korean", "lo": "Lao",
    "lt": "Lithuanian", "ml": "Malayalam", "mr": "Marathi", "my": "Burmese", "ne": "Nepali",
    "nl": "Dutch", "nn": "Norwegian", "no": "Norwegian", "or": "Odia", "pa": "Punjabi",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "si": "Sinhala",
    "sr": "Serbian", "sv": "Swedish", "ta": "Tamil", "te": "Telugu", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A collection that the multilingual embedder would suit better.

    `languages` are those that the present one does not know, by name, the most frequent first;
    `embedder` is what the multilingual one is called here, '' where it is not installed.
    """

    collection: str
    languages: tuple[str, ...]
    embedder: str


def suggestion(home: Home, collection: Collection) -> Suggestion | None:
    """None where the languages suit the embedder, or where nobody knows what it knows."""
    specs = {spec.fingerprint: spec for spec in home.registry.specs().values()}
    answering = specs.get(home.store.generation(collection.id))
    if answering is None or answering.base != home.registry.spec(BUNDLED).base:
        return None
    counts = home.store.count_languages(collection.id)
    known = {code: number for code, number in counts.items() if code}
    others = {code: number for code, number in known.items() if code != "en"}
    if sum(others.values()) < _SHARE * sum(known.values()) or not others:
        return None
    often = sorted(others, key=lambda code: (-others[code], code))
    names = dict.fromkeys(_NAMES.get(code, code) for code in often)
    return Suggestion(collection.name, tuple(names), installed(home))


def suggestions(home: Home) -> list[Suggestion]:
    """Of all collections."""
    return [found for one in home.store.collections() if (found := suggestion(home, one))]


def sentence(one: Suggestion) -> str:
    """What a terminal says of it."""
    begin = "" if one.embedder else f"`footnote embedders add {MULTILINGUAL}`, then "
    name = one.embedder or MULTILINGUAL
    return (
        f"{one.collection} holds documents in {listed(one.languages)}, which its embedder hardly"
        f" knows: {begin}`footnote embedders use {name} -c {one.collection}` finds more in them"
    )
