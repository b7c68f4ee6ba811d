"""What holds inside a group of RTF, and the control words that change nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from indexer.parsers.office.rtf.words import MOST_NESTED


@dataclass
class State:
    """What holds inside a group, and ends with it."""

    group: str = ""
    font: int = -1
    skip: int = 1
    hidden: bool = False
    deleted: bool = False
    raised: int = 0
    in_table: bool = False
    nested: int = 1
    level: int = 0
    depth: int = 0
    muted: bool = False
    ignorable: bool = False


@dataclass
class Field:
    """An open field: its code, and what a form's field holds."""

    code: str = ""
    kind: int = 0
    result: int = 25
    default: int = 0
    entries: tuple[str, ...] = ()


def _hide(state: State, number: int | None) -> None:
    state.hidden = number != 0


def _delete(state: State, number: int | None) -> None:
    state.deleted = number != 0


def _plain_paragraph(state: State, number: int | None) -> None:
    state.in_table, state.nested, state.level, state.depth = False, 1, 0, 0


def _plain(state: State, number: int | None) -> None:
    state.hidden, state.deleted, state.raised = False, False, 0


def _raise(state: State, number: int | None) -> None:
    state.raised = 0 if number == 0 else 1


def _lower(state: State, number: int | None) -> None:
    state.raised = 0 if number == 0 else -1


def _level_off(state: State, number: int | None) -> None:
    state.raised = 0


def _in_table(state: State, number: int | None) -> None:
    state.in_table = number != 0


def _nesting(state: State, number: int | None) -> None:
    state.nested = min(MOST_NESTED, max(1, number or 0))
    state.in_table = bool(number)


def _skip_count(state: State, number: int | None) -> None:
    state.skip = min(10, max(0, 1 if number is None else number))


def _list_level(state: State, number: int | None) -> None:
    state.depth = min(8, max(0, number or 0))


STATE_WORDS: Mapping[str, Callable[[State, int | None], None]] = MappingProxyType(
    {
        "pard": _plain_paragraph, "plain": _plain, "super": _raise, "up": _raise, "sub": _lower,
        "dn": _lower, "nosupersub": _level_off, "intbl": _in_table, "itap": _nesting,
        "ilvl": _list_level, "uc": _skip_count, "v": _hide, "deleted": _delete,
    }
)  # fmt: skip
