"""Calendars and address cards (iCalendar, RFC 5545; vCard, RFC 6350): an entry a record."""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.parsers.encoding import decode
from indexer.parsers.errors import EmptyFileError
from indexer.parsers.layout import PageBuilder, clean
from indexer.records import ParsedFile

_NAMES = {
    "SUMMARY": "Summary", "DTSTART": "Start", "DTEND": "End", "DUE": "Due", "DURATION": "Duration",
    "LOCATION": "Location", "ORGANIZER": "Organizer", "ATTENDEE": "Attendee", "STATUS": "Status",
    "RRULE": "Repeats", "CATEGORIES": "Categories", "COMMENT": "Comment", "CONTACT": "Contact",
    "DESCRIPTION": "Description", "URL": "URL", "FN": "Name", "ORG": "Organisation",
    "TITLE": "Title", "ROLE": "Role", "TEL": "Telephone", "EMAIL": "E-mail", "ADR": "Address",
    "BDAY": "Birthday", "NOTE": "Note", "NICKNAME": "Nickname", "COMPLETED": "Completed",
    "PRIORITY": "Priority", "EXDATE": "Except",
}  # fmt: skip
_ENTRIES = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VCARD", "VFREEBUSY"})
_LINE = re.compile(r"(?:[\w-]+\.)?([A-Za-z0-9-]+)((?:;(?:\"[^\"]*\"|[^:\";])*)*):(.*)", re.DOTALL)
_PARAMETER = re.compile(r";([\w-]+)=(\"[^\"]*\"|[^;\"]*)")
_TIME = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d):?(\d\d)?(Z?))?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse_calendar(data: bytes, name: str) -> ParsedFile:
    """A file of events, tasks or addresses."""
    builder = PageBuilder()
    text = decode(data)
    builder.look_through(text)
    add_calendar(builder, text)
    if not builder.length:
        raise EmptyFileError("holds no event, task or address")
    return ParsedFile(name, builder.sections(), "calendar")


def add_calendar(builder: PageBuilder, text: str) -> None:
    """Add each entry as a record: what it is called, and its values by name."""
    entry: list[str] = []
    inside: list[str] = []
    for name, parameters, value in _lines(text):
        if name == "BEGIN":
            inside.append(value.strip().upper())
        elif name == "END":
            if inside and inside.pop() in _ENTRIES:
                _write(builder, entry)
                entry = []
        elif name in _NAMES and (not inside or inside[-1] in _ENTRIES):
            entry.append(f"{_NAMES[name]}: {_shown(name, parameters, value)}")
        elif name == "X-WR-CALNAME":
            builder.paragraph(f"Calendar: {value}")
    _write(builder, entry)


def _write(builder: PageBuilder, entry: list[str]) -> None:
    order = {name: place for place, name in enumerate(_NAMES.values())}
    entry = sorted(entry, key=lambda pair: order.get(pair.partition(":")[0], 99))
    builder.paragraph("; ".join(pair for pair in entry if pair.partition(": ")[2].strip()))


def _lines(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """(name, parameters, value) of each line; long lines are folded after 75 bytes."""
    unfolded = re.sub(r"\n[ \t]", "", clean(text))
    for line in unfolded.split("\n"):
        if found := _LINE.fullmatch(line):
            parameters = {
                name.upper(): value.strip('"') for name, value in _PARAMETER.findall(found.group(2))
            }
            yield found.group(1).upper(), parameters, found.group(3)


def _shown(name: str, parameters: dict[str, str], value: str) -> str:
    """A value as a person reads it."""
    if parameters.get("ENCODING", "").upper() == "QUOTED-PRINTABLE":
        import quopri

        value = decode(quopri.decodestring(value.encode()), parameters.get("CHARSET"))
    value = _ESCAPED.sub(lambda found: "\n" if found.group(1) in "nN" else found.group(1), value)
    if name in ("DTSTART", "DTEND", "DUE", "COMPLETED", "BDAY", "EXDATE"):
        zone = f" ({parameters['TZID']})" if parameters.get("TZID") else ""
        return _TIME.sub(_time, value) + zone
    if name in ("ORGANIZER", "ATTENDEE"):
        address = re.sub(r"(?i)^mailto:", "", value)
        return f"{parameters['CN']} <{address}>" if parameters.get("CN") else address
    if name in ("ADR", "ORG"):
        return ", ".join(part for part in value.split(";") if part.strip())
    return value


def _time(found: re.Match[str]) -> str:
    year, month, day, hour, minute, _, zulu = found.groups()
    date = f"{year}-{month}-{day}"
    return f"{date} {hour}:{minute}{' UTC' if zulu else ''}" if hour else date
