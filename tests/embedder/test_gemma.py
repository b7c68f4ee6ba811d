"""Gemma 3: the decoder beside transformers', and its weights and tokenizer out of a GGUF file."""

import hashlib

import gguf
import numpy as np
import pytest
import torch
from conftest import TINY_WIDTH

from embedder.decoder.gemma import GemmaShape
from embedder.decoder.gguf_file import GgufFile
from embedder.decoder.load import BaseNotFoundError, OtherWeightsError, converted, load_decoder
from embedder.model import Embedder, EmbedderFiles
from embedder.spec import EmbedderSpec
from embedder.tensors import UnusableWeightsError
from embedder.tokens import load_tokenizer
from tests.gemma_files import PIECES, gemma_base, gemma_gguf


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return gemma_base(tmp_path_factory.mktemp("gemma"))


@pytest.mark.parametrize("length", [5, 17])  # within the window, and beyond it
def test_our_decoder_computes_what_transformers_does(base, tmp_path, length):
    from transformers import AutoModel

    spec = EmbedderSpec(name="t", base=str(base), dimension=TINY_WIDTH)
    ours = load_decoder(converted(spec, tmp_path), 512, torch.float32)
    assert type(ours).__name__ == "Gemma"
    theirs = AutoModel.from_pretrained(base, dtype=torch.bfloat16).float().eval()
    theirs.embed_tokens.embed_scale = torch.tensor(TINY_WIDTH**0.5)  # kept in bfloat16 by them
    ids = torch.randint(0, 512, (3, length))
    with torch.no_grad():
        wanted = theirs(ids, output_hidden_states=True).hidden_states
        got = ours(ids, None, range(5))
    for state, reference in zip(got, wanted, strict=True):
        torch.testing.assert_close(state, reference, atol=1e-5, rtol=1e-4)


def test_fewer_layers_keep_their_kinds(base, tmp_path):
    spec = EmbedderSpec(name="t", base=str(base), dimension=TINY_WIDTH, layers=3, features=(0, -1))
    decoder = load_decoder(converted(spec, tmp_path), 512, torch.float32)
    assert decoder.shape.kinds == ("sliding_attention", "full_attention", "sliding_attention")
    assert decoder.embed_tokens.weight.dtype == torch.bfloat16
    assert decoder.layers[0].mlp.up_proj.weight.dtype == torch.float32


def test_an_attention_to_both_sides_keeps_to_its_window(tmp_path):
    from transformers import AutoModel

    folder = gemma_base(tmp_path / "base", use_bidirectional_attention=True)
    spec = EmbedderSpec(
        name="t", base=str(folder), attention="bidirectional", dimension=TINY_WIDTH, pooling="mean"
    )
    found = converted(spec, tmp_path)
    assert GemmaShape.from_config(found.config).window == 4
    ours = load_decoder(found, 512, torch.float32)
    theirs = AutoModel.from_pretrained(folder, dtype=torch.bfloat16).float().eval()
    theirs.embed_tokens.embed_scale = torch.tensor(TINY_WIDTH**0.5)
    ids = torch.randint(0, 512, (1, 17))
    seen = torch.ones(1, 1, 1, 17, dtype=torch.bool)
    with torch.no_grad():
        wanted = theirs(ids, output_hidden_states=True).hidden_states[-1]
        (got,) = ours(ids, seen, (-1,))
    torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-4)


def spec_of(path, **more):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    contract = {"layers": 2, "dimension": TINY_WIDTH, "append_eos": False} | more
    return EmbedderSpec(name="g", base=f"gguf:{path.name}", revision=digest, **contract)


@pytest.mark.parametrize(("packing", "near"), [("F32", 1e-6), ("F16", 1e-3), ("Q8_0", 2e-2)])
def test_weights_come_out_of_a_gguf_file_as_they_were(base, tmp_path, packing, near):
    from safetensors.torch import load_file

    path = gemma_gguf(tmp_path / "tiny.gguf", base, packing)
    found = converted(spec_of(path), tmp_path)
    got, wanted = load_file(found.weights), load_file(base / "model.safetensors")
    assert len(got) == 2 + 2 * 13
    for name, weight in got.items():
        right = wanted[name][: len(PIECES)] if "embed" in name else wanted[name]
        torch.testing.assert_close(weight.float(), right.float(), atol=near, rtol=1e-2)


def test_the_file_is_not_needed_once_it_is_converted(base, tmp_path):
    path = gemma_gguf(tmp_path / "tiny.gguf", base)
    spec = spec_of(path)
    found = converted(spec, tmp_path)
    path.unlink()
    assert converted(spec, tmp_path) == found


@pytest.mark.parametrize("packing", ["Q4_K", "Q6_K", "Q5_0", "Q8_0"])
def test_packed_tensors_are_read_as_the_package_of_the_format_reads_them(tmp_path, packing):
    kind = gguf.GGMLQuantizationType[packing]
    numbers, size = gguf.GGML_QUANT_SIZES[kind]
    bytes_ = np.random.default_rng(0).integers(0, 60, (3, 512 // numbers * size), dtype=np.uint8)
    writer = gguf.GGUFWriter(tmp_path / "a.gguf", "gemma3")
    writer.add_tensor("one", np.ones(5, dtype=np.float32))
    writer.add_tensor("packed", bytes_, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    file = GgufFile.open(tmp_path / "a.gguf")
    assert file.tensor("one").tolist() == [1] * 5
    reference = next(t for t in gguf.GGUFReader(tmp_path / "a.gguf").tensors if t.name == "packed")
    np.testing.assert_array_equal(
        file.tensor("packed"), gguf.quants.dequantize(reference.data, kind)
    )


@pytest.mark.parametrize("damage", [b"", b"GGUF", b"GGUF\x03\0\0\0" + b"\xff" * 40, b"nothing"])
def test_a_file_that_is_none_is_named(tmp_path, damage):
    path = tmp_path / "bad.gguf"
    path.write_bytes(damage)
    with pytest.raises(UnusableWeightsError, match=r"bad\.gguf"):
        GgufFile.open(path)


def test_the_tokenizer_of_a_gguf_file(base, tmp_path):
    path = gemma_gguf(tmp_path / "tiny.gguf", base)
    tokenizer = load_tokenizer(converted(spec_of(path), tmp_path).tokenizer)
    number = {piece: rank for rank, piece in enumerate(PIECES)}

    def read(text):
        return [PIECES[token] for token in tokenizer.encode(text).ids]

    assert read("leave pay") == ["<bos>", "leave", "▁pay"]
    assert read("pay leave\n") == ["<bos>", "p", "ay", "▁leave", "\n"]
    assert read("<tag>é") == ["<bos>", "<tag>", "<0xC3>", "<0xA9>"]
    assert tokenizer.encode("a  a").ids == [2, number["a"], number["  "], number["a"]]


def test_other_weights_under_the_name_are_refused(base, tmp_path):
    path = gemma_gguf(tmp_path / "tiny.gguf", base)
    spec = spec_of(path)
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(OtherWeightsError):
        converted(spec, tmp_path)
    path.unlink()
    with pytest.raises(BaseNotFoundError, match="embedders add"):
        converted(spec, tmp_path)


def test_texts_become_vectors(base, tmp_path):
    path = gemma_gguf(tmp_path / "tiny.gguf", base)
    files = EmbedderFiles(folder=tmp_path, cache=tmp_path)
    found = Embedder(spec_of(path, pooling="mean", sink=True), files, "float32")
    texts = ["leave pay", "", "pay"]
    together = found.embed_passages(texts)
    alone = np.concatenate([found.embed_passages([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together[[0, 2]], axis=1), 1, atol=1e-5)
