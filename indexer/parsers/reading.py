"""Limits on what is read of one file, and how much of them is used up."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.parsers.errors import TooLargeError
from indexer.parsers.layout import MAX_CHARACTERS, PageBuilder

# What may be unpacked whatever the size and ratio: small files of repetitive XML.
_RATIO_FREE = 10 << 20
_BOMB = (
    "unpacks to far more than its size (a zip bomb, or a huge file); "
    "unpack it yourself and index what is in it"
)


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What is read of a file at the most, with all that lies inside it; the operator's to set.

    `ratio` is unpacked to packed size: office files of real people stay below 30 (repetitive
    sheets reach 100), 42.zip is above 100,000. `nesting` counts archives and mails inside each
    other. `keep_hidden` reads text that a person does not see as if it were seen.
    """

    file_bytes: int = 512 << 20
    unpacked_bytes: int = 1 << 30
    ratio: int = 300
    nesting: int = 2
    pages: int = 20_000
    keep_hidden: bool = False


DEFAULT_LIMITS = ReadingLimits()


class Reading:
    """One file on its way through the parsers: what lies in it draws on the same account."""

    def __init__(self, limits: ReadingLimits, size: int) -> None:
        self.limits = limits
        self._room = _allowed(size, limits)

    @property
    def room(self) -> int:
        """Bytes that may still be unpacked."""
        return self._room

    def unpack(self, size: int) -> None:
        """Account for bytes that were unpacked, or will be. Raises `TooLargeError`."""
        if size > self._room:
            raise TooLargeError(_BOMB)
        self._room -= size

    def descend(self, depth: int) -> None:
        """Raise `TooLargeError` where a file lies in more archives and mails than are opened."""
        if depth > self.limits.nesting:
            raise TooLargeError(
                f"lies more than {self.limits.nesting} archives deep; unpack it first"
            )

    def check_pages(self, pages: int, unit: str = "pages") -> None:
        """Raise `TooLargeError` where there are more pages than are read."""
        if pages > self.limits.pages:
            raise TooLargeError(
                f"has {pages:,} {unit}; at most {self.limits.pages:,} are read, split it"
            )

    def builder(self) -> PageBuilder:
        """A page to write on."""
        return PageBuilder(keep_hidden=self.limits.keep_hidden)


def check_text(characters: int, size: int, limits: ReadingLimits) -> None:
    """Raise `TooLargeError` where all pages together hold more text than a file of `size` may.

    Nothing need be packed for that: pages of a PDF may all show the same text.
    """
    if characters > min(MAX_CHARACTERS, _allowed(size, limits)):
        raise TooLargeError(
            f"holds {characters:,} characters of text, more than is read of a file of its size; "
            "split it into smaller files"
        )


def _allowed(size: int, limits: ReadingLimits) -> int:
    """Bytes that a file of `size` may unpack to."""
    return min(limits.unpacked_bytes, max(_RATIO_FREE, size * limits.ratio))
