"""Words looked for in one document."""

import numpy as np
import pytest

from indexer.store.occurrences import occurrences
from indexer.store.store import Store
from tests.homes import add_lines


@pytest.fixture
def mill(tmp_path):
    store = Store.open(tmp_path / "home")
    collection = store.create_collection("mine").id
    lines = ["The mill stood", "by the Mill pond. (100 %)", "A mill", "wheel."]
    source = tmp_path / "mill.txt"
    return store, add_lines(store, collection, source, lines, np.ones((4, 2), np.float16), "f")


def texts(mill, sought, **more):
    store, document = mill
    text = store.page(document.id, 1).text
    found = occurrences(store.connection, document.id, sought, **more)
    return [text[span.start : span.end] for span in found]


def test_words_are_found_in_any_case_and_over_line_ends(mill):
    assert texts(mill, "mill") == ["mill", "Mill", "mill"]
    assert texts(mill, " mill   wheel ") == ["mill\nwheel"]


def test_signs_stand_for_themselves(mill):
    assert texts(mill, "(100 %)") == ["(100 %)"]
    assert texts(mill, ".*") == []


def test_nothing_is_nowhere_and_much_is_cut(mill):
    assert texts(mill, "  ") == []
    assert len(texts(mill, "l", most=2)) == 2
