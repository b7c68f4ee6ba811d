"""GGUF files: their metadata and their tensors, read as data.

transformers reads them too, but takes 100 s for a tokenizer of 262,144 pieces, and the reader of
the gguf package 30 s; this takes one. What the quantised formats mean is that package's
(`gguf.quants`), the format's own reference.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embedder.tensors import UnusableWeightsError

_MAGIC, _VERSIONS = b"GGUF", (2, 3)
_STRING, _ARRAY = 8, 9
# Kind of value → NumPy's type.
_NUMBERS = {
    0: "<u1", 1: "<i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4", 7: "?", 10: "<u8",
    11: "<i8", 12: "<f8",
}  # fmt: skip
_ALIGNMENT = 32


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tensor's bytes stand and how they are packed. `shape` has rows first."""

    shape: tuple[int, ...]
    packing: int
    offset: int


class GgufFile:
    """A GGUF file, opened: `metadata` by its keys; tensors are read one by one."""

    def __init__(
        self, metadata: dict[str, Any], data: np.ndarray, places: dict[str, _Place]
    ) -> None:
        self.metadata = metadata
        self._data, self._places = data, places

    @classmethod
    def open(cls, path: Path) -> GgufFile:
        """Read the head of a file. Raises `UnusableWeightsError`."""
        try:
            data = np.memmap(path, dtype=np.uint8, mode="r")
            return cls(*_read_head(data))
        except (OSError, ValueError, KeyError, IndexError, struct.error) as error:
            raise UnusableWeightsError(
                f"{path} cannot be read as GGUF ({str(error)[:100]}); put an intact copy there"
            ) from error

    def names(self) -> list[str]:
        """All tensors."""
        return list(self._places)

    def tensor(self, name: str) -> np.ndarray:
        """A tensor as float32. Raises `KeyError` where there is none of this name."""
        from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
        from gguf.quants import dequantize

        place = self._places[name]
        packing = GGMLQuantizationType(place.packing)
        numbers, size = GGML_QUANT_SIZES[packing]
        length = int(np.prod(place.shape)) // numbers * size
        packed = self._data[place.offset : place.offset + length]
        rows = packed.reshape(*place.shape[:-1], -1)
        return np.asarray(dequantize(rows, packing), dtype=np.float32).reshape(place.shape)


class _Cursor:
    """Reads values one behind the other."""

    def __init__(self, data: np.ndarray) -> None:
        self.data, self.at = data, 0

    def numbers(self, kind: str, count: int) -> np.ndarray:
        size = np.dtype(kind).itemsize * count
        found = np.frombuffer(self.data[self.at : self.at + size].tobytes(), kind, count)
        self.at += size
        return found

    def integer(self, kind: str) -> int:
        return int(self.numbers(kind, 1)[0])

    def string(self) -> str:
        size = self.integer("<u8")
        found = self.data[self.at : self.at + size].tobytes()
        if len(found) != size:
            raise ValueError("it ends too early")
        self.at += size
        return found.decode("utf-8", "replace")

    def strings(self, count: int) -> list[str]:
        # One copy of what is left, then plain slices: 262,144 of them take a quarter of a second.
        left, at, found = self.data[self.at :].tobytes(), 0, []
        for _ in range(count):
            (size,) = struct.unpack_from("<Q", left, at)
            at += 8
            found.append(left[at : at + size].decode("utf-8", "replace"))
            at += size
        self.at += at
        return found

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            return self.numbers(_NUMBERS[kind], 1)[0].item()
        inner, count = self.integer("<u4"), self.integer("<u8")
        return self.strings(count) if inner == _STRING else self.numbers(_NUMBERS[inner], count)


def _read_head(data: np.ndarray) -> tuple[dict[str, Any], np.ndarray, dict[str, _Place]]:
    if data[:4].tobytes() != _MAGIC:
        raise ValueError("it does not begin as one")
    cursor = _Cursor(data)
    cursor.at = len(_MAGIC)
    if (version := cursor.integer("<u4")) not in _VERSIONS:
        raise ValueError(f"version {version} is not known")
    tensors, values = cursor.integer("<u8"), cursor.integer("<u8")
    metadata: dict[str, Any] = {}
    for _ in range(values):
        key = cursor.string()
        metadata[key] = cursor.value(cursor.integer("<u4"))
    listed = []
    for _ in range(tensors):
        name = cursor.string()
        sizes = cursor.numbers("<u8", cursor.integer("<u4"))
        listed.append((name, sizes, cursor.integer("<u4"), cursor.integer("<u8")))
    alignment = metadata.get("general.alignment", _ALIGNMENT)
    start = -(-cursor.at // alignment) * alignment
    places = {
        name: _Place(tuple(int(size) for size in sizes[::-1]), packing, start + offset)
        for name, sizes, packing, offset in listed
    }
    return metadata, data, places
