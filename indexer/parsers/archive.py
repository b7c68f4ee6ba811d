"""ZIP archives: the members that can be read, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.parsers.container import Container
from indexer.parsers.errors import EncryptedError, UnsupportedError
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
