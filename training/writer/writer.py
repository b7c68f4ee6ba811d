"""The writer: passages → searches in the styles that are asked for, on this machine alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from embedder.decoder.load import Converted, converted, load_decoder
from embedder.registry import BUNDLED, SHIPPED
from embedder.spec import EmbedderSpec
from training.writer.styles import MAX_TOKENS, Form

if TYPE_CHECKING:
    from embedder.decoder.llama import Llama

ADAPTER = Path(__file__).with_name("weights")
_BASE = EmbedderSpec.read(SHIPPED[BUNDLED] / "spec.json")
# The bundled embedder's base, whole; of a spec only what names the base counts here.
SPEC = EmbedderSpec(name="writer", base=_BASE.base, revision=_BASE.revision, dimension=1)


def load_writing(cache: Path) -> tuple[Form, Llama, Llama]:
    """The form of prompts, the decoder that reads and the one that writes."""
    import torch
    from tokenizers import Tokenizer

    base: Converted = converted(SPEC, cache)
    reading = load_decoder(base, 2 * MAX_TOKENS, torch.float32)
    writing = load_decoder(base, 2 * MAX_TOKENS, torch.float32)
    return Form(Tokenizer.from_file(str(base.tokenizer))), reading, writing
