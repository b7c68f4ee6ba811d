"""The multilingual embedder, from texts to shipped weights: one command, resumable.

    python -m training.bundled.multilingual SHARED GGUF --work DIR [--output FOLDER]

SHARED is the folder of shared data (`multilingual_texts`), GGUF the Gemma 3 270M file of the spec.
The decoder is never changed. How much each token counts is its rarity in texts of all languages;
every text goes through the decoder once, and what is pooled is kept on the disk in float16. The
projection is counted, not learnt: what a search and its passage, a text and its translation differ
in is whitened away. Learning it further by gradient gained nothing on groups held out
(docs/log/embedder.md).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor, nn

from embedder.atomic import writing
from embedder.batches import batches
from embedder.decoder.load import converted, fetched_file, load_decoder
from embedder.encoder import EncoderModule, Projection, right_padded
from embedder.registry import MULTILINGUAL, OPTIONAL
from embedder.spec import EmbedderSpec
from embedder.tokens import limits_of, load_tokenizer, token_ids
from training.bundled.multilingual_texts import Groups, Pair, texts_of, training_pairs
from training.bundled.statistics import (
    feature_scales,
    inverse_document_frequency,
    within_pair_whitening,
    write,
)
from training.data.synthetic_pairs import general_examples

SPEC = EmbedderSpec(
    name=MULTILINGUAL,
    base="gguf:gemma-3-270m-q4_k_m.gguf",
    revision="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    layers=8,
    pooling="weighted",
    features=(0, -1),
    sink=True,
    query_template="{text}",
    append_eos=False,
    max_tokens=512,
    dimension=512,
    tensors="to be computed",
)
# How much the token embeddings and the last kept layer count: the embeddings know a language's own
# words, the layer what texts of two languages have in common (docs/log/embedder.md).
_FEATURES = (0.5, 1.0)
_SHRINKAGE = 0.3
# Texts are cut to so many tokens: what is looked at in training, not what the embedder takes.
_CUT = 192
_BLOCK = 256
_TOKENS_A_BATCH = 2048


class Cache:
    """Pooled states of texts on the disk, float16, a file for each block of texts.

    What is there is not made again; several processes may fill one cache, each its own blocks.
    """

    def __init__(self, work: Path, name: str, texts: Sequence[str], width: int) -> None:
        digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
        self.folder = work / f"{name}-{digest}"
        self.texts, self.width = texts, width
        self.place = {text: place for place, text in enumerate(texts)}

    def _files(self) -> list[Path]:
        return [self.folder / f"{begin}.f16" for begin in range(0, len(self.texts), _BLOCK)]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return all(file.exists() for file in self._files())

    def fill(self, make: Callable[[Sequence[str]], np.ndarray], part: int = 0, of: int = 1) -> None:
        """Make the blocks that are missing, of every `of`-th one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        files = self._files()
        for number, file in enumerate(files):
            if number % of == part and not file.exists():
                begin = number * _BLOCK
                rows = make(self.texts[begin : begin + _BLOCK]).astype(np.float16)
                with writing(file) as left:
                    left.write_bytes(rows.tobytes())
                click.echo(f"{self.folder.name}: block {number + 1} of {len(files)}")

    def rows(self) -> np.ndarray:
        """All of it, float32 [texts, width]."""
        data = b"".join(file.read_bytes() for file in self._files())
        return np.frombuffer(data, np.float16).reshape(-1, self.width).astype(np.float32)


class Base:
    """The frozen decoder: texts → pooled states."""

    def __init__(self, cache: Path) -> None:
        base = converted(SPEC, cache)
        self._tokenizer = load_tokenizer(base.tokenizer)
        self._limits = limits_of(replace(SPEC, max_tokens=_CUT), base.config)
        self.vocabulary: int = base.config["vocab_size"]
        self.width: int = len(SPEC.features) * base.config["hidden_size"]
        self._decoder = load_decoder(base, SPEC.max_tokens, torch.float32)
        self._encoder: EncoderModule | None = None

    def ids(self, texts: Sequence[str]) -> Sequence[Sequence[int]]:
        """Token ids, cut."""
        return token_ids(self._tokenizer, texts, self._limits).ids

    def token_weights(self, texts: Sequence[str]) -> Tensor:
        """Each token's rarity in the texts: [vocabulary]."""
        return torch.from_numpy(inverse_document_frequency(self.ids(texts), self.vocabulary))

    def weigh(self, weights: Tensor) -> None:
        """Pool by these weights from now on."""
        self._encoder = EncoderModule(SPEC, self._decoder, Projection(token_weights=weights))

    def pooled(self, texts: Sequence[str]) -> np.ndarray:
        """Pooled states [texts, width], scaled so that float16 holds them."""
        if self._encoder is None:
            raise RuntimeError("weigh the tokens first")
        ids = self.ids(texts)
        rows = np.empty((len(ids), self.width), np.float32)
        for members in batches([len(text) for text in ids], _TOKENS_A_BATCH):
            padded, lengths = right_padded([ids[member] for member in members])
            with torch.inference_mode():
                rows[members] = self._encoder.pooled(padded, lengths).numpy()
        return rows


@dataclass(frozen=True, slots=True)
class Looks:
    """Shares of searches that find their own document first, among all.

    In the document's language, in English, and of the English groups held out.
    """

    own: float
    english: float
    group: float


class Workshop:
    """The pooled states of all texts, and what is measured with them."""

    def __init__(self, states: np.ndarray, cache: Cache, found: Groups) -> None:
        self.states = torch.from_numpy(states)
        self._place, self._found = cache.place, found

    def rows(self, texts: Sequence[str]) -> Tensor:
        """Their states [n, width]."""
        return self.states[[self._place[text] for text in texts]]

    @torch.inference_mode()
    def look(self, projection: Projection, part: str) -> Looks:
        """Search with the groups of a part, and with the English groups held out."""

        def vectors(side: str, texts: Sequence[str]) -> Tensor:
            mean = projection.query_mean if side == "queries" else projection.passage_mean
            assert mean is not None
            assert projection.matrix is not None
            away = self.rows(texts) - mean.float()
            return nn.functional.normalize(away @ projection.matrix.float(), dim=-1)

        documents = vectors("passages", self._found.documents)
        shares = []
        for english in (False, True):
            asked = [
                one for one in self._found.asked
                if one.part == part and (one.language != one.document_language) == english
            ]  # fmt: skip
            queries = vectors("queries", [one.text for one in asked])
            own = torch.tensor([one.document for one in asked])
            shares.append(float(((queries @ documents.T).argmax(1) == own).float().mean()))
        examples = general_examples(from_held_out=True)
        passages = list(dict.fromkeys(one.positive for one in examples))
        own = torch.tensor([passages.index(one.positive) for one in examples])
        queries = vectors("queries", [one.query for one in examples])
        scores = queries @ vectors("passages", passages).T
        first, second = shares
        return Looks(first, second, float((scores.argmax(1) == own).float().mean()))


# How much each kind of pair counts in the whitening, all pairs of it together.
_WHITENED = {
    "search": 4, "search in English": 3, "English group": 5, "search for English": 2,
    "translation": 1,
}  # fmt: skip


def whitened(workshop: Workshop, pairs: Sequence[Pair], token_weights: Tensor) -> Projection:
    """The projection: what texts that belong together differ in is damped.

    `within_pair_whitening` with each pair repeated by its weight: a translation differs from its
    text in the language, which is then damped, too.
    """
    counts = Counter(one.kind for one in pairs)
    weights = np.array([_WHITENED[one.kind] / counts[one.kind] for one in pairs])
    weights *= len(pairs) / weights.sum()
    asked = np.array([one.left == "queries" for one in pairs])
    texts = workshop.rows([one.text for one in pairs]).double().numpy()
    answers = workshop.rows([one.passage for one in pairs]).double().numpy()
    passage_mean = np.average(answers, axis=0, weights=weights)
    query_mean = np.average(texts[asked], axis=0, weights=weights[asked])
    scales = feature_scales(answers - passage_mean, _FEATURES)
    roots = np.sqrt(weights)[:, None]
    means = np.where(asked[:, None], query_mean, passage_mean)
    matrix = within_pair_whitening(
        (texts - means) * scales * roots,
        (answers - passage_mean) * scales * roots,
        SPEC.dimension,
        _SHRINKAGE,
    )
    return Projection(
        token_weights=token_weights,
        query_mean=torch.from_numpy(query_mean),
        passage_mean=torch.from_numpy(passage_mean),
        matrix=torch.from_numpy(scales[:, None] * matrix),
    )


@click.command(help=__doc__)
@click.argument("shared", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("gguf", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option(
    "--part", type=int, nargs=2, default=(0, 1), help="Encode only every so manyth block: I OF."
)
@click.option("--output", type=click.Path(path_type=Path), default=OPTIONAL[MULTILINGUAL])
def main(
    shared: Path,
    gguf: Path,
    work: Path,
    part: tuple[int, int],
    output: Path,
) -> None:
    """Count, encode, whiten, measure, ship; what is done is not repeated."""
    cache = work / "models"
    cache.mkdir(parents=True, exist_ok=True)
    there = fetched_file(SPEC, cache)
    if not there.exists():
        there.symlink_to(gguf.resolve())
    found = Groups.read(shared)
    pairs = training_pairs(shared, found)
    used = [one for one in pairs if one.kind in _WHITENED]
    texts = texts_of(used, found)
    base = Base(cache)
    counted = [one.passage for one in pairs if one.kind in ("search", "help text")]
    counted += [one.text for one in pairs if one.kind == "translation"]
    counted += [one.passage for one in pairs if one.kind == "English group"]
    weights = base.token_weights(list(dict.fromkeys(counted)))
    base.weigh(weights)
    kept = Cache(work, f"states-{SPEC.layers}", texts, base.width)
    kept.fill(base.pooled, *part)
    if not kept.complete:
        return  # another process has its part to do
    workshop = Workshop(kept.rows(), kept, found)
    made = whitened(workshop, used, weights)
    looks = workshop.look(made, "held out")
    click.echo(f"held out: {looks}")
    (work / "report.json").write_text(json.dumps(asdict(looks)))
    spec = write(made, SPEC, output)
    click.echo(f"{output}: fingerprint {spec.fingerprint}")


if __name__ == "__main__":
    main()
