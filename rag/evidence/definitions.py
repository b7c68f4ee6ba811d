"""Sentences that say what something is: "An NMU is …", "Such uploads are called NMUs". Pure."""

from __future__ import annotations

import re

# What stands before the verb that explains it, and what stands behind "called".
_SAYS_WHAT = re.compile(
    r"((?:\S+ ){1,12}?)(?:is|are|means?|refers? to|denotes?|stands? for|ist|sind|bedeutet|es|son"
    r"|significa|est|sont|signifie)\b",
    re.IGNORECASE,
)
# "In health care, an encounter is …" is about the encounter.
_OPENING = re.compile(
    r"^(?:(?:in|for|within|as|with|to) (?![^,]*\bexample)[^,.:;]{2,60}|technically|generally"
    r"|formally|basically|simply put|strictly speaking|in short|in brief|historically),\s+",
    re.IGNORECASE,
)
# "Why SOAP is bad" says nothing of SOAP.
_ASKS = re.compile(r"\W*(?:why|how|when|where|what|which|who|whether|if|warum|wie|wann)\b", re.I)
# What is done to a thing, or how it is, says not what it is: "They are signed with a key."
_DONE = re.compile(
    r"\s+(?:(?:not|now|also|often|always|\w+ly) )*(?:\w{3,}ed|built|made|given|shown|found|kept"
    r"|sent|written|taken|done|set|run|held|left|put|seen|sold|paid|bound)"
    r"(?=\s*(?:$|[.,;:(]|(?:in|on|at|by|with|from|only|when|whenever|if|unless|until|over|through"
    r"|after|before|during|via|once|every|here|below|above|\w+ly)\b))",
    re.IGNORECASE,
)
_SHORTEST = 2
_SMALL = re.compile(r"and|of|the|for|to|in|on|an?|y|de|la|und|der|die|das|et", re.IGNORECASE)
_MEANT = re.compile(
    r"^(?:this|that) is (?:what is (?:meant by|called)|the meaning of)\W+((?:[^\s.,;:]+ ?){1,6})",
    re.IGNORECASE,
)
_IS_A = re.compile(r"((?:\S+ ){1,5})(?:is|are|ist|sind|es|est) (?:an?|eine?|una?|une?) ", re.I)
# What a thing does says what it is for.
_SAYS_WHAT_FOR = re.compile(
    r"((?:\S+ ){1,9}?)(?:allows?|will|(?:is|are) (?:responsible|in charge)|leads?|oversees?"
    r"|tries|can be used|contains?|controls?|defines?"
    r"|describes?|determines?|displays?|does|enables?|gives?|handles?|helps?|holds?|is used"
    r"|are used|keeps?|lets?|lists?"
    r"|makes?|manages?|offers?|prints?|provides?|represents?|runs?|serves?|sets?|shows?|specif(?:y"
    r"|ies)|starts?|stores?|supports?|tells?|turns?|dient|dienen|zeigt|zeigen|enthält|enthalten)\b",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"(?<!not )(?<!not normally )(?<!never )\b(?:called|known as|termed|referred to as"
    r"|abbreviated(?: as| to)?|genannt|bezeichnet als|se llaman?|appelée?s?)"
    r"\s+((?:[^\s.,;:]+ ?){1,8})",
    re.IGNORECASE,
)
# Behind these stands what a name belongs to: "The source for a work in object code form".
_BELONGS = re.compile(
    r"\s(?:for|of|in|under|on|at|with|to|from|by|für|von|im|de|del|para|en|pour|dans)\s.*", re.I
)
# "Kite, formerly named Hawk, is …"; "Kite (5.2) is …".
_IN_PASSING = re.compile(r",[^,]{1,60},\s*$|\s\([^)]*\)\s*$")
_ARTICLE = r"(?:(?:an?|the|ein(?:e|en)?|der|die|das|una?|el|la|une?|le)\s+)?"


def subject_of(sentence: str) -> str:
    """What a sentence says something of: "The bug tracker " of "The bug tracker is …", or ''."""
    said = _OPENING.sub("", sentence)
    found = _SAYS_WHAT.match(said)
    if found is None or _ASKS.match(said) or _DONE.match(said[found.end() :]):
        return ""
    return found[1]


def spells_out(short: str, sentence: str) -> bool:
    """Whether words with these initials stand together: "Subjective, Objective …, Plan" is SOAP."""
    if re.search(rf"\w{{3,}}[ )]+\([^()]*\b{short}s?\)", sentence):
        return True  # "Debian Security Advisories (DSAs)", in whatever language
    words = re.findall(r"[^\W\d_][\w'’-]*", sentence)
    told = (word for word in words if not _SMALL.fullmatch(word))
    initials = "".join(word[0] if not word[1:].isupper() else " " for word in told)
    # "the expected residual lifetime, ERL": in small letters beside it
    beside = len(short) > _SHORTEST and re.search(rf"\b{short}s?\b", sentence) is not None
    return short in initials or (beside and short.lower() in initials.lower())


def called_a(sentence: str) -> str:
    """What a sentence says the kind of: "A mill " of "A mill is a machine …", or ''."""
    found = _IS_A.match(sentence)
    return found[1] if found else ""


def doer_of(sentence: str) -> str:
    """What a sentence says the work of: "The sidebar " of "The sidebar shows …", or ''."""
    found = _SAYS_WHAT_FOR.match(sentence)
    return found[1] if found else ""


def headword(subject: str) -> str:
    """A subject without what it belongs to, and without what is said of it in passing."""
    return _BELONGS.sub(" ", _IN_PASSING.sub(" ", subject))


def names_given(sentence: str) -> tuple[str, ...]:
    """The names that a sentence gives: "tax relief" and "TR" of "… called tax relief (TR)."."""
    found = _MEANT.match(sentence) or _CALLED.search(sentence)
    if found is None:
        return ()
    whole, _, short = found[1].partition("(")
    return tuple(name for name in (whole, short.partition(")")[0]) if name.strip())


def explains(name: str, text: str) -> bool:
    """Whether a text holds a sentence that begins "NAME is …", or that calls something so."""
    said = re.escape(name.strip()).replace(r"\ ", r"\s+")
    begins = rf"(?:^|[.!?:]\s+|\n\s*){_ARTICLE}{said}s?\s+(?:\([^)]*\)\s+)?(?:is|are|means?"
    begins += r"|refers? to|stands? for|ist|sind|bedeutet|es|significa|est|signifie)\b"
    if re.search(begins, text, re.IGNORECASE):
        return True
    whole = re.compile(rf"\W*{_ARTICLE}{said}s?\W*", re.IGNORECASE)
    sentences = re.split(r"[.!?]\s", text)
    return any(whole.fullmatch(name) for one in sentences for name in names_given(one))
