"""The reader, from data to shipped weights: one command, resumable.

    python -m training.reader LABELLED --work DIR [--multilingual FILE] [--texts FILE ...]
        [--output FOLDER]

LABELLED is `reader.jsonl` (passages with labelled queries and claims), MULTILINGUAL groups of
documents with their searches in many languages, TEXTS are JSON lines whose
strings say which words there are. Stages under DIR, each done once: `words` (word vectors),
`cases` (a file a collection: searched and looked at with the bundled embedder), `claims`; then the
trees are grown, measured on what was held out, and written. The stages cost half an hour of one
core, the trees half a minute.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from safetensors import safe_open
from safetensors.numpy import save_file

from embedder.registry import Registry
from rag.reader.reader import WEIGHTS
from rag.reader.words import WordVectors
from training.data.packed import read_rows
from training.reader import verdicts
from training.reader.cases import Looked, Looking
from training.reader.material import IN_ENGLISH, Material, materials
from training.reader.models import Claims, grow, held_out_report, write
from training.reader.words import vocabulary, word_vectors
from training.reader.words import write as write_words


@click.command()
@click.argument("labelled", type=click.Path(path_type=Path, exists=True))
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Kept for a repeat.")
@click.option("--multilingual", type=click.Path(path_type=Path, exists=True))
@click.option("--texts", type=click.Path(path_type=Path, exists=True), multiple=True)
@click.option("--output", type=click.Path(path_type=Path), default=WEIGHTS, show_default=False)
def main(
    labelled: Path, work: Path, multilingual: Path | None, texts: tuple[Path, ...], output: Path
) -> None:
    """Train the reader on LABELLED and write its weights."""
    data = read_rows(labelled)
    vectors = _words(data, texts, work)
    groups = read_rows(multilingual) if multilingual else []
    parts = _looked(materials(data, groups), work, vectors)
    looked = [one for part in parts.values() for one in part]
    english = [
        one for name, part in parts.items() if name.startswith(IN_ENGLISH) for one in part
    ]  # fmt: skip
    claims = _claims(data, work, vectors)
    grown = grow(looked, english, claims)
    for line in held_out_report(grown, looked, claims):
        click.echo(line)
    output.mkdir(parents=True, exist_ok=True)
    write_words(vectors, output / "words.safetensors")
    write(grown, output)
    click.echo(f"written to {output.name}")


def _words(data: list[dict[str, Any]], texts: tuple[Path, ...], work: Path) -> WordVectors:
    path = work / "words.safetensors"
    if not path.exists():
        work.mkdir(parents=True, exist_ok=True)
        registry = Registry(work / "embedders", cache=work / "models")
        terms = vocabulary(_strings([data, *map(read_rows, texts)]))
        write_words(word_vectors(registry.load(registry.current()), terms), path)
    return WordVectors.read(path)


def _strings(value: object) -> Iterator[str]:
    """Every text in nested rows."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def _looked(
    collections: list[Material], work: Path, vectors: WordVectors
) -> dict[str, list[Looked]]:
    registry = Registry(work / "embedders", cache=work / "models")
    looking = Looking(work, registry.load(registry.current()), vectors)
    made = {}
    for material in sorted(collections, key=lambda one: len(one.documents)):
        click.echo(f"{material.name}: {len(material.cases)} questions")
        made[material.name] = looking.look(material)
    return made


def _claims(data: list[dict[str, Any]], work: Path, vectors: WordVectors) -> Claims:
    path = work / "claims.safetensors"
    held = list(verdicts.held_claims(data))
    if not path.exists():
        made = verdicts.claim_rows(held, vectors)
        save_file({"rows": made}, path.with_suffix(".part"), {"digest": _digest(held)})
        path.with_suffix(".part").replace(path)
    with safe_open(path, "np") as file:
        if file.metadata()["digest"] != _digest(held):
            raise click.ClickException(f"{path} holds other claims; remove it")
        return Claims.of(held, file.get_tensor("rows"))


def _digest(held: list[verdicts.Held]) -> str:
    import hashlib

    texts = json.dumps([one.text for one in held])
    return hashlib.sha256(texts.encode()).hexdigest()


if __name__ == "__main__":
    main()
