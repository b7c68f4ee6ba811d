"""The sample collection: papers of an invented maker of weather stations, to try Footnote on."""

from __future__ import annotations

from pathlib import Path

COLLECTION = "Sample documents"

# One for each kind of thing worth seeing: a policy, a table, a spreadsheet, another language.
QUESTIONS = (
    "How many days of paid leave do part-time staff get?",
    "What does error code E4 mean?",
    "When may a flight be booked in business class?",
    "Wie oft muss ich den Regenmesser reinigen?",
)


def documents() -> list[Path]:
    """The sample files, by name."""
    return sorted((Path(__file__).parent / "documents").iterdir())
