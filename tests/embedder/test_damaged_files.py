"""Files of an embedder and of examples that are damaged or made to do harm: each is named."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from embedder.decoder.load import AdapterError, merge_adapter
from embedder.encoder import Projection
from embedder.errors import FootnoteError
from embedder.registry import Registry
from embedder.spec import EmbedderSpec, SpecError
from embedder.tensors import UnusableWeightsError, read_array
from training.data.examples import ExampleFileError, read_examples
from training.evaluation.beir import EvaluationError, _rows
from training.synthesis.replies import UnusableReplyError, tasks

HOSTILE_JSON = {
    "deep": "[" * 200_000,
    "deep objects": '{"a":' * 100_000,
    "a long number": '{"a": ' + "9" * 5_000 + "}",
    "cut off": '{"a": ',
}


@pytest.mark.parametrize("text", HOSTILE_JSON.values(), ids=HOSTILE_JSON)
def test_json_that_nobody_can_read_is_named_wherever_it_is_met(text, tmp_path):
    with pytest.raises(SpecError):
        EmbedderSpec.from_json(text)
    path = tmp_path / "rows.jsonl"
    path.write_text(text + "\n")
    with pytest.raises(ExampleFileError, match="line 1"):
        read_examples(path)
    with pytest.raises(EvaluationError, match="line 1"):
        list(_rows(path, ("_id", "text")))
    with pytest.raises(UnusableReplyError):
        tasks(text)
    (tmp_path / "adapter_config.json").write_text(text)
    with pytest.raises(AdapterError):
        merge_adapter({}, tmp_path)


@pytest.mark.parametrize("text", [*HOSTILE_JSON.values(), "{}", "[1]", "7"])
def test_a_history_of_embedders_that_is_none_is_named(text, tmp_path):
    (tmp_path / "used.json").write_text(text)
    registry = Registry(tmp_path, tmp_path / "cache")
    written = next(tmp_path.glob("*.json"))
    written.rename(tmp_path / registry_file())
    with pytest.raises(FootnoteError, match="damaged"):
        registry.current()


def registry_file():
    from embedder.registry import _HISTORY

    return _HISTORY


WEIGHTS = {
    "no number": torch.tensor([1.0, float("nan")]),
    "endless": torch.tensor([1.0, float("inf")]),
    "whole numbers": torch.tensor([1, 2]),
    "truths": torch.tensor([True, False]),
}


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS)
def test_weights_that_are_none_are_refused(weights, tmp_path):
    """They loaded without complaint, and every vector was no number."""
    path = tmp_path / "projection.safetensors"
    save_file({"token_weights": weights}, path)
    with pytest.raises(UnusableWeightsError, match="token_weights"):
        Projection.read(path)
    save_file({"undo": weights}, path)
    with pytest.raises(UnusableWeightsError):
        read_array(path, "undo")


@pytest.mark.parametrize(
    "data", [b"", b"no tensors", b"\xff" * 100, (1 << 62).to_bytes(8, "little")]
)
def test_files_that_hold_no_tensors_are_named(data, tmp_path):
    path = tmp_path / "projection.safetensors"
    path.write_bytes(data)
    with pytest.raises(UnusableWeightsError, match="intact copy"):
        Projection.read(path)
    with pytest.raises(UnusableWeightsError, match="intact copy"):
        read_array(path, "undo")


def test_a_projection_with_another_part_is_named(tmp_path):
    save_file({"more": torch.ones(2)}, tmp_path / "a")
    with pytest.raises(UnusableWeightsError, match="more"):
        Projection.read(tmp_path / "a")
    assert np.array_equal(read_array(tmp_path / "a", "more"), [1.0, 1.0])


def adapter(folder, up=None, **config):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    tensors = {"base_model.model.w.lora_A.weight": torch.ones(2, 4)}
    if up is not None:
        tensors["base_model.model.w.lora_B.weight"] = up
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    ("up", "config"),
    [
        (torch.ones(4, 2), {}),
        (torch.ones(4, 2), {"r": 0, "lora_alpha": 4}),
        (torch.ones(4, 2), {"r": "2", "lora_alpha": 4}),
        (torch.ones(4, 2), {"r": 2}),
        (torch.ones(5, 2), {"r": 2, "lora_alpha": 4}),
        (None, {"r": 2, "lora_alpha": 4}),
    ],
)
def test_an_adapter_that_does_not_fit_is_named(up, config, tmp_path):
    with pytest.raises(AdapterError):
        merge_adapter({"w.weight": torch.zeros(4, 4)}, adapter(tmp_path / "a", up, **config))


def test_an_adapter_that_fits_is_merged(tmp_path):
    weights = {"w.weight": torch.zeros(4, 4)}
    merge_adapter(weights, adapter(tmp_path / "a", torch.ones(4, 2), r=2, lora_alpha=4))
    assert weights["w.weight"].tolist() == [[4.0] * 4] * 4
