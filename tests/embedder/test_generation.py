"""Continuing a text: with kept keys and values as without them, many continuations at once."""

from __future__ import annotations

import pytest
import torch

from embedder.decoder.generation import (
    Continuation,
    Sampling,
    continue_prefix,
    logits,
    read_prefix,
    written_by,
)
from embedder.decoder.llama import Llama, LlamaShape

SHAPE = LlamaShape(
    vocabulary=64, hidden=32, intermediate=48, layers=3, heads=4, key_value_heads=2,
    head_width=8, epsilon=1e-5, rope_base=1e4, projection_bias=False, query_key_norm=False,
)  # fmt: skip
PREFIXES = [[5, 9, 11, 2, 7], [8, 3, 6]]
WRITTEN = [[[1, 4, 10], [12, 13, 14]], [[20, 21, 22], [23, 24, 25]]]


@pytest.fixture(scope="module")
def decoder() -> Llama:
    torch.manual_seed(0)
    made = Llama(SHAPE)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made.eval()


@pytest.fixture(scope="module")
def prefix(decoder):
    padded = torch.tensor([[*row, *[0] * (5 - len(row))] for row in PREFIXES])
    return read_prefix(decoder, padded, torch.tensor([len(row) for row in PREFIXES]))


def whole(decoder, text: int, written: int) -> torch.Tensor:
    ids = [*PREFIXES[text], *WRITTEN[text][written]]
    with torch.no_grad():
        (states,) = decoder(torch.tensor([ids]), None, (-1,))
    return states[0, len(PREFIXES[text]) :]


def test_each_continuation_is_what_the_whole_text_would_be(decoder, prefix):
    with torch.no_grad():
        states = continue_prefix(decoder, torch.tensor(WRITTEN), prefix)
    for text in range(2):
        for n in range(2):
            torch.testing.assert_close(states[text, n], whole(decoder, text, n), atol=1e-4, rtol=0)


def test_token_by_token_it_is_the_same(decoder, prefix):
    ids, written = torch.tensor(WRITTEN), Continuation.empty()
    with torch.no_grad():
        steps = [continue_prefix(decoder, ids[:, :, :2], prefix, written)]
        steps += [continue_prefix(decoder, ids[:, :, 2:], prefix, written)]
        states = torch.cat(steps, dim=2)
    torch.testing.assert_close(states[1, 0], whole(decoder, 1, 0), atol=1e-4, rtol=0)
    assert logits(decoder, states).shape == (2, 2, 3, SHAPE.vocabulary)


def test_what_continues_learns_and_the_prefix_does_not(decoder, prefix):
    states = continue_prefix(decoder, torch.tensor(WRITTEN), prefix)
    assert states.requires_grad
    assert not prefix.keys[0].requires_grad


def test_what_is_drawn_is_the_same_for_a_seed_and_ends_where_it_ends(decoder, prefix):
    openings = [[1, 2], [3]]
    sure = Sampling(temperature=1e-4)
    first = written_by(decoder, prefix, openings, end=63, limit=4, sampling=sure)
    assert first == written_by(decoder, prefix, openings, end=63, limit=4, sampling=sure)
    with torch.no_grad():
        states = continue_prefix(decoder, torch.tensor([[[1, 2]], [[1, 2]]]), prefix)
        likeliest = logits(decoder, states[:, 0, -1]).argmax(dim=-1).tolist()
    # Whatever comes first is taken for the end: nothing was said then.
    ended = written_by(decoder, prefix, openings[:1], likeliest[0], limit=4, sampling=sure)
    assert ended[0] == [[]]
