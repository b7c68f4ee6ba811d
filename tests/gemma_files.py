"""A tiny random Gemma 3, as a folder and as the GGUF file that llama.cpp would make of it."""

from __future__ import annotations

from pathlib import Path

import gguf
import torch
from conftest import TINY_WIDTH, make_base

SHAPE = {
    "num_hidden_layers": 4,
    "num_key_value_heads": 1,
    "query_pre_attn_scalar": 16,
    "sliding_window": 6,
    "layer_types": ["sliding_attention", "full_attention"] * 2,
    "bos_token_id": 1,
}
# Pieces as SentencePiece ranks them; their numbers are their ranks.
PIECES = ["<pad>", "<eos>", "<bos>", "<unk>", "<tag>", "\n", "  "]
PIECES += [f"<0x{byte:02X}>" for byte in range(256)]
PIECES += ["le", "av", "ave", "leave", "▁leave", "▁p", "ay", "▁pay"]
PIECES += list("▁aelvpy")
KINDS = [3, 3, 3, 3, 4, 4, 4] + [6] * 256 + [1] * 15


def gemma_base(folder: Path, **settings) -> Path:
    """A folder with a random Gemma 3, whose norms do something."""
    from safetensors.torch import load_file, save_file

    make_base(folder, "gemma3_text", **(SHAPE | settings))
    weights = load_file(folder / "model.safetensors")
    torch.manual_seed(1)
    weights = {k: w + 0.1 * torch.randn_like(w) * ("norm" in k) for k, w in weights.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def gemma_gguf(path: Path, base: Path, packing: str = "F32") -> Path:
    """Write the base as a GGUF file, as llama.cpp's converter names and changes things."""
    from safetensors.torch import load_file

    weights = load_file(base / "model.safetensors")
    writer = gguf.GGUFWriter(path, "gemma3")
    writer.add_block_count(4)
    writer.add_context_length(512)
    writer.add_embedding_length(TINY_WIDTH)
    writer.add_feed_forward_length(48)
    writer.add_head_count(4)
    writer.add_head_count_kv(1)
    writer.add_key_length(8)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    writer.add_sliding_window(6)
    writer.add_token_list([piece.encode() for piece in PIECES])
    writer.add_token_scores([-float(rank) for rank in range(len(PIECES))])
    writer.add_token_types(KINDS)
    for name, token in {"bos": 2, "eos": 1, "unk": 3, "pad": 0}.items():
        getattr(writer, f"add_{name}_token_id")(token)
    names = {
        "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output",
        "q_norm": "attn_q_norm", "k_norm": "attn_k_norm", "input_layernorm": "attn_norm",
        "post_attention_layernorm": "post_attention_norm",
        "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm",
        "gate_proj": "ffn_gate", "up_proj": "ffn_up", "down_proj": "ffn_down",
    }  # fmt: skip
    for name, weight in weights.items():
        values = weight.float().numpy()
        parts = name.split(".")
        if name == "embed_tokens.weight":
            target, values = "token_embd.weight", values[: len(PIECES)]
        elif name == "norm.weight":
            target, values = "output_norm.weight", values + 1
        else:
            target = f"blk.{parts[1]}.{names[parts[-2]]}.weight"
            values = values + ("norm" in name)
        kind = gguf.GGMLQuantizationType["F32" if values.ndim == 1 else packing]
        if kind.name in ("F32", "F16") or values.shape[1] % 32:
            writer.add_tensor(target, values.astype("float16" if kind.name == "F16" else "float32"))
        else:
            packed = gguf.quants.quantize(values, kind)
            writer.add_tensor(target, packed, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
