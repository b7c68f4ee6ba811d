"""The encoding contract: what is in it, what names it, what is refused."""

from dataclasses import replace

import pytest

from embedder.errors import FootnoteError
from embedder.presets import PRESETS
from embedder.registry import SHIPPED, Registry, UnknownEmbedderError
from embedder.spec import EmbedderSpec, SpecError

SPEC = EmbedderSpec(name="a", base="some/decoder", dimension=8)


def test_a_spec_survives_its_file(tmp_path):
    path = tmp_path / "spec.json"
    spec = replace(SPEC, features=(0, 4), task="Finde, was passt", tensors="00ff")
    path.write_text(spec.to_json(), encoding="utf-8")
    assert EmbedderSpec.read(path) == spec


def test_the_name_is_no_part_of_the_fingerprint():
    assert replace(SPEC, name="b").fingerprint == SPEC.fingerprint
    assert len(SPEC.fingerprint) == 16


@pytest.mark.parametrize(
    "change",
    [
        {"base": "other"},
        {"revision": "abc"},
        {"layers": 4},
        {"attention": "bidirectional"},
        {"pooling": "mean"},
        {"features": (0, -1)},
        {"sink": True},
        {"query_template": "query: {text}"},
        {"passage_template": "passage: {text}"},
        {"task": "another"},
        {"append_eos": False},
        {"max_tokens": 256},
        {"dimension": 9},
        {"tensors": "00"},
        {"adapter": "00"},
    ],
)
def test_everything_else_is(change):
    assert replace(SPEC, **change).fingerprint != SPEC.fingerprint


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"attention": "sideways"}, "sideways"),
        ({"pooling": "max"}, "max"),
        ({"pooling": "weighted"}, "weights"),
        ({"features": ()}, "features"),
        ({"dimension": 0}, "dimension"),
        ({"query_template": "query: "}, "{text}"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(change, named):
    with pytest.raises(SpecError, match=named):
        replace(SPEC, **change)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("nonsense", "JSON"),
        ("[]", "object"),
        ('{"base": "x", "dimension": 8}', "name"),
        ('{"name": "a", "base": "x", "dimension": 8, "flavour": "mint"}', "flavour"),
    ],
)
def test_what_is_no_spec_is_refused_with_the_file(tmp_path, text, named):
    path = tmp_path / "spec.json"
    path.write_text(text)
    with pytest.raises(SpecError, match=named) as caught:
        EmbedderSpec.read(path)
    assert str(path) in str(caught.value)


def test_braces_in_a_text_are_text():
    assert SPEC.query("what is {task}?", "find {text}") == (
        "Instruct: find {text}\nQuery: what is {task}?"
    )


def test_templates_of_the_presets():
    e5, qwen = PRESETS["intfloat/e5-mistral-7b-instruct"], PRESETS["Qwen/Qwen3-Embedding-0.6B"]
    assert e5.query("q", "t") == "Instruct: t\nQuery: q"
    assert qwen.query("q", "t") == "Instruct: t\nQuery:q"
    assert e5.passage("p") == qwen.passage("p") == "p"


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path / "embedders", tmp_path / "models")


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "spec.json").write_text(SPEC.to_json())
    return folder


def test_a_new_home_uses_the_bundled_embedder(registry):
    assert registry.names() == ["bundled", "bundled-projected", "bundled-untrained"]
    assert registry.current() == "bundled"
    assert registry.load("bundled") is registry.load("bundled")


def test_switching_and_going_back(registry, source):
    registry.install("mine", source)
    registry.use("mine")
    assert registry.current() == "mine"
    assert registry.load_fingerprint(SPEC.fingerprint).fingerprint == SPEC.fingerprint
    assert registry.rollback() == "bundled"
    assert registry.history() == ["bundled"]
    with pytest.raises(FootnoteError, match="no earlier"):
        registry.rollback()


@pytest.mark.parametrize("name", ["../out", ".hidden", "bundled", "", "a/b"])
def test_names_that_are_no_names(registry, source, name):
    with pytest.raises(FootnoteError):
        registry.install(name, source)


def test_what_is_not_installed_is_named(registry):
    with pytest.raises(UnknownEmbedderError, match="nowhere"):
        registry.use("nowhere")
    with pytest.raises(UnknownEmbedderError, match="0123456789abcdef"):
        registry.load_fingerprint("0123456789abcdef")


def test_a_preset_is_installed_by_its_hub_id(registry):
    registry.use("Qwen/Qwen3-Embedding-0.6B")
    assert registry.current() == "qwen3-embedding-0.6b"
    assert registry.load(registry.current()).dimension == 1024


@pytest.mark.parametrize("damage", [b"{", b"\xff\xfe\x00", b'{"name": 3}'])
def test_an_unreadable_spec_is_passed_over_and_named(registry, source, damage):
    registry.install("good", source)
    registry.install("bad", source)
    bad = registry._folder / "bad" / "spec.json"
    bad.write_bytes(damage)

    assert list(registry.specs()) == [*SHIPPED, "good"]
    assert [str(bad) in str(error) for error in registry.unreadable()] == [True]
    assert registry.load_fingerprint(SPEC.fingerprint).spec == SPEC
    registry.remove("good")
    assert registry.names() == [*SHIPPED, "bad"]
