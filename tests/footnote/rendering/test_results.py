"""Answers as they are shown."""

from footnote.rendering.results import row_of


def test_a_row_of_a_table_is_its_columns_with_their_cells():
    text = "Code: E4; Meaning: Out of range; What to do: Dry it; if E4: returns, send it in"
    assert row_of(text, "E4 | Out of range | Dry it; if E4: returns, send it in") == [
        ("Code", "E4"),
        ("Meaning", "Out of range"),
        ("What to do", "Dry it; if E4: returns, send it in"),
    ]


def test_empty_cells_are_left_out():
    assert row_of("Item: Tally; Price: 215", "Tally |  | 215") == [
        ("Item", "Tally"),
        ("Price", "215"),
    ]


def test_a_sentence_is_no_row():
    assert row_of("Pay is due: on the 25th.", "Pay is due: on the 25th.") == []
    assert row_of("He said: a; b: c", "a | x") == []
