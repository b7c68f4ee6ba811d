"""ZIP archives: the members that can be read, one after the other; GZIP: the one file in it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import replace

from indexer.parsers.container import Container
from indexer.parsers.errors import CorruptedError, EncryptedError, UnsupportedError
from indexer.parsers.mail.letter import ReadMember, attached
from indexer.parsers.reading import Reading
from indexer.records import ParsedFile

# What systems add to archives by themselves.
_SYSTEM = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def parse_archive(
    container: Container, name: str, reading: Reading, read: ReadMember
) -> ParsedFile:
    """An archive as one document: the pages of its members, labelled with their names.

    What cannot be read is named among the problems. Nothing is written to disk, so a
    member's path (`../../etc`) leads nowhere. Raises `UnsupportedError` where nothing can
    be read.
    """
    if container.encrypted:
        raise EncryptedError("is protected with a password; unpack it and index what is in it")
    pages, problems = attached([], _members(container), reading, read)
    if not pages:
        raise UnsupportedError(
            f"holds no file that can be read ({'; '.join(problems[:3]) or 'it is empty'})"
        )
    return ParsedFile(name, tuple(pages), "zip", problems)


def _members(container: Container) -> Iterator[tuple[str, bytes]]:
    for name in container.names:
        # "._x" is the resource fork of x, as macOS packs it.
        fork = name.rpartition("/")[2].startswith("._")
        system = fork or name.endswith(_SYSTEM) or name.startswith(_SYSTEM)
        if not system and not container.is_link(name):
            yield name, container.read(name)


def parse_gzip(data: bytes, name: str, reading: Reading, read: ReadMember) -> ParsedFile:
    """A compressed file: what is in it, under its name without the suffix."""
    content = b""
    rest = data
    while rest[:2] == b"\x1f\x8b":  # several may be joined (logs that were rotated)
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            content += unpacker.decompress(rest, reading.room - len(content) + 1)
        except zlib.error as error:
            raise CorruptedError(f"is damaged ({error}); get an intact copy") from error
        if len(content) > reading.room or not unpacker.eof:
            break
        rest = unpacker.unused_data
    reading.unpack(len(content))
    inner = re.sub(r"\.gz$", "", name, flags=re.IGNORECASE)
    if inner.lower().endswith((".tar", ".tgz")) or content[257:262] == b"ustar":
        raise UnsupportedError("is an archive of several files (tar); unpack it and index those")
    parsed = read(content, inner)
    return replace(parsed, title=name if parsed.title == inner else parsed.title)
