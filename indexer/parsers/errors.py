"""Why a file could not be read.

    ParseError
    ├── EncryptedError       needs a password or a key
    ├── EmptyFileError       nothing in it
    ├── CorruptedError       damaged, or not what it says it is
    ├── UnsupportedError     a kind of file that is not read
    ├── TooLargeError        larger, or unpacking to more, than is read
    ├── ScannedError         pictures without text, and no text recognition
    ├── ParserTimeoutError   took too long
    └── ParserMemoryError    took too much memory, or took the parser down with it

Each message names the reason and what the person can do.
"""

from __future__ import annotations

from embedder.errors import FootnoteError


class ParseError(FootnoteError):
    """A file could not be read; `code` is the reason in a word."""

    code = "unreadable"


class EncryptedError(ParseError):
    """The file needs a password or a key."""

    code = "encrypted"


class EmptyFileError(ParseError):
    """There is nothing in the file."""

    code = "empty"


class CorruptedError(ParseError):
    """The file is damaged, or not what it says it is."""

    code = "corrupted"


class UnsupportedError(ParseError):
    """A kind of file that is not read."""

    code = "unsupported"


class TooLargeError(ParseError):
    """The file is larger, or unpacks to more, than is read."""

    code = "too-large"


class ScannedError(ParseError):
    """Pictures of text only, and no text could be recognised in them."""

    code = "scanned"


class ParserTimeoutError(ParseError):
    """Reading the file took too long and was stopped."""

    code = "timeout"


class ParserMemoryError(ParseError):
    """Reading the file took too much memory, or took the parser down with it."""

    code = "memory"


def by_code(code: str) -> type[ParseError]:
    """The class of a `code`: how an error comes back from a parser process."""
    return {kind.code: kind for kind in ParseError.__subclasses__()}.get(code, ParseError)
