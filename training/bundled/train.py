"""The bundled embedder, from texts to shipped weights: one command, resumable.

    python -m training.bundled.train PAIRS --work DIR [--searches FILE] [--teacher FOLDER]
        [--until STAGE --output FOLDER]

PAIRS is a file of weak pairs (JSON lines with `kind`, `query`, `passage`), packed by xz or not, as
is the file of searches (`source`, `passage`, `queries` with a `text` each); the synthetic groups
come with the project. Stages, each an embedder of its own under DIR, each by the one
contrastive loss: `words` learns how much every token counts, over the token embeddings alone;
`projection` learns the map from the pooled states to the vector, the decoder as it is;
`layers` learns LoRA on the decoder, from batches of one topic; `searches` goes on with what people
might ask of longer passages, a batch from one source. Weak pairs and synthetic groups are mixed in
all of them. With a teacher (a sentence-transformers folder) the last two learn its ranking of each
batch and its vectors, too, as what is shipped did. docs/log/embedder.md has
the ablations behind the numbers and how the last one went.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from embedder.model import Embedder, EmbedderFiles
from embedder.registry import BUNDLED, SHIPPED
from embedder.spec import EmbedderSpec
from training.bundled.statistics import SPEC, compute, write
from training.data.examples import Example
from training.data.packed import read_rows
from training.data.synthetic_pairs import general_examples
from training.fit.config import Recipe

if TYPE_CHECKING:
    import torch

    from embedder.encoder import Projection

STAGES = ("words", "projection", "layers", "searches")
WORDS = Recipe(
    steps=400, batch=512, negatives=2, rank=0, projection_rate=0.003, token_rate=0.01,
    warmup=20, max_tokens=256, evaluate_every=100,
)  # fmt: skip
PROJECTION = replace(WORDS, steps=300, projection_rate=0.001, token_rate=0.0)
LAYERS = Recipe(
    steps=850, batch=128, negatives=1, rank=64, alpha=64, learning_rate=1.5e-3,
    projection_rate=0.0005, warmup=40, max_tokens=72, tokens_in_memory=40_000,
    evaluate_every=85, patience=100,
)  # fmt: skip
SEARCHES = replace(
    LAYERS, steps=220, learning_rate=1e-3, warmup=20, max_tokens=96, evaluate_every=55
)
# Examples of one topic, of which a batch is drawn, in batches.
_TOPIC = 4
# How much token embeddings and last layer count before training; 0.7 for the second is better
# for search without any training, 1.0 for what training makes of it.
_FEATURES = (1.0, 1.0)
# Of the examples of a run, so many are synthetic ones.
_SYNTHETIC = 0.25
# Weak pairs that the stages behind `words` see: each costs a pass through the decoder.
_PAIRS = 8_000
# What a teacher's ranking and its vectors count beside the contrastive loss.
TAUGHT: dict[str, Any] = {"distillation": 1.0, "vector_distillation": 10.0}
# The last pairs of the file are looked at, not trained on.
_HELD_OUT = 500
# Every tenth passage that searches were written to is looked at, not trained on: so many of them.
_LOOKED_AT = 400
# Weak pairs beside the searches, a third of them.
_BESIDE = 3


def weak_pairs(path: Path) -> list[Example]:
    """The file's pairs, each with its kind as source: a batch holds one kind."""
    return [Example(row["query"], row["passage"], source=row["kind"]) for row in read_rows(path)]


def searches(path: Path, *, held_out: bool = False) -> list[Example]:
    """The searches of a file, each with its source; of every tenth passage, or of the others."""
    return [
        Example(query["text"], row["passage"], source=f"searches of {row['source']}")
        for row in read_rows(path)
        if held_out == (row["id"] % 10 == 0)
        for query in row["queries"]
    ]


def mixed(
    pairs: Sequence[Example], total: int, seed: int, synthetic_share: float = _SYNTHETIC
) -> list[Example]:
    """At most `total` pairs and as many synthetic examples as make up their share.

    There are some 5,000 of those: where more are asked for they stand there repeatedly.
    """
    chosen = list(pairs[:total])
    synthetic = general_examples(seed=seed)
    wanted = round(len(chosen) * synthetic_share / (1 - synthetic_share))
    return chosen + [synthetic[place % len(synthetic)] for place in range(wanted)]


def by_topic(
    examples: Sequence[Example], embedder: Embedder, size: int = _TOPIC * LAYERS.batch
) -> list[Example]:
    """The examples, each source split into topics of about `size`: a batch then holds one topic.

    Negatives from one topic are hard ones that cost nothing (topic-aware sampling, Hofstaetter
    et al., SIGIR 2021). Topics are k-means clusters of the positives' vectors; those smaller than
    a batch are thrown together by `training.batches.plan`.
    """
    import faiss

    found = list(examples)
    for source in sorted({one.source for one in examples}):
        members = [place for place, one in enumerate(examples) if one.source == source]
        topics = max(1, len(members) // size)
        vectors = embedder.embed_passages([examples[place].positive for place in members])
        means = faiss.Kmeans(vectors.shape[1], topics, niter=10, seed=1)
        means.train(vectors)
        for place, topic in zip(members, means.index.search(vectors, 1)[1][:, 0], strict=True):
            found[place] = replace(examples[place], source=f"{source} {topic}")
    return found


class SentenceTransformersTeacher:
    """A sentence-transformers folder as `training.teaching.Teacher`; texts cut to `max_tokens`.

    Computed in `dtype`: in bfloat16 its vectors are the same within a cosine of 0.9999. Each text
    is embedded once; synthetic ones come up several times.
    """

    def __init__(self, folder: Path, max_tokens: int, dtype: torch.dtype) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(folder))
        self._model.max_seq_length = max_tokens
        self._dtype = dtype
        self._known: dict[str, np.ndarray] = {}

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors float32 [n, the model's dimension]."""
        import torch

        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        lower = self._dtype != torch.float32
        with torch.autocast(self._model.device.type, self._dtype) if lower else nullcontext():
            found = self._model.encode(new, show_progress_bar=False) if new else ()
        self._known.update(zip(new, found, strict=True))
        stacked = np.stack([self._known[text] for text in texts]).astype(np.float32)
        return stacked / np.linalg.norm(stacked, axis=1, keepdims=True)

    embed_passages = embed_queries


class Bundling:
    """The stages over one folder of work; those that are done are not repeated."""

    def __init__(
        self,
        pairs: Sequence[Example],
        work: Path,
        teacher: Path | None = None,
        searched: Path | None = None,
    ) -> None:
        from training.fit.dev_set import Development

        self.pairs, self._work, self._cache = pairs[:-_HELD_OUT], work, work / "models"
        self._teacher, self._searched = teacher, searched
        looked_at = [*general_examples(from_held_out=True), *pairs[-_HELD_OUT:]]
        if searched:
            looked_at += searches(searched, held_out=True)[:_LOOKED_AT]
        self.look = Development(looked_at)

    def words(self, recipe: Recipe = WORDS) -> Embedder:
        """Token weights, learnt over the token embeddings alone."""
        spec = replace(SPEC, features=(0,))
        start = self._started("words-start", spec, lambda: compute(self._cache, spec, None, (1.0,)))
        return self._trained(
            "words", lambda: start, recipe, lambda: mixed(self.pairs, len(self.pairs), recipe.seed)
        )

    def projection(self, recipe: Recipe = PROJECTION) -> Embedder:
        """The whitening with those weights, then the map learnt from there."""
        from embedder.encoder import Projection

        def started() -> Projection:
            weights = Projection.read(self.words().files.projection).token_weights
            return compute(self._cache, SPEC, weights, _FEATURES)

        start = self._started("projection-start", SPEC, started)
        return self._trained(
            "projection", lambda: start, recipe, lambda: mixed(self.pairs, _PAIRS, recipe.seed)
        )

    def layers(self, recipe: Recipe = LAYERS) -> Embedder:
        """LoRA on the decoder."""
        pairs = recipe.steps * recipe.batch

        def topics() -> list[Example]:
            return by_topic(mixed(self.pairs, pairs, recipe.seed), self.words())

        return self._trained("layers", self.projection, recipe, topics)

    def searches(self, recipe: Recipe = SEARCHES) -> Embedder:
        """The same LoRA further, from searches."""

        def examples() -> list[Example]:
            if self._searched is None:
                raise click.UsageError("name the file of searches with --searches")
            found = searches(self._searched)
            return found + mixed(self.pairs, len(found) // _BESIDE, recipe.seed, 0.4)

        return self._trained("searches", self.layers, recipe, examples)

    def _started(self, name: str, spec: EmbedderSpec, made: Callable[[], Projection]) -> Embedder:
        folder = self._work / name
        if not (folder / "spec.json").exists():
            write(made(), replace(spec, name=name), folder)
        return self._opened(folder)

    def _trained(
        self,
        name: str,
        started: Callable[[], Embedder],
        recipe: Recipe,
        examples: Callable[[], list[Example]],
    ) -> Embedder:
        import torch

        from training.fit.student import Student
        from training.fit.trainer import Trainer

        folder = self._work / name
        if not (folder / "spec.json").exists():
            start = started()
            student = Student(start, recipe, torch.device(start.compute.device))
            teacher = None
            if self._teacher and recipe.trains_decoder:
                recipe = replace(recipe, **TAUGHT)
                teacher = SentenceTransformersTeacher(
                    self._teacher, recipe.max_tokens, start.compute.dtype
                )
            trainer = Trainer(
                student, examples(), recipe, folder, development=self.look, teacher=teacher
            )
            trainer.run(
                lambda state: click.echo(
                    f"{name} {state.step}/{state.steps} loss {state.loss:.3f} right first "
                    f"{state.accuracy:.2f} development {state.development:.4f}, "
                    f"{state.seconds_left / 60:.0f} min left"
                )
            )
            student.save(folder, name)
        return self._opened(folder)

    def _opened(self, folder: Path) -> Embedder:
        spec = EmbedderSpec.read(folder / "spec.json")
        return Embedder(spec, EmbedderFiles(folder, self._cache))


def ship(trained: Embedder, output: Path, name: str = BUNDLED) -> EmbedderSpec:
    """Put the weights into `output`, the adapter in bfloat16, as the embedder of that name."""
    from safetensors.torch import load_file, save_file

    output.mkdir(parents=True, exist_ok=True)
    shutil.copy(trained.files.projection, output / "projection.safetensors")
    spec = replace(trained.spec, name=name)
    if spec.adapter:
        (output / "adapter").mkdir(exist_ok=True)
        shutil.copy(trained.files.adapter / "adapter_config.json", output / "adapter")
        weights = output / "adapter" / "adapter_model.safetensors"
        tensors = load_file(trained.files.adapter / weights.name)
        save_file({name: tensor.bfloat16() for name, tensor in tensors.items()}, weights)
        spec = replace(spec, adapter=hashlib.sha256(weights.read_bytes()).hexdigest())
    (output / "spec.json").write_text(spec.to_json(), encoding="utf-8")
    return spec


@click.command(help=__doc__)
@click.argument("pairs", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--teacher", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--searches", "searched", type=click.Path(exists=True, path_type=Path))
@click.option("--until", type=click.Choice(STAGES), default=STAGES[-1], show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="Default: the bundled embedder.")
def main(
    pairs: Path,
    work: Path,
    teacher: Path | None,
    searched: Path | None,
    until: str,
    output: Path | None,
) -> None:
    """Train what is not trained yet, and ship it."""
    if output is None and until != STAGES[-1]:
        raise click.UsageError(
            f"trained until {until} it does not replace the bundled embedder unasked; name --output"
        )
    output = output or SHIPPED[BUNDLED]
    trained = getattr(Bundling(weak_pairs(pairs), work, teacher, searched), until)()
    spec = ship(trained, output)
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    click.echo(f"{output}: {size:,} bytes, fingerprint {spec.fingerprint}")


if __name__ == "__main__":
    main()
