"""What tells a reader what to do: the steps that a "how do I" is answered by. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from rag.evidence.quotables import Quotable

# So many sentences behind the best one may hold its last step.
_MOST_STEPS = 5

# Verbs that instructions begin with, and the other ways in which one opens.
_INSTRUCTION = re.compile(
    r"\W*(?:(?:first|second|third|then|next|now|finally|afterwards?|please|simply|just|also|once"
    r" (?:you|that|this)[^,]{0,60}|in (?:that|this|such a) case|alternatively|otherwise|instead)\b"
    r",?\s+)*(?:for (?!(?:more|further|example|instance|details|information)\b)(?:[\w-]+ ){1,4})?"
    r"(?:to \w+[^.]{0,80}[,:] |you (?:can|may|must|should|need"
    r"|have to|will (?:need|have to)|might want|want to)\b|don['’]t\b|do not\b|make sure"
    r"|be sure|the (?:first|next|other|last) (?:thing|step)\b"
    r"|(?:accept|activate|add|adjust|allow|apply|ask|assign|attach|begin|bring|build|call|change"
    r"|charge|check|choose|clean|clear|click|close|complete"
    r"|configure|connect|contact|continue|copy|create|cut|deactivate|define|delete|disable"
    r"|disconnect|double-click|download|drag|edit|empty|enable|enter|export|fill|find|fix|follow"
    r"|give|go|heat|hold|import|include|insert|install|keep|leave|log|lock|mail|mark|measure|mix"
    r"|mount|move|navigate|open|pay|place|plug|point|pour|press|provide|pull|push|put|read|record"
    r"|release|remove|rename|repeat|replace|report|reset|restart|return|right-click|rinse|rotate"
    r"|run|save|scroll|search|select|send|set|sign|specify|start|stir|stop|store|submit|subtract"
    r"|switch|take|tap|tell|tick|tighten|tie|touch|turn|type|unplug|update|upload|use|visit|wait"
    r"|wash|wipe|write)\b(?! (?:is|are|was|were|of|has|have)\b)"
    r"|(?:zuerst|dann|danach|anschließend|zum schluss)\b|(?:um|sie (?:können|müssen|sollten))\b"
    r"|(?:klicken|wählen|öffnen|drücken|geben|stellen|schalten|setzen|ziehen) sie\b)",
    re.IGNORECASE,
)
# The verb of "How do I subscribe …?", and of "To subscribe to a list, send …".
_HOW_DO_I = re.compile(
    r"^\W*how (?:(?:do|can|should|could|would|must) (?:i|we|you|one|someone|people)|to) (\w+)",
    re.IGNORECASE,
)
# "To subscribe to a list" in a line by itself announces the steps below it.
_TO = re.compile(r"^\W*to (?:\w+ly )?(\w+)\b(?:[^.]{0,120}[,:] |[^.!?]{3,120}$)", re.IGNORECASE)
# Steps that another one stands before.
_GOES_ON = re.compile(
    r"\W*(?:alternatively|otherwise|instead|then|next|in (?:that|this|such a) case|finally|now"
    r"|afterwards|dann|danach|anschließend|alternativ|sonst)\b",
    re.IGNORECASE,
)
# "There are three ways of …" says nothing without them.
_WAYS = re.compile(
    r"\b(?:two|three|four|five|several|many|various|(?:a )?few|a number of|different) (?:\w+ ){0,2}"
    r"(?:ways|methods|options|possibilities|means|steps)\b"
    r"|\b(?:zwei|drei|vier|mehrere|verschiedene) (?:\w+ )?(?:wege|möglichkeiten|arten|schritte)\b",
    re.IGNORECASE,
)


def instructs(text: str) -> bool:
    """Whether a sentence says what to do."""
    return _INSTRUCTION.match(text) is not None


def begins_with(question: str, text: str) -> str:
    """The opening "To subscribe, " of a sentence where "How do I subscribe?" is asked, or ''."""
    wanted, said = _HOW_DO_I.match(question), _TO.match(text)
    same = wanted and said and wanted[1].casefold() == said[1].casefold()
    return said.group() if said and same else ""


def first_step(best: Quotable, before: Callable[[int], Quotable | None]) -> int:
    """The order of the step that a sentence goes on from, its own where it opens with none.

    "Alternatively: edit the file." is the second of two ways.
    """
    first, one = best.order, best
    while _GOES_ON.match(one.text) and best.order - first < _MOST_STEPS:
        above = before(first - 1)
        if above is None or above.topic != best.topic:
            break
        first, one = first - 1, above
    return first


def last_step(best: Quotable, following: Callable[[int], Quotable | None]) -> int:
    """The order of the last step that belongs to a sentence, its own where none follows it.

    `following` gives the quotable of an order in the same passage. The steps stand under the
    same heading; an item of a list is one, too, and whatever follows "There are three ways".
    """
    last = best.order
    announced = _WAYS.search(best.text) is not None
    for order in range(best.order + 1, best.order + 1 + _MOST_STEPS):
        one = following(order)
        if one is None or one.topic != best.topic:
            break
        if one.text.endswith(":"):
            if announced:
                continue  # with what it announces, if that is there
            break  # a list that is announced is quoted whole, by itself
        if one.item or announced or instructs(one.text):
            last = order
    return last
