"""Text → token ids, as a spec wants them. Needs the tokenizers library alone, no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from embedder.spec import EmbedderSpec


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """What is put around a text's tokens: ids, or None for nothing.

    `filler` stands in for the tokens of a text that has none.
    """

    max_tokens: int
    bos: int | None
    eos: int | None
    filler: int


@dataclass(frozen=True, slots=True)
class TokenIds:
    """The ids of some texts, none empty, and how many of the texts were cut."""

    ids: tuple[tuple[int, ...], ...]
    truncated: int


def limits_of(spec: EmbedderSpec, config: Mapping[str, Any]) -> TokenLimits:
    """What the spec puts around a text, with the ids of its base's `config.json`."""
    eos = _first(config.get("eos_token_id"))
    return TokenLimits(
        max_tokens=spec.max_tokens,
        bos=_first(config.get("bos_token_id")) if spec.sink else None,
        eos=eos if spec.append_eos else None,
        filler=eos or 0,
    )


def _first(token: int | list[int] | None) -> int | None:
    """Some configurations list several end-of-text tokens; the first is the one appended."""
    return token[0] if isinstance(token, list) else token


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a `tokenizer.json`, with its own cutting and padding switched off."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def token_ids(tokenizer: Tokenizer, texts: Sequence[str], limits: TokenLimits) -> TokenIds:
    """Encode texts with what the base's own tokenizer adds, then `limits`.

    An end-of-text token that the tokenizer has added is not added twice, and a cut text keeps
    it. A text without any token gets `limits.filler`, so that it has a vector.
    """
    encoded = tokenizer.encode_batch_fast([_encodable(text) for text in texts])
    wrapped = [_wrap(encoding.ids, limits) for encoding in encoded]
    return TokenIds(
        ids=tuple(_cut(ids, limits) for ids in wrapped),
        truncated=sum(len(ids) > limits.max_tokens for ids in wrapped),
    )


def count_tokens(tokenizer: Tokenizer, texts: Sequence[str], limits: TokenLimits) -> list[int]:
    """How many tokens each text has before it is cut to `limits.max_tokens`."""
    encoded = tokenizer.encode_batch_fast([_encodable(text) for text in texts])
    return [len(_wrap(encoding.ids, limits)) for encoding in encoded]


def _encodable(text: str) -> str:
    """Replace lone surrogates, which file names and broken PDFs bring and UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _wrap(ids: Sequence[int], limits: TokenLimits) -> list[int]:
    whole = list(ids) or [limits.filler]
    if limits.bos is not None and whole[:1] != [limits.bos]:
        whole.insert(0, limits.bos)
    if limits.eos is not None and whole[-1:] != [limits.eos]:
        whole.append(limits.eos)
    return whole


def _cut(ids: list[int], limits: TokenLimits) -> tuple[int, ...]:
    if len(ids) <= limits.max_tokens:
        return tuple(ids)
    if limits.eos is None:
        return tuple(ids[: limits.max_tokens])
    return (*ids[: limits.max_tokens - 1], limits.eos)
