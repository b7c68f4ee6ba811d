"""The published recipe's taxonomy: families of tasks, placeholders, languages. Pure.

Wang et al., "Improving Text Embeddings with Large Language Models" (arXiv 2401.00368,
section 3.1, table 1, figure 2 and appendix C). What an attempt asks for follows from its number
and the seed alone, so that an interrupted run goes on where it stood.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of example.

    Attributes:
        name: as the paper has it; it is the `source` of the examples.
        thousands: examples in the published data; families are drawn in these proportions.
        keys: of the JSON reply: that of the query, of the positive, of the negative if any.
        choices: values of the placeholders, drawn evenly. Languages are drawn apart.
        instruction: the task of symmetric families. Asymmetric ones have '': theirs are
            brainstormed.
    """

    name: str
    thousands: int
    keys: tuple[str, ...]
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    instruction: str = ""

    @property
    def brainstormed(self) -> bool:
        """Whether its tasks are written by the language model in a step before."""
        return not self.instruction


_CLARITY = ("clear", "understandable with some effort", "ambiguous")
_DIFFICULTY = ("high school", "college", "PhD")
_UNITS = ("sentence", "phrase", "passage")
_SCHOOLS = ("elementary school", "high school", "college")
_HIGH = ("4", "4.5", "5")

FAMILIES = (
    Family(
        "short-long",
        167,
        ("user_query", "positive_document", "hard_negative_document"),
        {
            "query_type": ("extremely long-tail", "long-tail", "common"),
            "query_length": ("less than 5 words", "5 to 15 words", "at least 10 words"),
            "clarity": _CLARITY,
            "difficulty": _DIFFICULTY,
            "num_words": ("50", "100", "200", "300", "400", "500"),
        },
    ),
    Family(
        "long-short",
        122,
        ("input_text", "label", "misleading_label"),
        {
            "num_words": (
                "less than 10",
                "at least 10",
                "at least 50",
                "at least 100",
                "at least 200",
            ),
            "clarity": _CLARITY,
            "difficulty": _DIFFICULTY,
        },
    ),
    Family("short-short", 13, ("input", "positive_document")),
    Family("long-long", 17, ("input", "positive_document")),
    Family(
        "sts",
        99,
        ("S1", "S2", "S3"),
        {
            "unit": _UNITS,
            "high_score": _HIGH,
            "low_score": ("2.5", "3", "3.5"),
            "difficulty": _SCHOOLS,
        },
        "Retrieve semantically similar text.",
    ),
    Family(
        "bitext",
        89,
        ("S1", "S2", "S3"),
        {
            "unit": _UNITS,
            "high_score": _HIGH,
            "low_score": ("1.5", "2", "2.5"),
            "difficulty": _SCHOOLS,
        },
        "Retrieve parallel sentences.",
    ),
)

# Percent of the published data (figure 2); what is left is shared evenly by the others.
_COMMON = {
    "English": 43.1,
    "Polish": 3.0,
    "Japanese": 2.9,
    "Italian": 2.9,
    "Russian": 2.9,
    "Indonesian": 2.9,
    "German": 2.9,
    "Persian": 2.9,
    "Spanish": 2.8,
    "Chinese": 2.8,
    "French": 2.8,
    "Portuguese": 2.8,
    "Dutch": 2.8,
    "Arabic": 2.7,
}
_OTHERS_PERCENT = 19.8
# XLM-R's languages (Conneau et al., arXiv 1911.02116, table 6), each script and romanisation
# counted once: with the common ones 93, the published number.
_OTHERS = (
    "Afrikaans Albanian Amharic Armenian Assamese Azerbaijani Basque Belarusian Bengali Bosnian "
    "Breton Bulgarian Burmese Catalan Croatian Czech Danish Esperanto Estonian Filipino Finnish "
    "Galician Georgian Greek Gujarati Hausa Hebrew Hindi Hungarian Icelandic Irish Javanese "
    "Kannada Kazakh Khmer Korean Kurdish Kyrgyz Lao Latin Latvian Lithuanian Macedonian Malagasy "
    "Malay Malayalam Marathi Mongolian Nepali Norwegian Oriya Oromo Pashto Punjabi Romanian "
    "Sanskrit Scottish_Gaelic Serbian Sindhi Sinhala Slovak Slovenian Somali Sundanese Swahili "
    "Swedish Tamil Telugu Thai Turkish Ukrainian Urdu Uyghur Uzbek Vietnamese Welsh "
    "Western_Frisian Xhosa Yiddish"
)
_OTHER_NAMES = [name.replace("_", " ") for name in _OTHERS.split()]
LANGUAGES: Mapping[str, float] = _COMMON | dict.fromkeys(
    _OTHER_NAMES, _OTHERS_PERCENT / len(_OTHER_NAMES)
)

_FAMILY_BOUNDS = tuple(accumulate(family.thousands for family in FAMILIES))
_LANGUAGE_NAMES = tuple(LANGUAGES)
_LANGUAGE_BOUNDS = tuple(accumulate(LANGUAGES.values()))


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one attempt asks of the language model.

    `values` fills every placeholder of the family's prompt but the task; `luck`, between 0
    and 1, says which of the brainstormed tasks it takes.
    """

    number: int
    family: Family
    values: Mapping[str, str]
    luck: float

    def task(self, pool: Sequence[str]) -> str:
        """The instruction of this attempt: the family's, or one of the brainstormed `pool`."""
        return self.family.instruction or pool[int(self.luck * len(pool))]


def assignment(number: int, seed: int = 0) -> Assignment:
    """The attempt of this number; the same for the same seed."""
    draw = random.Random(f"{seed}/{number}")  # noqa: S311 - no secret
    family = draw.choices(FAMILIES, cum_weights=_FAMILY_BOUNDS)[0]
    values = {name: draw.choice(choices) for name, choices in family.choices.items()}
    language = _language(draw)
    if family.name == "bitext":
        other = language
        while other == language:
            other = _language(draw)
        values |= {"source_language": language, "target_language": other}
    else:
        values["language"] = language
    return Assignment(number, family, values, draw.random())


def _language(draw: random.Random) -> str:
    return draw.choices(_LANGUAGE_NAMES, cum_weights=_LANGUAGE_BOUNDS)[0]
