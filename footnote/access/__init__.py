"""Who may do what. `Access` is the one place where that is decided."""

from footnote.access.access import Access, NotAllowedError, check_order
from footnote.access.door import Door, ElsewhereError, NotSignedInError, visitor

__all__ = [
    "Access",
    "Door",
    "ElsewhereError",
    "NotAllowedError",
    "NotSignedInError",
    "check_order",
    "visitor",
]
