"""A file of examples looked through page by page, without holding it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from training.data.examples import Example, write_examples


class ExamplePages:
    """A file that `write_examples` wrote: where each line begins, and its source."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts: list[int] = []
        self._sources: list[str] = []
        start = 0
        with path.open("rb") as file:
            for line in file:
                self._starts.append(start)
                self._sources.append(Example.from_json(line).source)
                start += len(line)

    @property
    def counts(self) -> dict[str, int]:
        """Examples by source, the most first."""
        return dict(Counter(self._sources).most_common())

    def numbers(self, source: str | None = None) -> Sequence[int]:
        """The numbers of all examples, or of those of one source."""
        if source is None:
            return range(len(self._sources))
        return [number for number, one in enumerate(self._sources) if one == source]

    def read(self, numbers: Sequence[int]) -> list[Example]:
        """The examples of these numbers."""
        found = []
        with self._path.open("rb") as file:
            for number in numbers:
                file.seek(self._starts[number])
                found.append(Example.from_json(file.readline()))
        return found


def save(
    path: Path, changed: Mapping[int, Example], dropped: Sequence[int], added: Sequence[Example]
) -> None:
    """Write a file of examples anew with what was changed, dropped and added, by number."""
    write_examples(path, _edited(path, changed, frozenset(dropped), added))


def _edited(
    path: Path, changed: Mapping[int, Example], dropped: frozenset[int], added: Sequence[Example]
) -> Iterator[Example]:
    yield from added
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if number not in dropped:
                yield changed.get(number) or Example.from_json(line)
