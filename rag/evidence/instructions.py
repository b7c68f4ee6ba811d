"""What tells a reader to do something. Pure."""

from __future__ import annotations

import re

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


def instructs(text: str) -> bool:
    """Whether a sentence says what to do."""
    return _INSTRUCTION.match(text) is not None
