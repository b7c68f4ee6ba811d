"""Raised and lowered text never joins what stands before it."""

from __future__ import annotations

import pytest

from indexer.parsers.raised import Line


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        # Exponents and indices.
        (["10", +1, "6", 0, " cells"], "10^6 cells"),
        (["10", +1, "-", +1, "6", 0, " mol"], "10^-6 mol"),
        (["E = mc", +1, "2"], "E = mc^2"),
        (["12 m", +1, "2", 0, " of floor"], "12 m^2 of floor"),
        (["(a+b)", +1, "2"], "(a+b)^2"),
        (["3 × 10", +1, "8", 0, " m/s"], "3 × 10^8 m/s"),
        (["H", -1, "2", 0, "O"], "H_2O"),
        (["x", -1, "2", 0, "5"], "x_2 5"),
        # Marks of notes.
        (["$320", +1, "1", 0, " at list price"], "$320 ^1 at list price"),
        (["1,200", +1, "2", 0, "."], "1,200 ^2."),
        (["in 2023", +1, "1", 0, ", we"], "in 2023 ^1, we"),
        (["members.", +1, "1", 0, " Ask early."], "members. ^1 Ask early."),
        (["Employees", +1, "1", +1, ",", +1, "2", 0, "get"], "Employees ^1,2 get"),
        (["(see above)", +1, "3", 0, "."], "(see above) ^3."),
        (["Table 4", +1, "*"], "Table 4 ^*"),
        (["5.5", +1, "a", 0, " units"], "5.5 ^a units"),
        ([+1, "1", 0, "Without tax."], "1 Without tax."),
        # What is written on.
        (["1", +1, "st", 0, " of May"], "1st of May"),
        (["Acme", +1, "TM"], "AcmeTM"),
        (["M", +1, "me", 0, " Dupont"], "Mme Dupont"),
        (["20 ", +1, "°", 0, "C"], "20 °C"),
    ],
)
def test_raised_and_lowered_text(pieces, text):
    line, how = Line(), 0
    for piece in pieces:
        if isinstance(piece, int):
            how = piece
        else:
            line.add(piece, how)
    assert line.text() == text


def test_the_mark_of_a_note_behind_an_exponent_stays_by_itself():
    line = Line()
    line.add("10")
    line.add("6", 1)
    line.mark("1")
    line.add(" cells")
    assert line.text() == "10^6 ^1 cells"
