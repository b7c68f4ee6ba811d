"""ZIP and OLE containers, opened with care: bombs, encryption and damage are named."""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.parsers.encoding import legacy_encoding
from indexer.parsers.errors import CorruptedError, EncryptedError, TooLargeError
from indexer.parsers.reading import Reading

if TYPE_CHECKING:
    from olefile import OleFileIO

_MAX_MEMBERS = 20_000
_UNICODE_PATH = 0x7075
_LOCKED = "is protected with a password; save it without one"


class Container:
    """A ZIP container whose members can be read without fear of their size.

    Raises `CorruptedError`, `EncryptedError` or `TooLargeError`, at opening or reading.
    """

    def __init__(self, data: bytes, reading: Reading) -> None:
        self._reading = reading
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise CorruptedError(f"is damaged or cut off ({error}); get an intact copy") from error
        infos = self._zip.infolist()
        if len(infos) > _MAX_MEMBERS:
            raise TooLargeError(f"holds {len(infos):,} files; at most {_MAX_MEMBERS:,} are read")
        self._infos = dict(zip(member_names(infos), infos, strict=True))
        self.encrypted = any(info.flag_bits & 1 for info in infos)

    @property
    def names(self) -> list[str]:
        """The members' names, in the container's order, without folders."""
        return [name for name in self._infos if not name.endswith("/")]

    def is_link(self, name: str) -> bool:
        """Whether a member is a symbolic link: its content is a path, which is not followed."""
        return stat.S_ISLNK(self._infos[name].external_attr >> 16)

    def read(self, name: str) -> bytes:
        """A member's content; `CorruptedError` where it is absent or damaged."""
        data = self.find(name)
        if data is None:
            raise CorruptedError(f"lacks its part {name}; get an intact copy")
        return data

    def find(self, name: str) -> bytes | None:
        """A member's content, `None` where it is absent."""
        if name not in self._infos:
            return None
        if self.encrypted:
            raise EncryptedError(_LOCKED)
        room = self._reading.room
        try:
            with self._zip.open(self._infos[name]) as member:
                data = member.read(room + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError) as error:
            raise CorruptedError(f"is damaged at {name} ({error}); get an intact copy") from error
        except (NotImplementedError, RuntimeError) as error:
            raise EncryptedError(f"cannot be unpacked at {name} ({error})") from error
        self._reading.unpack(len(data))
        return data

    def check(self) -> None:
        """Raise `TooLargeError` where the members say that they unpack to too much.

        For libraries that unpack by themselves. Raises `EncryptedError` too.
        """
        if self.encrypted:
            raise EncryptedError(_LOCKED)
        self._reading.unpack(sum(info.file_size for info in self._infos.values()))


def member_names(infos: list[zipfile.ZipInfo]) -> list[str]:
    """The members' names as their packer meant them.

    The format has two encodings, cp437 and UTF-8 by a flag; Windows packs in the code page of its
    country and sets no flag, macOS in UTF-8 without one. All names together tell which.
    """
    raw = [_unflagged(info) for info in infos]
    encoding = legacy_encoding(b"\n".join(filter(None, raw)))
    return [
        unicodedata.normalize("NFC", _unicode_path(info) or (name.decode(encoding, "replace")))
        if name
        else info.filename
        for info, name in zip(infos, raw, strict=True)
    ]


def _unflagged(info: zipfile.ZipInfo) -> bytes:
    """A name's bytes beyond ASCII that no flag says the encoding of; b"" for other names."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return b""
    return info.filename.encode("cp437", errors="replace")


def _unicode_path(info: zipfile.ZipInfo) -> str:
    """The name in Info-ZIP's Unicode path field (APPNOTE 4.6.9); "" where there is none."""
    at, extra = 0, info.extra
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == _UNICODE_PATH and size > 5:
            return extra[at + 9 : at + 4 + size].decode("utf-8", errors="replace")
        at += 4 + size
    return ""


def open_ole(data: bytes) -> OleFileIO:
    """Open an OLE container. Raises `CorruptedError`."""
    from olefile import OleFileIO

    try:
        return OleFileIO(data)
    except (OSError, ValueError, IndexError, RecursionError) as error:
        raise CorruptedError(f"is damaged ({error}); get an intact copy") from error


def ole_stream(container: OleFileIO, name: str) -> bytes:
    """The content of a stream; b"" where there is none. Raises `CorruptedError`."""
    try:
        return container.openstream(name).read() if container.exists(name) else b""
    except (OSError, ValueError, IndexError) as error:
        raise CorruptedError(f"is damaged at {name} ({error}); get an intact copy") from error


def ole_streams(container: OleFileIO) -> list[str]:
    """The names of an OLE container's outermost streams and storages."""
    return [entry[0] for entry in container.listdir(streams=True, storages=True)]


@contextlib.contextmanager
def package_faults(what: str) -> Iterator[None]:
    """Turn what python-docx and python-pptx let through on a damaged file into one error.

    They check little and raise whatever breaks first: their own errors, those of zipfile, zlib
    and lxml (a SyntaxError), KeyError for absent parts, AttributeError for absent elements.
    """
    from docx.opc.exceptions import OpcError
    from pptx.exc import PythonPptxError

    faults = (
        OpcError,
        PythonPptxError,
        zipfile.BadZipFile,
        zlib.error,
        SyntaxError,
        EOFError,
        OSError,
        NotImplementedError,
        RecursionError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    )
    try:
        yield
    except faults as error:
        reason = f"{type(error).__name__} {error}"[:120]
        raise CorruptedError(
            f"is damaged and cannot be read as {what} ({reason}); save it again"
        ) from error
