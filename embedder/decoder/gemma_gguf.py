"""A Gemma 3 text decoder out of a GGUF file: configuration, weights and tokenizer.

The names are those of transformers' `Gemma3TextModel`. Conversion to GGUF adds one to the weights
of norms and writes the pieces of the tokenizer that are runs of blanks with blanks; both are
undone here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from embedder.decoder.gemma import MODEL_TYPE
from embedder.tensors import UnusableWeightsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Tokenizer
    from torch import Tensor

    from embedder.decoder.gguf_file import GgufFile

_ARCHITECTURE = "gemma3"
_BLANK = "▁"  # how SentencePiece writes one
# Kinds of pieces (llama.cpp's `llama_token_type`).
_CONTROL, _GIVEN = 3, 4
_LAYER = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "attn_norm": "input_layernorm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def config(file: GgufFile, layers: int) -> dict[str, Any]:
    """What transformers' `config.json` would say of the first `layers` layers (0: of all).

    Raises `UnusableWeightsError` for another architecture, or one of fewer layers.
    """
    known = file.metadata
    if (kind := known.get("general.architecture")) != _ARCHITECTURE:
        raise UnusableWeightsError(f"the GGUF file holds a decoder of the kind {kind}, not gemma3")

    def of(name: str) -> Any:
        return known[f"{_ARCHITECTURE}.{name}"]

    if layers > of("block_count"):
        raise UnusableWeightsError(
            f"the GGUF file has {of('block_count')} layers, and {layers} are asked for"
        )
    return {
        "model_type": MODEL_TYPE,
        "vocab_size": len(known["tokenizer.ggml.tokens"]),
        "hidden_size": of("embedding_length"),
        "intermediate_size": of("feed_forward_length"),
        "num_hidden_layers": layers or of("block_count"),
        "num_attention_heads": of("attention.head_count"),
        "num_key_value_heads": of("attention.head_count_kv"),
        "head_dim": of("attention.key_length"),
        "query_pre_attn_scalar": of("attention.key_length"),
        "rms_norm_eps": of("attention.layer_norm_rms_epsilon"),
        "sliding_window": of("attention.sliding_window"),
        "rope_theta": of("rope.freq_base"),
        "max_position_embeddings": of("context_length"),
        "bos_token_id": known["tokenizer.ggml.bos_token_id"],
        "eos_token_id": known["tokenizer.ggml.eos_token_id"],
        "pad_token_id": known["tokenizer.ggml.padding_token_id"],
    }


def weights(file: GgufFile, layers: int) -> dict[str, Tensor]:
    """The token embeddings, the final norm and the first `layers` layers (0: all), bfloat16."""
    import torch

    kept = {name: target for name in file.names() if (target := _target(name, layers))}
    found = {}
    for name, target in kept.items():
        tensor = torch.from_numpy(file.tensor(name).copy())
        found[target] = (tensor - 1.0 if "norm" in name else tensor).bfloat16()
    return found


def _target(name: str, layers: int) -> str:
    """Which name transformers gives a tensor; '' for what is not kept."""
    if name == "token_embd.weight":
        return "embed_tokens.weight"
    if name == "output_norm.weight":
        return "norm.weight"
    found = re.fullmatch(r"blk\.(\d+)\.(\w+)\.weight", name)
    if found is None or found[2] not in _LAYER or (layers and int(found[1]) >= layers):
        return ""
    return f"layers.{found[1]}.{_LAYER[found[2]]}.weight"


def tokenizer(file: GgufFile) -> Tokenizer:
    """Byte-pair encoding over SentencePiece's pieces, begin token in front.

    A piece's number is its rank, so the merges are, in the order of the pieces, all the ways to
    put each together of two others; the same list as transformers makes in a minute.
    """
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces: Sequence[str] = [
        piece.replace(" ", _BLANK) for piece in file.metadata["tokenizer.ggml.tokens"]
    ]
    kinds = file.metadata["tokenizer.ggml.token_type"].tolist()
    ranks = {piece: rank for rank, piece in enumerate(pieces)}
    merges = [
        (piece[:cut], piece[cut:])
        for piece in pieces
        for cut in range(len(piece) - 1, 0, -1)
        if piece[:cut] in ranks and piece[cut:] in ranks
    ]
    unknown = pieces[file.metadata["tokenizer.ggml.unknown_token_id"]]
    made = Tokenizer(
        models.BPE(ranks, merges, unk_token=unknown, fuse_unk=True, byte_fallback=True)
    )
    made.normalizer = normalizers.Replace(" ", _BLANK)
    made.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    whole = [
        AddedToken(piece, normalized=False, special=kind == _CONTROL)
        for piece, kind in zip(pieces, kinds, strict=True)
        # Runs of blanks are found by merging: as texts of their own they would never occur.
        if kind in (_CONTROL, _GIVEN) and piece.strip(_BLANK)
    ]
    made.add_special_tokens([token for token in whole if token.special])
    made.add_tokens([token for token in whole if not token.special])
    begin = file.metadata["tokenizer.ggml.bos_token_id"]
    made.post_processor = processors.TemplateProcessing(
        single=f"{pieces[begin]} $A",
        pair=f"{pieces[begin]} $A $B",
        special_tokens=[(pieces[begin], begin)],
    )
    return made
