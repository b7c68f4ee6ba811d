"""What several areas test with: a real decoder and tokenizer, made on the spot."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from embedder.model import Embedder, EmbedderFiles
from embedder.spec import EmbedderSpec
from footnote.home import Home
from indexer.ingest.sources import find
from indexer.parsers import ReadingLimits, parse
from indexer.records import ParsedFile
from tests.homes import write_papers
from training.evaluation.metrics import Interval
from training.evaluation.proof import Proof

# Commands that run in the tests' own process would slow all that come after.
os.environ["FOOTNOTE_NICENESS"] = "0"
# It takes ten minutes and is tested by itself.
os.environ["FOOTNOTE_WRITER"] = "off"
# Which format is the fastest is found out by trying: not in every fresh home, nor here one and
# there another. The suite holds in each: `FOOTNOTE_PRECISION=int8 make test`.
PRECISION = os.environ.setdefault("FOOTNOTE_PRECISION", "float32")
# Several processes of tests with several threads each would keep one another waiting.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

TINY_WIDTH = 32
_WORDS = (
    "the of and to in a is that for it as was with be by on not he his but at are this have "
    "from or had an they which one you were all her she there would their we him been has when "
    "who will no more if out so up said what its about than into them can only other time new "
    "page paid leave policy employee weeks premium deductible question answer document passage"
)


def make_tokenizer(folder: Path, texts: list[str] | None = None) -> None:
    """Train a small byte-level BPE (any text can be encoded) and write tokenizer.json."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=["<eos>", "<bos>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts or [_WORDS] * 3, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<eos>"})
    )


def make_base(folder: Path, model_type: str = "llama", **settings) -> Path:
    """Write a random two-layer decoder that transformers loads from `folder`."""
    import torch
    from transformers import AutoConfig, AutoModel

    folder.mkdir(parents=True, exist_ok=True)
    make_tokenizer(folder)
    shape = {
        "vocab_size": 512,
        "hidden_size": TINY_WIDTH,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 512,
        "eos_token_id": 0,
        "bos_token_id": 1,
        "pad_token_id": None,
    }
    torch.manual_seed(0)
    model = AutoModel.from_config(AutoConfig.for_model(model_type, **(shape | settings)))
    model.save_pretrained(folder)
    return folder


def fix_document_ids(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Document ids that are the same in each run of the tests; `name` keeps homes apart."""
    numbers = itertools.count()
    monkeypatch.setattr(
        "indexer.store.store.document_id",
        lambda: hashlib.sha256(f"{name} {next(numbers)}".encode()).hexdigest()[:16],
    )


@pytest.fixture(autouse=True)
def _document_ids(request, monkeypatch):
    fix_document_ids(monkeypatch, request.node.nodeid)


class ConnectedError(AssertionError):
    """Something wanted to reach another machine, which nobody had configured."""


@pytest.fixture(autouse=True, scope="session")
def closed_network():
    """No test, page or command in this process reaches another machine, or looks one up."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connected(sock: socket.socket, address: object) -> None:
        if sock.family != socket.AF_UNIX and not _is_here(address[0]):
            raise ConnectedError(f"a connection to {address}")
        connect(sock, address)

    def looked_up(host: str | bytes | None, *more: object, **options: object) -> list:
        name = host.decode() if isinstance(host, bytes) else host
        if name and not _is_here(name):
            # As on a machine without a network.
            raise socket.gaierror(f"closed network: {name} was looked up")
        return look_up(host, *more, **options)

    socket.socket.connect, socket.getaddrinfo = connected, looked_up
    yield
    socket.socket.connect, socket.getaddrinfo = connect, look_up


def _is_here(host: str) -> bool:
    return host in ("localhost", "::1", "") or host.startswith("127.")


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory) -> Path:
    """A folder with a random two-layer Llama and its tokenizer."""
    return make_base(tmp_path_factory.mktemp("tiny-base"))


@pytest.fixture(scope="session")
def tiny_embedder(tiny_base, tmp_path_factory) -> Embedder:
    """Word-overlap embedder of 64 dimensions: random token embeddings beside a random layer.

    Its token embeddings are pooled by weight and whitening is left out, so texts that share
    words are near each other and ranking tests mean something.
    """
    import torch

    from embedder.encoder import Projection

    folder = tmp_path_factory.mktemp("tiny-embedder")
    Projection(token_weights=torch.ones(512)).write(folder / "projection.safetensors")
    digest = hashlib.sha256((folder / "projection.safetensors").read_bytes()).hexdigest()
    spec = EmbedderSpec(
        name="tiny",
        base=str(tiny_base),
        revision="test",
        layers=1,
        pooling="weighted",
        features=(0, -1),
        append_eos=False,
        query_template="{text}",
        max_tokens=256,
        dimension=2 * TINY_WIDTH,
        tensors=digest,
    )
    (folder / "spec.json").write_text(spec.to_json())
    return Embedder(spec, EmbedderFiles(folder=folder, cache=folder / "cache"), PRECISION)


@pytest.fixture
def bare_home(tmp_path, tiny_embedder) -> Home:
    """A home that uses the tiny embedder, with nothing in it."""
    opened = Home.open(tmp_path / "home")
    opened.registry.install("tiny", tiny_embedder.files.folder)
    opened.registry.use("tiny")
    return opened


@pytest.fixture
def home(bare_home, monkeypatch) -> Home:
    """The same, as the one that the pages open."""
    monkeypatch.setenv("FOOTNOTE_HOME", str(bare_home.path))
    return bare_home


@pytest.fixture
def papers(tmp_path) -> Path:
    """An empty folder for files that are indexed."""
    folder = tmp_path / "papers"
    folder.mkdir()
    return folder


@pytest.fixture
def read(tmp_path):
    """Parses bytes or text as the file of that name; limits by their names."""

    def read(name: str, data: bytes | str, **limits) -> ParsedFile:
        path = tmp_path / "given"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return parse(path, name, limits=ReadingLimits(**limits))

    return read


@pytest.fixture(scope="session")
def made_home(tmp_path_factory, tiny_embedder) -> Home:
    """A home with one collection of two dozen documents; see `papers_home`."""
    folder = tmp_path_factory.mktemp("learn")
    home = Home.open(folder / "home")
    home.registry.install("tiny", tiny_embedder.files.folder)
    home.registry.use("tiny")
    write_papers(folder / "papers")
    with pytest.MonkeyPatch.context() as monkeypatch:
        fix_document_ids(monkeypatch, "papers")
        # One parser: documents come into the home in their order, not in that of their parsers.
        home.index(find([folder / "papers"]), "papers", workers=1)
    return home


@pytest.fixture
def papers_home(made_home, tmp_path) -> Home:
    """A copy of `made_home` for one test."""
    made_home.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(made_home.path, tmp_path / "home")
    return Home.open(tmp_path / "home")


@pytest.fixture
def slow_recognition(tmp_path, monkeypatch):
    """Stands in for Tesseract, in the parsers' processes too; call it with seconds a page.

    Gives a folder with an entry for each page that was looked at.
    """

    def install(seconds: float) -> Path:
        programs, calls = tmp_path / "programs", tmp_path / "calls"
        programs.mkdir()
        calls.mkdir()
        program = programs / "tesseract"
        # A parser, and what it starts, may not write files; an empty folder is none.
        program.write_text(
            '#!/bin/sh\n[ "$1" = --list-langs ] && { echo of; echo eng; exit; }\n'
            f'cat > /dev/null\nmkdir "{calls}/$$"\nsleep {seconds}\n'
            # The table that Tesseract writes: level, numbers, place, how sure it is, the word.
            "printf 'level\\n'; n=0; for word in Words of a page that was scanned.; do n=$((n+1));"
            " printf '5\\t1\\t1\\t1\\t1\\t%d\\t%d\\t10\\t50\\t20\\t95\\t%s\\n'"
            " $n $((n*60)) $word; done\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        return calls

    return install


def convincing(proof: Proof) -> Proof:
    """The same proof with gains that may be promoted."""
    return replace(
        proof, queries=99, dense_gain=Interval(0.1, 0.05, 0.2), fused_gain=Interval(0.1, 0.0, 0.2)
    )


@pytest.fixture
def always_better(monkeypatch):
    """Every proof holds: the switch is under test, not the tiny decoder."""
    from training.pipeline import run as pipeline

    real = pipeline.prove
    monkeypatch.setattr(pipeline, "prove", lambda *a, **k: convincing(real(*a, **k)))
