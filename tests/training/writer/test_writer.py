"""The question writer: its training breaks off and goes on, and what it ships writes."""

from __future__ import annotations

import itertools
import json
import lzma

import pytest
import torch

from embedder.spec import EmbedderSpec
from training.writer.material import as_tokens, batches, read_written
from training.writer.styles import MAX_TOKENS, STYLES
from training.writer.train import Numbers, Training
from training.writer.writer import Writer, usable

NUMBERS = Numbers(steps=4, batch=2, rank=2, alpha=4, warmup=1, save_every=2, look_every=2)
PASSAGE = "The deductible of the plan is 500 dollars a year."


@pytest.fixture
def spec(tiny_base) -> EmbedderSpec:
    return EmbedderSpec(name="writer", base=str(tiny_base), dimension=1)


@pytest.fixture
def queries(tmp_path):
    """A file in the form of the shared data, of twenty passages."""
    path = tmp_path / "queries.jsonl.xz"
    styles = itertools.cycle(STYLES)
    with lzma.open(path, "wt", encoding="utf-8") as file:
        for number in range(20):
            asked = [{"style": next(styles), "text": f"leave {number} {n}?"} for n in range(2)]
            row = {"id": number, "source": "s", "passage": f"{PASSAGE} {number}", "queries": asked}
            file.write(json.dumps(row) + "\n")
    return path


def test_a_training_that_was_killed_comes_to_the_same_end(queries, spec, tmp_path):
    def begun(folder):
        training = Training(NUMBERS, tmp_path / folder, spec)
        examples = [as_tokens(one, training.form) for one in read_written(queries)]
        return training, training.run(examples, examples[:2])

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole, states = begun("a")
    seen = list(states)
    assert [one["step"] for one in seen] == [1, 2, 3, 4]
    _, states = begun("b")
    list(itertools.islice(states, 3))  # killed after the third, saved after the second
    again, states = begun("b")
    assert again.step == 2
    rest = list(states)
    assert [one["loss"] for one in rest] == [one["loss"] for one in seen[2:]]
    for name, value in whole.trainable.items():
        torch.testing.assert_close(again.trainable[name], value)


def test_what_is_shipped_writes_the_same_for_the_same_seed(spec, tmp_path):
    training = Training(NUMBERS, tmp_path, spec)
    training.ship(tmp_path / "weights")
    writer = Writer(tmp_path / "models", tmp_path / "weights", spec)
    found = writer.write([PASSAGE, "Leave is paid."], ["question", "keywords"])
    assert len(found) == 2
    assert found == writer.write([PASSAGE, "Leave is paid."], ["question", "keywords"])


def test_every_tenth_passage_is_kept_out_and_long_ones_are_cut(queries, spec, tmp_path):
    assert len(read_written(queries)) == 18
    assert len(read_written(queries, held_out=True)) == 2
    form = Training(NUMBERS, tmp_path, spec).form
    assert len(form.passage("word " * 500)) == MAX_TOKENS
    tokens = as_tokens(read_written(queries)[0], form)
    assert all(ids[-1] == form.end for ids in tokens.searches)


def test_batches_are_the_same_whichever_is_asked_for_first(queries, spec, tmp_path):
    form = Training(NUMBERS, tmp_path, spec).form
    examples = [as_tokens(one, form) for one in read_written(queries)]
    first = list(itertools.islice(batches(examples, 4, 0), 9))
    assert first[5:] == list(itertools.islice(batches(examples, 4, 0), 5, 9))


@pytest.mark.parametrize(
    ("search", "of_use"),
    [
        ("how high is the deductible?", True),
        ("the plan is 500 dollars", False),  # a copy
        ("what does the passage say?", False),
        ("deductible", False),
    ],
)
def test_what_no_person_would_ask_is_left_out(search, of_use):
    assert usable(search, PASSAGE) == of_use
