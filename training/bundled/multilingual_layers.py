"""LoRA through the multilingual embedder's layers: one command, resumable.

    python -m training.bundled.multilingual_layers SHARED --home DIR --work DIR
        [--output FOLDER]

SHARED is the folder of shared data (`multilingual_texts`), the home one in which the multilingual
embedder is installed as `training.bundled.multilingual` makes it. What that whitens away in closed
form, these steps go on from: the decoder itself learns to say in one way what stands in two
languages. The one contrastive loss, batches of one kind of pair, the kinds in turn. Of the weights
that were looked at, the best are kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from embedder.registry import MULTILINGUAL, OPTIONAL, Registry
from training.bundled.multilingual_texts import (
    Groups,
    Pair,
    english_groups,
    help_text,
    written_searches,
)
from training.bundled.train import ship
from training.data.examples import Example
from training.data.synthetic_pairs import general_examples
from training.fit.config import Recipe

if TYPE_CHECKING:
    import torch

    from training.fit.student import Student

LAYERS = Recipe(
    steps=90, batch=96, negatives=1, rank=32, alpha=32, learning_rate=1e-3,
    projection_rate=0.0005, warmup=8, max_tokens=56, tokens_in_memory=20_000,
    evaluate_every=30, patience=100,
)  # fmt: skip
# Sections of help text a language, and English passages with written searches.
_SECTIONS, _PASSAGES = 60, 750
# A section that a text is set beside in another language is cut to so many characters.
_BESIDE = 200
# Of the English groups that are held out, so many searches are looked at.
_LOOKED_AT = 150


def examples(shared: Path, found: Groups) -> list[Example]:
    """All pairs, each with its kind as source; searches in English count twice."""
    pairs = list(found.pairs())
    pairs += [one for one in pairs if one.kind == "search in English"]
    pairs += help_text(shared, _SECTIONS)
    pairs += english_groups()
    pairs += written_searches(shared, _PASSAGES)
    return [_example(one) for one in pairs if one.text.strip() and one.passage.strip()]


def _example(pair: Pair) -> Example:
    text = pair.text if pair.left == "queries" else pair.text[:_BESIDE]
    return Example(text, pair.passage, tuple(filter(str.strip, pair.others)), source=pair.kind)


class Look:
    """`training.fit.dev_set.Development` for the groups that are looked at, kinds told apart.

    Sought among the documents that are not trained on, of all languages at once.
    """

    def __init__(self, found: Groups) -> None:
        places = [place for place, part in enumerate(found.parts) if part != "train"]
        self._documents = [found.documents[place] for place in places]
        asked = [one for one in found.asked if one.part == "look"]
        groups = general_examples(from_held_out=True)
        groups = groups[:: max(1, len(groups) // _LOOKED_AT)]
        self._queries = [one.text for one in asked] + [one.query for one in groups]
        self._passages = list(dict.fromkeys(one.positive for one in groups))
        own = {place: number for number, place in enumerate(places)}
        self._own = [own[one.document] for one in asked]
        self._group = [self._passages.index(one.positive) for one in groups]
        self._english = [one.language != one.document_language for one in asked]

    def reciprocal_ranks(self, student: Student) -> list[float]:
        """One over the rank of each search's document; says how each kind does."""
        import torch

        from training.fit.dev_set import ranks
        from training.fit.grad_cache import chunked, encoded

        chunks = chunked(
            student.query_ids(self._queries, [""] * len(self._queries)),
            student.passage_ids([*self._documents, *self._passages], 128),
            student.embedder.compute.tokens_a_batch,
        )
        with torch.inference_mode():
            vectors = encoded(student.encode, chunks, seed=0)
        asked, queries, documents = len(self._own), len(self._queries), len(self._documents)
        passages = vectors[queries:]
        across = ranks(vectors[:asked] @ passages[:documents].T, torch.tensor(self._own))
        group = ranks(vectors[asked:queries] @ passages[documents:].T, torch.tensor(self._group))
        english = torch.tensor(self._english)
        _say({"own": across[~english], "English": across[english], "groups": group})
        return [1.0 / float(rank) for rank in torch.cat([across, group])]


def _say(kinds: dict[str, torch.Tensor]) -> None:
    shares = (f"{kind} {float((rank == 1).float().mean()):.3f}" for kind, rank in kinds.items())
    click.echo(f"right first: {', '.join(shares)}")


def trained(home: Path, shared: Path, work: Path, recipe: Recipe = LAYERS) -> tuple[float, float]:
    """Train under `work`; the development scores before and after."""
    import torch

    from training.fit.student import Student
    from training.fit.trainer import Trainer

    start = Registry(home / "embedders", home / "models").load(MULTILINGUAL)
    student = Student(start, recipe, torch.device(start.compute.device))
    found = Groups.read(shared)
    given = examples(shared, found)
    trainer = Trainer(student, given, recipe, work, development=Look(found))  # type: ignore[arg-type]
    result = trainer.run(
        lambda state: click.echo(
            f"{state.step}/{state.steps} loss {state.loss:.3f} right first {state.accuracy:.2f} "
            f"development {state.development:.4f}, {state.seconds_left / 60:.0f} min left"
        )
    )
    student.save(work, MULTILINGUAL)
    return result.development_before or 0.0, result.development_after or 0.0


@click.command(help=__doc__)
@click.argument("shared", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--home", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True
)
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--output", type=click.Path(path_type=Path), default=OPTIONAL[MULTILINGUAL])
def main(shared: Path, home: Path, work: Path, output: Path) -> None:
    """Train what is not trained yet, and ship it."""
    from embedder.model import Embedder, EmbedderFiles
    from embedder.spec import EmbedderSpec

    if not (work / "spec.json").exists():
        before, after = trained(home, shared, work)
        click.echo(f"development {before:.4f}, then {after:.4f}")
    made = Embedder(EmbedderSpec.read(work / "spec.json"), EmbedderFiles(work, home / "models"))
    spec = ship(made, output, MULTILINGUAL)
    click.echo(f"{output}: fingerprint {spec.fingerprint}")


if __name__ == "__main__":
    main()
