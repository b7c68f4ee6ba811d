"""Passwords: argon2id by argon2-cffi, with that library's defaults (RFC 9106, low memory)."""

from __future__ import annotations

import threading
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from embedder.errors import FootnoteError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_CHARACTERS = 10
MAX_CHARACTERS = 1024

# Each takes 64 MiB and 0.2 s here. Sign-ins beyond two at once wait for their turn: nobody can
# take the machine's memory by trying.
_AT_ONCE = threading.BoundedSemaphore(2)

# Stands for the password of a name that is not there, so that looking takes as long. Of random
# bytes that nobody has.
NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$ldVnfjKMdqSf6zjiTyeaoA"
    "$8rhNYJHFchAFUNhIHTR9QzHHjwUwdg80z6OEe11OgCU"
)


class UnfitPasswordError(FootnoteError):
    """A password that is too easy to guess, or too long."""


def hashed(password: str, name: str) -> str:
    """The hash to keep. Raises `UnfitPasswordError`."""
    text = _normal(password)
    if len(text) < MIN_CHARACTERS:
        raise UnfitPasswordError(
            f"a password has at least {MIN_CHARACTERS} characters; a few words are easy to keep"
        )
    if len(text) > MAX_CHARACTERS:
        raise UnfitPasswordError(f"a password has at most {MAX_CHARACTERS} characters")
    if len(set(text)) < 4 or (name.casefold() in text.casefold() and len(text) - len(name) < 6):
        raise UnfitPasswordError("this password is too easy to guess; take another")
    with _AT_ONCE:
        return hasher().hash(text)


def holds(kept: str, password: str) -> bool:
    """Whether a password is the one that was hashed; takes as long for `NOBODY`."""
    from argon2.exceptions import InvalidHashError, VerificationError

    text = _normal(password[: MAX_CHARACTERS + 1])
    with _AT_ONCE:
        try:
            return hasher().verify(kept, text)
        except (InvalidHashError, VerificationError):
            return False


def renewed(kept: str, password: str) -> str:
    """The hash of a password that holds, made anew where its cost is not today's."""
    if not hasher().check_needs_rehash(kept):
        return kept
    with _AT_ONCE:
        return hasher().hash(_normal(password))


@cache
def hasher() -> PasswordHasher:
    """The one hasher of this process."""
    from argon2 import PasswordHasher

    return PasswordHasher()


def _normal(password: str) -> str:
    """The same characters however a keyboard composes them."""
    return unicodedata.normalize("NFKC", password)
