"""What a run learns from: how documents are split, the examples, their negatives."""

from __future__ import annotations

import numpy as np
import pytest
from homes import write_papers

from footnote.home import Home
from indexer.ingest.sources import find
from training.data.examples import Example, ExampleFileError, read_examples, write_examples
from training.data.hard_negatives import Neighbourhood, mine
from training.data.split import TooLittleToLearnError, split, split_collection
from training.data.synthetic_pairs import general_examples
from training.data.weak_pairs import KINDS, weak_examples


@pytest.fixture
def home(papers_home):
    return papers_home


def number_of(home) -> int:
    return home.collection("papers").id


def test_documents_are_split_whole_and_the_same_each_time(home):
    taken = split_collection(home.store, number_of(home))
    assert taken.whole_documents
    parts = {}
    for source in taken.sources:
        parts.setdefault(source.passage.document, set()).add(taken.parts[source.unit])
    assert all(len(found) == 1 for found in parts.values())
    shares = {
        part: len(taken.part(part)) / len(taken.sources) for part in set(taken.parts.values())
    }
    assert shares["proof"] >= 0.2
    assert shares["development"] >= 0.08
    assert shares["train"] > 0.5
    assert split_collection(home.store, number_of(home)).parts == taken.parts


def test_few_documents_are_split_in_stretches():
    units = [f"{name} {number // 20}" for name in "ab" for number in range(200)]
    contents = {unit: f"what stands in {unit}" for unit in units}
    parts = split(units, 1, contents)
    assert set(parts.values()) == {"train", "development", "proof"}
    assert split(units, 1, contents) == parts != split(units, 2, contents)


def test_the_same_documents_are_split_alike_in_every_home(home, tmp_path, tiny_embedder):
    """Document ids are random, so what is drawn by them differs from home to home."""
    other = Home.open(tmp_path / "other")
    other.registry.install("tiny", tiny_embedder.files.folder)
    other.registry.use("tiny")
    write_papers(tmp_path / "papers")
    other.index(find([tmp_path / "papers"]), "papers")

    def drawn(one):
        split = split_collection(one.store, number_of(one), seed=3)
        parts = {source.title: split.parts[source.unit] for source in split.sources}
        pairs = [(pair.query, pair.positive) for pair in weak_examples(split.part("train"))]
        return parts, pairs

    assert drawn(home) == drawn(other)


def test_a_collection_of_nothing_much_is_refused(home, tmp_path):
    (tmp_path / "one.txt").write_text("Only one sentence stands here, no more.")
    home.index(find([tmp_path / "one.txt"]), "small")
    with pytest.raises(TooLittleToLearnError, match="add documents"):
        split_collection(home.store, home.collection("small").id)


def test_weak_pairs_never_hold_the_answer_in_the_question(home):
    taken = split_collection(home.store, number_of(home))
    found = weak_examples(taken.sources, tuple(KINDS))
    kinds = {one.source for one in found}
    assert kinds >= {"title", "heading", "crop", "definition", "dropout"}
    for one in found:
        if one.source == "title":
            assert not one.positive.startswith(one.query)
        if one.source == "dropout":
            assert one.query == one.positive
    assert found == weak_examples(taken.sources, tuple(KINDS))
    assert len({one.key for one in found}) == len(found)


def test_the_synthetic_groups_give_examples_with_their_neighbours_as_negatives():
    found = general_examples(50)
    assert len(found) == 50
    assert all(len(one.negatives) == 2 and one.positive not in one.negatives for one in found)


def test_examples_are_read_back_and_faults_named(tmp_path):
    made = [Example("q", "p", ("n",), "t", "s", "d"), Example("ü", "ß")]
    write_examples(tmp_path / "a.jsonl", made)
    assert read_examples(tmp_path / "a.jsonl") == made
    (tmp_path / "b.csv").write_text("Question;Passage;Negative\nwho?;he;she\nwhen?;now;\n")
    assert read_examples(tmp_path / "b.csv")[0] == Example("who?", "he", ("she",), "", "labelled")
    for text, said in (
        ('{"query": "a"}', "line 1"),
        ('{"query": "a", "positive": "b"}\nno', "line 2"),
        ('{"query": " ", "positive": "b"}', "blanks"),
        ('{"query": "a", "positive": "b", "oops": 1}', "oops"),
        ("", "no examples"),
    ):
        (tmp_path / "c.jsonl").write_text(text)
        with pytest.raises(ExampleFileError, match=said):
            read_examples(tmp_path / "c.jsonl")
    (tmp_path / "d.csv").write_text("one,two\n1,2\n")
    with pytest.raises(ExampleFileError, match="question"):
        read_examples(tmp_path / "d.csv")


class Points:
    """An embedder of texts that name their own vector: 'x y'."""

    def embed_queries(self, texts, task=None):
        return self.embed_passages(texts)

    def embed_passages(self, texts):
        rows = np.array([[float(part) for part in text.split()[-2:]] for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_negatives_are_near_but_clearly_below_and_never_the_positive_itself():
    texts = ["same 1 0.1", "too near 1 0.5", "as good 1 1.2", "near 1 3", "opposite -1 0"]
    around = Neighbourhood(texts, Points().embed_passages(texts))
    mined = mine([Example("q 1 0.6", "mine 1 0")], Points(), around, count=9)
    assert set(mined.examples[0].negatives) == {"near 1 3", "opposite -1 0"}


def test_an_example_whose_passage_does_not_come_back_is_dropped():
    texts = [f"{n} 1 {1 + n / 100}" for n in range(30)]
    around = Neighbourhood(texts, Points().embed_passages(texts))
    examples = [Example("good 1 1", "mine 1 0.9"), Example("bad 1 1", "mine -1 0.1")]
    mined = mine(examples, Points(), around, within=10)
    assert [one.query for one in mined.examples] == ["good 1 1"]
    assert mined.lost == 1


def test_a_heading_that_the_text_repeats_with_a_little_more_is_taken_out():
    from indexer.records import Passage
    from training.data.split import SplitPassage

    text = "COVERED SERVICES: Care of joints\nThe plan includes the care of jaws and of knees."
    passage = Passage(text, ("Plan", "Care of joints"), (), 0, 7, "d")
    (found,) = weak_examples([SplitPassage(passage, "Benefits", "en", "d")], ("heading",))
    assert "joints" not in found.positive
    assert "knees" in found.positive
    assert found.passage == 7
