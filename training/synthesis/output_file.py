"""The file that synthetic examples are written to, and its journal: what makes a repeat go on.

`FILE` holds JSON lines of `Example`. `FILE.journal` beside it says what the file was begun for,
which jobs are done (also those that gave no example) and what tasks were brainstormed. A line
is the unit: one that a crash has cut short is taken off when the file is opened again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from embedder.atomic import storage_error
from embedder.errors import FootnoteError
from training.data.duplicates import Seen, Verdict
from training.data.examples import Example, read_examples

# Bytes that are looked through at a time for the end of the last whole line.
_BLOCK = 1 << 16


class OutputFileError(FootnoteError):
    """A file that examples cannot be added to."""


class OutputFile:
    """An open file of examples. Use `opened`."""

    def __init__(
        self,
        files: tuple[IO[str], IO[str]],
        rows: Sequence[dict[str, Any]],
        there: Sequence[Example],
        seen: Seen,
    ) -> None:
        self._file, self._journal = files
        self._seen = seen
        self.examples = len(there)
        # A job that a crash parted from its line in the journal may go by its document's name.
        self.done = {row["done"] for row in rows if "done" in row} | {e.document for e in there}
        self._tasks: dict[str, dict[str, None]] = {}
        for row in rows:
            self._tasks.setdefault(row.get("family", ""), {}).update(
                dict.fromkeys(row.get("tasks", ()))
            )

    def tasks(self, family: str) -> list[str]:
        """What was brainstormed for a family so far."""
        return list(self._tasks.get(family, ()))

    def add_tasks(self, family: str, tasks: Sequence[str]) -> None:
        """Keep brainstormed tasks."""
        self._tasks.setdefault(family, {}).update(dict.fromkeys(tasks))
        _write(self._journal, json.dumps({"family": family, "tasks": tasks}, ensure_ascii=False))

    def add(self, example: Example, identity: str) -> Verdict:
        """Write an example, unless its `identity` repeats one that is there."""
        verdict = self._seen.add(identity)
        if not verdict:
            _write(self._file, example.to_json())
            self.examples += 1
        return verdict

    def finish(self, job: str) -> None:
        """Write down that a job is done; its examples have been added before."""
        self.done.add(job)
        _write(self._journal, json.dumps({"done": job}))


@contextmanager
def opened(path: Path, purpose: str, identity: Callable[[Example], str]) -> Iterator[OutputFile]:
    """Open `path` to go on with `purpose`, or begin it.

    `identity` gives the text of an example by which repetitions are known. Raises
    `OutputFileError` where the file was begun for another purpose, was not begun by us, or is
    being written by another process.
    """
    journal = journal_path(path)
    try:
        if path.exists() and not journal.exists():
            raise OutputFileError(
                f"{path} is there already and was not begun by `footnote synth` (there is no "
                f"{journal.name} beside it); choose another file"
            )
        with journal.open("a+", encoding="utf-8") as notes:
            _lock(notes, path)
            _heal(journal)
            rows = _begun(notes, journal, path, purpose)
            with path.open("a", encoding="utf-8") as file:
                _heal(path)
                there = read_examples(path) if path.stat().st_size else []
                seen = Seen()
                for example in there:
                    seen.add(identity(example))
                yield OutputFile((file, notes), rows, there, seen)
    except OSError as error:
        raise OutputFileError(f"{error.filename or path}: {error.strerror}") from error


def journal_path(path: Path) -> Path:
    """The journal of a file of examples."""
    return path.with_name(path.name + ".journal")


def lines(path: Path) -> int:
    """How many lines a file has; none where there is no file."""
    try:
        with path.open("rb") as file:
            return sum(1 for _ in file)
    except OSError:
        return 0


def _begun(notes: IO[str], journal: Path, path: Path, purpose: str) -> list[dict[str, Any]]:
    """The journal's lines; its first says the purpose."""
    try:
        rows = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
        begun = rows[0]["purpose"] if rows else ""
    except (ValueError, KeyError, TypeError) as error:
        raise OutputFileError(
            f"{journal} is damaged ({error}); choose another output file"
        ) from error
    if not rows:
        _write(notes, json.dumps({"purpose": purpose}, ensure_ascii=False))
    elif begun != purpose:
        raise OutputFileError(
            f"{path} was begun with {begun}, not with {purpose}; choose another file"
        )
    return rows


def _heal(path: Path) -> None:
    """Take off a last line that has no end."""
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _BLOCK)
            file.seek(start)
            place = file.read(end - start).rfind(b"\n")
            if place >= 0:
                end = start + place + 1
                break
            end = start
        file.truncate(end)


def _lock(file: IO[str], path: Path) -> None:
    """Hold the file against other processes until it is closed."""
    try:
        import fcntl
    except ImportError:  # Windows, where an open file cannot be replaced anyway
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputFileError(f"another `footnote synth` is writing {path}") from error


def _write(file: IO[str], line: str) -> None:
    try:
        file.write(line + "\n")
        file.flush()
    except OSError as error:
        raise storage_error(error, Path(file.name)) from error
