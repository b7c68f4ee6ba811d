"""What settings do where they are used."""

import pytest

from footnote.home import Home
from footnote.settings import SettingsError


@pytest.mark.parametrize(("given", "used"), [("int8", "int8"), ("measured", None), ("", None)])
def test_the_precision_of_a_home_can_be_pinned(tmp_path, monkeypatch, given, used):
    monkeypatch.setenv("FOOTNOTE_PRECISION", given)
    assert Home.open(tmp_path).embedder.precision == used


def test_a_precision_that_there_is_not_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_PRECISION", "float64")
    with pytest.raises(SettingsError, match="measured, float32, bfloat16, int8"):
        _ = Home.open(tmp_path).embedder
