"""`Embedder`: texts → unit vectors, the one way that indexing and asking take.

Making one is cheap and loads nothing; the tokenizer comes with the first text, torch and the
weights with the first vector.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from embedder.batches import batches
from embedder.decoder.load import Converted, check_hash, converted, load_decoder
from embedder.tensors import UnusableWeightsError, read_array
from embedder.tokens import TokenLimits, count_tokens, limits_of, load_tokenizer, token_ids

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

    from embedder.decoder.precision import Compute, Precision
    from embedder.encoder import EncoderModule, Projection
    from embedder.spec import EmbedderSpec

Side = Literal["queries", "passages"]
# Texts tokenised at once: enough to sort by length, little enough to hold and to report on.
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class EmbedderFiles:
    """Where an embedder's parts lie: its own folder, and the cache of converted bases."""

    folder: Path
    cache: Path

    @property
    def projection(self) -> Path:
        """Token weights and whitening; absent where the spec names no tensors."""
        return self.folder / "projection.safetensors"

    @property
    def adapter(self) -> Path:
        """LoRA in peft's layout; absent where the spec names no adapter."""
        return self.folder / "adapter"

    @property
    def whitening(self) -> Path:
        """`whitening` and `undo` of one that was adapted to a collection; absent for others."""
        return self.folder / "whitening.safetensors"


class Embedder:
    """Texts → float32 [n, dimension], unit length. Safe to share between threads.

    `precision` is the one to compute in; None takes the fastest on this machine. `truncated`
    counts the texts that were cut at `max_tokens` so far.
    """

    def __init__(
        self, spec: EmbedderSpec, files: EmbedderFiles, precision: Precision | None = None
    ) -> None:
        self.spec = spec
        self.files = files
        self.precision = precision
        self.truncated = 0
        self._lock = threading.RLock()

    @property
    def fingerprint(self) -> str:
        """Names the vector space: vectors of one fingerprint can be compared."""
        return self.spec.fingerprint

    @property
    def dimension(self) -> int:
        """Width of the vectors."""
        return self.spec.dimension

    @property
    def max_tokens(self) -> int:
        """Longer texts are cut to this many tokens."""
        return self.spec.max_tokens

    @cached_property
    def inverse_whitening(self) -> np.ndarray | None:
        """For an adapted embedder the map [dimension, dimension] that undoes it; else None.

        Vectors times this have the directions that they had before any adapting
        (`training.adaptation`).
        """
        path = self.files.whitening
        if not path.exists():
            return None
        return read_array(path, "undo")

    @cached_property
    def inverse_query_map(self) -> np.ndarray | None:
        """The same for queries, where a map of theirs was learnt (`training.fit.query_side`)."""
        if self.inverse_whitening is None:
            return None
        with suppress(UnusableWeightsError):  # there is none: only adapted
            return read_array(self.files.whitening, "undo queries")
        return self.inverse_whitening

    def embed_queries(self, texts: Sequence[str], task: str | None = None) -> np.ndarray:
        """Vectors of queries, each behind the spec's instruction (for `task`, if given)."""
        return self._embed([self.spec.query(text, task) for text in texts], "queries", None)

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """Vectors of passages. `progress` is told how many texts are done, after each batch."""
        return self._embed([self.spec.passage(text) for text in texts], "passages", progress)

    def tokenize(self, texts: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        """Token ids of texts that stand in their template already (`spec.query`, `.passage`)."""
        return token_ids(self._tokenizer, texts, self._limits).ids

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each passage as it is embedded, before any cut. Needs no torch."""
        passages = [self.spec.passage(text) for text in texts]
        return count_tokens(self._tokenizer, passages, self._limits)

    def _embed(
        self, texts: Sequence[str], side: Side, progress: Callable[[int], None] | None
    ) -> np.ndarray:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        done = 0
        for start in range(0, len(texts), _CHUNK):
            chunk = token_ids(self._tokenizer, texts[start : start + _CHUNK], self._limits)
            with self._lock:
                self.truncated += chunk.truncated
            for members, rows in self._batches(chunk.ids, side):
                vectors[[start + member for member in members]] = rows
                done += len(members)
                if progress is not None:
                    progress(done)
        return vectors

    def _batches(
        self, ids: Sequence[Sequence[int]], side: Side
    ) -> Iterator[tuple[list[int], np.ndarray]]:
        """Positions in `ids` and their vectors, batch by batch."""
        import torch

        from embedder.encoder import right_padded

        for members in batches([len(text) for text in ids], self.compute.tokens_a_batch):
            padded, lengths = right_padded([ids[member] for member in members])
            # The lock is held for a batch, not for a whole index: a question asked while a
            # folder is being indexed waits for milliseconds.
            with self._lock, torch.inference_mode():
                encode = self._encoder.queries if side == "queries" else self._encoder.passages
                rows = encode(padded.to(self.compute.device), lengths.to(self.compute.device))
            yield members, rows.cpu().numpy()

    def load_projection(self) -> Projection:
        """Token weights and whitening, empty where the spec names none.

        Raises `embedder.decoder.OtherWeightsError`.
        """
        from embedder.encoder import Projection

        if not self.spec.tensors:
            return Projection()
        check_hash(self.files.projection, self.spec.tensors)
        return Projection.read(self.files.projection)

    def load_encoder(self, dtype: torch.dtype | None = None) -> EncoderModule:
        """A fresh torch module of this embedder, float32 unless told otherwise, to train on.

        Raises what `embedder.decoder.converted` raises.
        """
        import torch

        from embedder.encoder import EncoderModule

        projection = self.load_projection()
        decoder = load_decoder(self._converted, self.max_tokens, dtype or torch.float32)
        return EncoderModule(self.spec, decoder, projection).eval()

    @cached_property
    def _converted(self) -> Converted:
        adapter = self.files.adapter if self.spec.adapter else None
        return converted(self.spec, self.files.cache, adapter)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        with self._lock:
            return load_tokenizer(self._converted.tokenizer)

    @cached_property
    def _limits(self) -> TokenLimits:
        return limits_of(self.spec, self._converted.config)

    @cached_property
    def compute(self) -> Compute:
        """Device and precision that vectors are computed with on this machine."""
        from embedder.decoder.precision import Compute

        with self._lock:
            return Compute.here(self.files.cache, self.precision)

    @cached_property
    def _encoder(self) -> EncoderModule:
        from embedder.decoder.precision import with_int8_products

        encoder = self.load_encoder(self.compute.dtype)
        if self.compute.precision == "int8":
            with_int8_products(encoder.decoder)
        return encoder.to(self.compute.device)
