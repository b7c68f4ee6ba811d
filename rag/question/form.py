"""What a question wants done: a fact found, a yes or no, a whole list, a count, a comparison.

English is written out; German, Spanish and French as far as a form is told by its first words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag.languages import Language

Form = Literal["fact", "yes_no", "list", "count", "most", "compare", "total", "summary", "reason"]

_OPEN = r"^\W*(?:(?:and|but|so|then|please|und|aber|y|et|mais)\b[\s,]*)*"


def _opens(alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"{_OPEN}(?:{alternatives})\b", re.IGNORECASE)


_YES_NO = {
    "en": _opens(
        "is|are|was|were|do|does|did|can|could|may|must|should|shall|will|would|has|have|had|am"
        "|isn['’]t|aren['’]t|don['’]t|doesn['’]t|can['’]t"
    ),
    "de": _opens(
        "ist|sind|war|waren|kann|können|darf|dürfen|muss|müssen|soll|sollte|gibt es|hat|haben|wird"
        "|werden|gilt|bekomme|bekommt|bekommen|brauche|braucht|zahlt"
    ),
    "es": _opens("es|son|hay|puedo|puede|pueden|debe|debo|tiene|tengo|está|están|se puede"),
    "fr": _opens("est-ce|est-il|sont-ils|peut-on|puis-je|dois-je|faut-il|y a-t-il|a-t-on"),
}
_SUMMARY = _opens(
    "summari[sz]e|sum up|(?:give|write|make) (?:me )?(?:a |the )?(?:short |brief )?summary"
    "|fasse|zusammenfassung|resume|résume"
    "|(?:what is|what's) (?:the|this|that) (?:document|file|paper|report|text) about"
)
_TOTAL = re.compile(
    r"\b(?:in total|altogether|all together|add(?:ed)? up|sum of|total of all|on average"
    r"|the average|the mean)\b",
    re.IGNORECASE,
)
_COMPARE = re.compile(
    r"\b(?:compare[ds]?|comparison|differences?|differ|versus|vs\.?|rather than|as opposed to"
    r"|vergleiche?|unterschiede?|diferencias?|différences?)\b",
    re.IGNORECASE,
)
_COMPARATIVE = re.compile(
    r"\b(?:which|who|what)\b[^?]*\b(?:is|are|was|were|has|have|costs?|pays?|offers?|gives?|lasts?"
    r"|takes?|weighs?|holds?) (?:the |a |an )?(?:lower|higher|cheaper|dearer|better|larger|bigger"
    r"|smaller|longer|shorter|older|newer|faster|slower|heavier|lighter|more expensive"
    r"|less expensive)\b",
    re.IGNORECASE,
)
_OR = re.compile(r"\bor\b|\boder\b|\bou\b", re.IGNORECASE)
_REASON = _opens("why|how come|for what reason|what is the reason|warum|wieso|weshalb|pourquoi")
_COUNT = re.compile(
    r"\b(?:how many|what number of|wie ?viele|cuánt[oa]s|combien d(?:e|['’]))\s*"
    r"(?P<what>[^?,.;]{2,80})",
    re.IGNORECASE,
)
_LIST = re.compile(
    rf"{_OPEN}(?:list\b|name (?:all|the)\b|enumerate\b|(?:what|which) are\b"
    r"|(?:what|which) (?:\w+ ){0,2}?(?!(?:is|was|does|has|this|its|status|process|basis|address"
    r"|business|access)\b)\w{2,}s\b|what (?:is|does) .*\binclude|(?:what|which) .* (?:covered|"
    r"included|excluded|required|needed)\b|welche\b(?! \w+ ist)|qué .*s\b|quels\b|quelles\b"
    r"|in (?:which|what) \w+s\b)",
    re.IGNORECASE,
)
_VERB_S = re.compile(
    r"^\W*(?:what|which) (?:\w+ )?(?:happens|counts|means|makes|applies|comes|goes|follows|costs"
    r"|causes|needs|gives|gets|takes|says)\b",
    re.IGNORECASE,
)
_PREDICATE = re.compile(
    r"^\W*(?:what|which|where|who|when|how)\b(?:[^?]*?\s)?(?:is|are|was|were) (?P<subject>[^?]+?) "
    r"(?P<verb>\w{2,}(?:ed|en|wn|lt|pt|ld)|made|found|sent|paid|set|drawn|done) "
    r"(?P<behind>in|by|with|from|on|at|to|of|after|into|under)\W*$",
    re.IGNORECASE,
)
_NOUN = re.compile(
    r"\b(?:what|which|welche|quels|quelles|qué|list|name)"
    r"(?: are| all| kinds? of| types? of| sorts? of)?(?: the| of)? ([^\W\d_]+(?: [^\W\d_]+)?)",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"^\W*(?:please )?(?:summari[sz]e|sum up|(?:give|write|make) (?:me )?(?:a |the )?"
    r"(?:short |brief )?summary(?: of)?)\b|"
    r"\bhow (?:many|much|often|long|far)\b|\bwie (?:viele?|oft|lange)\b"
    r"|\b(?:compare|comparison|difference|differences|between|versus)\b|\bthe two\b|\bmust\b"
    r"|\b(?:list|name) (?:all|the)\b|\bplease\b|\btell me\b"
    # what frames a question: "… according to the text", "the key points to understand about …"
    r"|\b(?:according to|as|in|by|from)?\s*(?:is |are )?(?:stated|mentioned|described|discussed"
    r"|outlined|given|provided)? ?(?:according to|in|by) (?:the|this) (?:text|document|passage"
    r"|article|context|documentation)s?\b"
    r"|\b(?:some )?(?:key|main|important|major) (?:points?|details?|aspects?|facts?|features?"
    r"|things?|considerations?|takeaways?|information)\b"
    r"|\b(?:to|should (?:i|you|we|one|people)|need to) (?:understand|know|be aware of|keep in mind)"
    r"(?: about)?\b"
    # "How does poison work?", "What happens when …", "What does the tool do?"
    r"|(?<=\w )works?(?=\W*$)|\bwhat happen(?:s|ed)(?: (?:during|in|at|to))?\b"
    r"|\bduring\b|(?<=\w )(?:do|defined)(?=\W*$)"
    r"|^\W*what (?:goes|belongs|comes|lives) (?:in|into|on|under)\b"
    r"|\bwas (?:bedeute[tn]|mach(?:t|en)|tut|tun|heißt)\b|\bwozu dien(?:t|en)\b|\bals erstes\b"
    r"|\bwie (?:richte|setze|stelle|mache|schalte|nehme|gebe) (?:ich|wir)\b|\bzuerst\b"
    r"|\bwie lautet\b"
    r"|\b(?:gibt es|es gibt)\b"
    r"|\b(?:laut|gemäß) (?:dem )?(?:text|dokument)\b|\bsegún el (?:texto|documento)\b"
    r"|\bselon le (?:texte|document)\b",
    re.IGNORECASE,
)
_PROCEDURE = re.compile(
    r"^\W*(?:how (?:do|can|should|could|would|must) (?:i|we|you|one|someone|people)|how to"
    r"|what (?:do|should|must|can) (?:i|we|you|one) (?:have to |need to )?(?:do|change|set|try"
    r"|check|enter|type|press|use|choose|select)\b|(?:what|which) steps"
    r"|wie (?!lange|viele|oft)(?:kann|muss|soll|\w+(?:[et]|en)) (?:ich|man|wir)"
    r"|was (?:muss|soll|kann) (?:ich|man|wir) (?:\w+ ){0,6}(?:tun|machen)"
    r"|cómo (?:puedo|se|debo)|comment (?:faire|puis-je|dois-je|peut-on))\b"
    r"|^.*\bwhat (?:can|could|should|must|do) (?:i|we|you|one) do\W*$",
    re.IGNORECASE,
)
_SAYING = re.compile(
    r"^\W*what (?:does|do|did) .{1,80}?\b(say|state|mention|tell)\b", re.IGNORECASE
)
# "What does ERL stand for?", but not "What values does it stand for?"
_MEANING = re.compile(r"^\W*what (?:does|do) .{1,60}? (means?|stands? for)\W*$", re.IGNORECASE)
_DEFINED = re.compile(
    r"^\W*(?:(?:what|who)(?:'s|’s| is| are| was| were) (?:an? |the )?"
    r"(?:(?:purpose|use|point|function|aim) of (?:an? |the )?)?((?:[^\s?]+ ?){1,4}?)(?: for)?"
    r"|how (?:is|are) (?:an? |the )?((?:[^\s?]+ ){1,4}?)defined"
    r"|what (?:goes|belongs) (?:in|into|on|under) (?:an? |the )?((?:[^\s?]+ ?){1,4}?)"
    r"|what (?:does|do) (?:an? |the )?((?:[^\s?]+ ){1,4}?)(?:mean|do|stand for)"
    r"(?: (?:in|under|within|according to) [^?]*)?"
    r"|(?:was (?:ist|sind|bedeute[tn]|macht|heißt)|(?:wozu|wofür) (?:ist|sind|dien(?:t|en)))"
    r" (?:ein(?:e|en)? |der |die |das )?((?:[^\s?]+ ?){1,4}?)(?: da| gut)?"
    r"|qué (?:es|son|significa) (?:una? |el |la |los |las )?((?:[^\s?]+ ?){1,4}?))\W*$",
    re.IGNORECASE,
)
_PURPOSE = re.compile(
    r"^\W*(?:what (?:is|are) .* for|what (?:does|do) .* do|what(?:'s|’s| is| are) the (?:purpose"
    r"|use|point|function|aim) of .*|what (?:goes|belongs) (?:in|into|on|under) .*"
    r"|(?:wofür|wozu) (?:ist|sind|dient|dienen) .*|was macht .*)\W*$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"\b(?:differences?|comparison|unterschiede?) (?:between|zwischen|of) (?:an? |the )?(.{2,60}?)"
    r" (?:and|und) (?:an? |the )?([^?.]{2,60}?)\W*$"
    r"|\bcompare (?:an? |the )?(.{2,60}?) (?:and|with|to) (?:an? |the )?([^?.]{2,60}?)\W*$",
    re.IGNORECASE,
)
_GOOD = re.compile(r"\s+(?:good|used|useful|there)$", re.IGNORECASE)
_ASKS_KEY = re.compile(
    r"\b(?:what|which) (?:\w+ )?(?:keys?|shortcuts?|key (?:combination|binding)|hot ?keys?"
    r"|buttons?)\b"
    r"|\bwelche (?:taste|tastenkombination)\b",
    re.IGNORECASE,
)
_OF = re.compile(r"\s(?:of|for|in|at|on|with|by|from|von|im|für|de|del|du)\s", re.IGNORECASE)
_AN = re.compile(r"^\W*what(?:'s|’s| is| are| does) an? ", re.IGNORECASE)
_MOST = re.compile(
    r"\b(?P<high>most expensive|highest|largest|biggest|greatest|longest|oldest|heaviest|dearest"
    r"|maximum|latest|newest|tallest|fastest)\b"
    r"|\b(?P<low>cheapest|least expensive|lowest|smallest|shortest|youngest|lightest|least"
    r"|minimum|earliest|slowest)\b",
    re.IGNORECASE,
)
# What a superlative is measured in, where the question does not say it.
_MEASURES = {
    "expensive": "price cost fee charge", "cheapest": "price cost fee charge",
    "dearest": "price cost fee charge", "longest": "length duration time days weeks hours",
    "shortest": "length duration time days weeks hours", "heaviest": "weight mass",
    "lightest": "weight mass", "oldest": "age year", "youngest": "age year",
    "latest": "date year", "newest": "date year", "earliest": "date year",
    "tallest": "height", "fastest": "speed time", "slowest": "speed time",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Most:
    """The superlative of a question: which way, and words that may name what is measured."""

    high: bool
    word: str
    measures: str


def form_of(text: str, language: Language) -> Form:
    """What a question wants done."""
    tests: tuple[tuple[Form, bool], ...] = (
        ("summary", _SUMMARY.search(text) is not None),
        ("total", _TOTAL.search(text) is not None),
        ("compare", _compares(text)),
        ("reason", _REASON.search(text) is not None),
        ("yes_no", _is_yes_no(text, language)),
        ("most", _MOST.search(text) is not None and _chooses(text)),
        ("count", _COUNT.search(text) is not None),
        ("list", _LIST.search(text) is not None and _VERB_S.search(text) is None),
    )
    return next((form for form, holds in tests if holds), "fact")


def asking_words(text: str) -> list[str]:
    """Words of a question that say how it asks and nothing of what it asks about."""
    words = [word for match in _ASKING.finditer(text) for word in match.group().split()]
    saying = _SAYING.match(text) or _MEANING.match(text)
    return [*words, *saying[1].split()] if saying else words


def is_procedure(text: str) -> bool:
    """Whether a question asks how something is done, step by step."""
    return _PROCEDURE.match(text) is not None


def defined(text: str) -> str:
    """What a question wants explained: "disk group" of "What is the disk group for?", or ''.

    "The deductible of the plan" is asked for its value, "a power of attorney" for what it is.
    """
    found = _DEFINED.match(text)
    name = next((part for part in found.groups() if part), "") if found else ""
    if asks_purpose(text):
        return _GOOD.sub("", _OF.split(f"{name} ")[0])  # "the sidebar in Mutt good for"
    return "" if _OF.search(name) and not _AN.match(text) else name


def predicate(text: str) -> tuple[str, str] | None:
    """What a question says of what: ("Ledger", "written in") of "What is Ledger written in?"."""
    found = _PREDICATE.match(text)
    return (found["subject"], f"{found['verb']} {found['behind']}") if found else None


def compared(text: str) -> tuple[str, ...]:
    """The two things that a question compares: "difference between A and B"; none where unsaid."""
    found = _BETWEEN.search(text)
    return tuple(part.strip() for part in found.groups() if part) if found else ()


def asks_purpose(text: str) -> bool:
    """Whether a question asks what something is for, or does."""
    return _PURPOSE.match(text) is not None


def asks_key(text: str) -> bool:
    """Whether a question asks which key to press."""
    return _ASKS_KEY.search(text) is not None


def asked_noun(text: str) -> str:
    """What a list is asked of: "states" of "in which states is it offered?", '' where unsaid."""
    found = _NOUN.search(text)
    return found[1] if found else ""


def counted(text: str) -> str:
    """The words for what is counted: "error codes does the Skylark have"."""
    found = _COUNT.search(text)
    return found["what"] if found else ""


def superlative(text: str) -> Most | None:
    """The superlative of a question, None where it has none."""
    found = _MOST.search(text)
    if found is None:
        return None
    word = found.group().split()[-1].casefold()
    return Most(found["high"] is not None, found.group(), _MEASURES.get(word, ""))


def _compares(text: str) -> bool:
    return _COMPARE.search(text) is not None or _COMPARATIVE.search(text) is not None


def _chooses(text: str) -> bool:
    return re.search(r"\b(?:which|what|who|where)\b", text, re.IGNORECASE) is not None


def _is_yes_no(text: str, language: Language) -> bool:
    opening = _YES_NO.get(language.code)
    if opening is None or opening.search(text) is None:
        return False
    return _OR.search(text) is None
