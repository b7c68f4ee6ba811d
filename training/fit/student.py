"""The embedder as it is trained: LoRA on the decoder's linear layers, projection unfrozen.

Or the weights of those layers themselves; with rank 0 the decoder stays as it is and only the
projection is learnt.

The forward pass is `embedder.encoder.Encoder`, the same that indexing and asking take. What
comes out is an embedder's folder: spec, adapter in peft's layout, projection.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from embedder.atomic import storage_error, write_tensors, write_text
from embedder.decoder.load import holds_whole_weights, whole_config
from embedder.decoder.transformers_decoder import TransformersDecoder
from embedder.encoder import right_padded
from embedder.errors import FootnoteError
from embedder.model import Embedder, Side

if TYPE_CHECKING:
    from peft import LoraConfig

    from embedder.spec import EmbedderSpec
    from training.fit.config import Recipe

_ADAPTER = "default"
_PREFIX = "base_model.model."
_LEAST_WEIGHT = 1e-4
# The last product of attention and of the feed-forward layer in the Llama, Mistral and Qwen
# families; decoders that call them otherwise have dropout on their embeddings alone.
_OUTPUTS = (".o_proj", ".down_proj")
_PROJECTION = ("query_mean", "passage_mean", "matrix", "query_matrix")


class UntrainableError(FootnoteError):
    """A decoder without layers that could be trained."""


class Student:
    """An embedder under training, on `device`. `embedder` is what it starts from."""

    def __init__(self, embedder: Embedder, recipe: Recipe, device: torch.device) -> None:
        self.embedder, self.device = embedder, device
        self.config: LoraConfig | None = None
        dtype = embedder.compute.dtype
        torch.manual_seed(recipe.seed)
        self._whole = recipe.whole or _is_whole(embedder)
        if self._whole:
            # In float32: a step changes a weight by less than bfloat16 tells apart.
            self.encoder = embedder.load_encoder(torch.float32)
            _unfreeze(_inner(self.encoder.decoder), embedder.spec.base)
        elif recipe.rank:
            # The adapter goes on being trained, so it must not be merged into the base.
            bare = Embedder(replace(embedder.spec, adapter=""), embedder.files)
            self.encoder = bare.load_encoder(dtype)
            self.config = _lora_config(embedder, recipe, _inner(self.encoder.decoder))
            _inject(_inner(self.encoder.decoder), self.config)
            if embedder.spec.adapter:
                _load_adapter(_inner(self.encoder.decoder), embedder.files.adapter)
        else:
            self.encoder = embedder.load_encoder(dtype)
            self.encoder.decoder.requires_grad_(False)
        if recipe.trains_decoder and recipe.dropout:
            _drop_out(_inner(self.encoder.decoder), recipe.dropout)
        self.encoder.decoder = _MixedPrecision(self.encoder.decoder, dtype)
        if recipe.token_rate and self.encoder.token_weights is not None:
            register_parametrization(self.encoder, "token_weights", _Positive())
            parametrized: Any = self.encoder.parametrizations
            parametrized.token_weights.original.requires_grad_(True)
        if recipe.projection_rate:
            for name in _PROJECTION:
                parameter = getattr(self.encoder, name)
                if parameter is not None:
                    parameter.requires_grad_(True)
        self.encoder.to(device)
        self._recipe = recipe
        # Pooled states of texts, kept where nothing below the projection changes.
        keeps = not recipe.trains_decoder and not recipe.token_rate
        self._kept: dict[tuple[int, ...], Tensor] | None = {} if keeps else None

    @property
    def trainable(self) -> dict[str, nn.Parameter]:
        """What is learnt, by name."""
        return {name: p for name, p in self.encoder.named_parameters() if p.requires_grad}

    def groups(self) -> list[dict[str, Any]]:
        """Parameter groups for AdamW, each with its highest learning rate as `lr`.

        A projection's rate is relative to the size of its numbers, which a whitening sets
        anywhere between 0.001 and 1,000.
        """
        recipe = self._recipe
        decoder = [p for p in self.encoder.decoder.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = []
        if decoder:
            rate, decay = recipe.rate, recipe.weight_decay
            groups.append({"params": decoder, "lr": rate, "weight_decay": decay})
        tokens = [p for name, p in self.trainable.items() if "token_weights" in name]
        if tokens:
            groups.append({"params": tokens, "lr": recipe.token_rate, "weight_decay": 0.0})
        for name in _PROJECTION:
            parameter = self.trainable.get(name)
            if parameter is not None:
                size = float(parameter.detach().square().mean().sqrt())
                rate = recipe.projection_rate * size
                groups.append({"params": [parameter], "lr": rate, "weight_decay": 0.0})
        return groups

    def query_ids(self, texts: Sequence[str], tasks: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        """Token ids of queries, each behind its task ('' for the embedder's own)."""
        spec = self.embedder.spec
        return self.embedder.tokenize(
            [spec.query(text, task or None) for text, task in zip(texts, tasks, strict=True)]
        )

    def passage_ids(self, texts: Sequence[str], cut: int = 0) -> tuple[tuple[int, ...], ...]:
        """Token ids of passages; with `cut`, at most so many of each, the last one kept.

        The last one may be the end-of-text token, whose state is the vector.
        """
        found = self.embedder.tokenize([self.embedder.spec.passage(text) for text in texts])
        if not cut:
            return found
        return tuple(ids if len(ids) <= cut else (*ids[: cut - 1], ids[-1]) for ids in found)

    def encode(self, side: Side, ids: Sequence[Sequence[int]]) -> Tensor:
        """Unit vectors float32 [n, dimension], differentiable."""
        return self.encoder.projected(side, self._pooled(ids))

    def _pooled(self, ids: Sequence[Sequence[int]]) -> Tensor:
        if self._kept is None:
            return self._states(ids)
        missing = list(dict.fromkeys(key for text in ids if (key := tuple(text)) not in self._kept))
        if missing:
            with torch.no_grad():
                self._kept.update(zip(missing, self._states(missing), strict=True))
        return torch.stack([self._kept[tuple(text)] for text in ids])

    def _states(self, ids: Sequence[Sequence[int]]) -> Tensor:
        padded, lengths = right_padded(ids)
        return self.encoder.pooled(padded.to(self.device), lengths.to(self.device))

    def load(self, values: Mapping[str, Tensor]) -> None:
        """Set what is learnt to earlier values, by name as in `trainable`."""
        with torch.no_grad():
            for name, parameter in self.trainable.items():
                parameter.copy_(values[name])

    def save(self, folder: Path, name: str) -> EmbedderSpec:
        """Write the embedder's folder and return its spec; `spec.json` is written last."""
        spec = replace(self.embedder.spec, name=name)
        spec = replace(spec, adapter=self._save_decoder(folder / "adapter"))
        if spec.tensors:
            path = folder / "projection.safetensors"
            self.encoder.projection().write(path)
            spec = replace(spec, tensors=_digest(path))
        write_text(folder / "spec.json", spec.to_json())
        return spec

    def _save_decoder(self, folder: Path) -> str:
        """Write what was learnt of the decoder, if anything; its digest, "" for a bare decoder."""
        decoder, spec = _inner(self.encoder.decoder), self.embedder.spec
        weights = folder / "adapter_model.safetensors"
        try:
            if self._whole:
                folder.mkdir(parents=True, exist_ok=True)
                write_text(folder / "adapter_config.json", whole_config(spec.base))
                write_tensors(weights, _whole_tensors(decoder))
            elif self.config is not None:
                folder.mkdir(parents=True, exist_ok=True)
                self.config.save_pretrained(str(folder))
                write_tensors(weights, _adapter_tensors(decoder))
            elif spec.adapter:
                shutil.copytree(self.embedder.files.adapter, folder, dirs_exist_ok=True)
        except OSError as error:
            raise storage_error(error, folder) from error
        return _digest(weights) if weights.exists() else ""


def _is_whole(embedder: Embedder) -> bool:
    """Whether whole weights were trained before: no adapter goes on top of them."""
    return bool(embedder.spec.adapter) and holds_whole_weights(embedder.files.adapter)


class _Positive(nn.Module):
    """Weights kept as their logarithms: a step changes each by a share of itself."""

    def forward(self, logarithms: Tensor) -> Tensor:
        return logarithms.exp()

    def right_inverse(self, weights: Tensor) -> Tensor:
        return weights.clamp_min(_LEAST_WEIGHT).log()


class _MixedPrecision(nn.Module):
    """A decoder whose products are computed in `dtype`, whatever the adapter is kept in."""

    def __init__(self, decoder: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.decoder, self._dtype = decoder, dtype

    def forward(self, ids: Tensor, mask: Tensor | None, features: Sequence[int]) -> list[Tensor]:
        """As `embedder.encoder.Decoder`."""
        lower = self._dtype != torch.float32
        with torch.autocast(ids.device.type, self._dtype) if lower else nullcontext():
            return self.decoder(ids, mask, features)


def _inner(decoder: nn.Module) -> nn.Module:
    """The module whose parameters have the names of transformers' base model."""
    if isinstance(decoder, _MixedPrecision):
        decoder = decoder.decoder
    return decoder.model if isinstance(decoder, TransformersDecoder) else decoder


def _linear(decoder: nn.Module, base: str) -> dict[str, nn.Linear]:
    """The decoder's linear layers by name. Raises `UntrainableError` where there are none."""
    found = {name: m for name, m in decoder.named_modules() if isinstance(m, nn.Linear)}
    if not found:
        raise UntrainableError(
            f"the base {base} has no linear layers that could be trained; take a decoder of the"
            " Llama, Mistral or Qwen family"
        )
    return found


def _unfreeze(decoder: nn.Module, base: str) -> None:
    for layer in _linear(decoder, base).values():
        layer.weight.requires_grad_(True)


def _lora_config(embedder: Embedder, recipe: Recipe, decoder: nn.Module) -> LoraConfig:
    from peft import LoraConfig

    if embedder.spec.adapter:
        config = LoraConfig.from_pretrained(str(embedder.files.adapter))
        config.inference_mode, config.lora_dropout = False, recipe.dropout
        return config
    layers = _linear(decoder, embedder.spec.base)
    targets = {name.rpartition(".")[2] for name in layers}
    return LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=sorted(targets),
        base_model_name_or_path=embedder.spec.base,
        task_type="FEATURE_EXTRACTION",
    )


def _inject(decoder: nn.Module, config: LoraConfig) -> None:
    from peft import inject_adapter_in_model
    from peft.tuners.lora import LoraLayer

    inject_adapter_in_model(config, decoder, adapter_name=_ADAPTER)
    for module in decoder.modules():
        if isinstance(module, LoraLayer):
            # Autocast sees to precision; peft's own cast to float32 would undo it at every layer.
            module.cast_input_dtype_enabled = False
    for name, parameter in decoder.named_parameters():
        parameter.requires_grad_("lora_" in name)
        if "lora_" in name:
            parameter.data = parameter.data.float()


def _drop_out(decoder: nn.Module, share: float) -> None:
    """Dropout where BERT has it, which decoders lack: on embeddings and on what each part says.

    Without it SimCSE's pairs are the same vector twice, and the adapter's own dropout changes
    nothing while the adapter still is zero.
    """

    def dropped(module: nn.Module, given: tuple[Tensor, ...], said: Tensor) -> Tensor:
        return nn.functional.dropout(said, share, module.training)

    for name, module in decoder.named_modules():
        if isinstance(module, nn.Embedding) or name.endswith(_OUTPUTS):
            module.register_forward_hook(dropped)


def _adapter_tensors(decoder: nn.Module) -> dict[str, Tensor]:
    """The adapter's weights under the names that peft gives them in a file."""
    return {
        _PREFIX + name.replace(f".{_ADAPTER}.", "."): parameter.detach().cpu().contiguous()
        for name, parameter in decoder.named_parameters()
        if "lora_" in name
    }


def _whole_tensors(decoder: nn.Module) -> dict[str, Tensor]:
    """The trained weights as they are used, in bfloat16, under the names of the base."""
    return {
        name: parameter.detach().cpu().bfloat16().contiguous()
        for name, parameter in decoder.named_parameters()
        if parameter.requires_grad
    }


def _load_adapter(decoder: nn.Module, folder: Path) -> None:
    from safetensors.torch import load_file

    stored = load_file(folder / "adapter_model.safetensors")
    with torch.no_grad():
        for name, parameter in decoder.named_parameters():
            if "lora_" in name:
                parameter.copy_(stored[_PREFIX + name.replace(f".{_ADAPTER}.", ".")])


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
