"""The writer: passages → searches in the styles that are asked for, on this machine alone.

`python -m training.writer.train` made what lies in `weights`; docs/log/loop.md says how good it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from embedder.decoder.load import Converted, converted, load_decoder, merge_adapter
from embedder.registry import BUNDLED, SHIPPED
from embedder.spec import EmbedderSpec
from training.writer.styles import MAX_TOKENS, Form

if TYPE_CHECKING:
    from torch import Tensor

    from embedder.decoder.llama import Llama

ADAPTER = Path(__file__).with_name("weights")
_BASE = EmbedderSpec.read(SHIPPED[BUNDLED] / "spec.json")
# The bundled embedder's base, whole; of a spec only what names the base counts here.
SPEC = EmbedderSpec(name="writer", base=_BASE.base, revision=_BASE.revision, dimension=1)
# Tokens of a search at most, and passages that are written to at once.
_LIMIT, _AT_ONCE = 40, 16
# A search that tells of its passage instead of what stands there.
_OF_THE_TEXT = re.compile(r"\bthe (?:passage|text|paragraph|author|above)\b", re.IGNORECASE)


class Writer:
    """Writes searches to passages. The same seed and passages give the same searches."""

    def __init__(
        self, cache: Path, adapter: Path = ADAPTER, spec: EmbedderSpec = SPEC, seed: int = 0
    ) -> None:
        self.form, self._reading, self._writing = load_writing(cache, spec)
        weights = dict(self._writing.state_dict())
        merge_adapter(weights, adapter)
        self._writing.load_state_dict(weights)
        self._seed = seed

    def write(self, passages: Sequence[str], styles: Sequence[str]) -> list[list[str]]:
        """Of each passage a search in each style, less those that say nothing."""
        from embedder.decoder.generation import Sampling, read_prefix, written_by

        found: list[list[str]] = []
        openings = [self.form.opening(style) for style in styles]
        for place in range(0, len(passages), _AT_ONCE):
            some = passages[place : place + _AT_ONCE]
            prefix = read_prefix(self._reading, *padded([self.form.passage(one) for one in some]))
            sampling = Sampling(seed=self._seed + place)
            said = written_by(self._writing, prefix, openings, self.form.end, _LIMIT, sampling)
            for passage, each in zip(some, said, strict=True):
                texts = dict.fromkeys(self.form.text(ids) for ids in each)
                found.append([text for text in texts if usable(text, passage)])
        return found


def usable(search: str, passage: str) -> bool:
    """Whether a search may be one that a person makes: no copy, nothing about a passage."""
    words = search.split()
    copied = " ".join(words).casefold() in " ".join(passage.split()).casefold()
    return len(words) > 1 and not copied and not _OF_THE_TEXT.search(search)


def load_writing(cache: Path, spec: EmbedderSpec = SPEC) -> tuple[Form, Llama, Llama]:
    """The form of prompts, the decoder that reads and the one that writes."""
    import torch
    from tokenizers import Tokenizer

    base: Converted = converted(spec, cache)
    reading, writing = (
        cast("Llama", load_decoder(base, 2 * MAX_TOKENS, torch.float32)) for _ in range(2)
    )
    return Form(Tokenizer.from_file(str(base.tokenizer))), reading, writing


def padded(rows: Sequence[Sequence[int]], filler: int = 0) -> tuple[Tensor, Tensor]:
    """Ids of texts [texts, longest], padded at the right, and how many each has."""
    import torch

    length = max(map(len, rows))
    ids = [[*row, *[filler] * (length - len(row))] for row in rows]
    return torch.tensor(ids), torch.tensor([len(row) for row in rows])
