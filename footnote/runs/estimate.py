"""How long a training run will take here: measured on a few passages, then multiplied.

The pace is measured once for each embedder and kept in the home, because it takes some ten
seconds. What an estimate cannot know is how busy the machine will be, and whether training
ends early because nothing improves any more; hence its two ends.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

from embedder.atomic import write_text
from indexer.search.pool import POOL
from training.data.split import SplitPassage
from training.data.weak_pairs import weak_examples
from training.evaluation.asking import QUERIES
from training.pipeline import (
    DEVELOPMENT,
    DEVELOPMENT_POOL,
    PROVED_BY,
    WEAK,
    WEAK_OF_QUERIES,
    WRITTEN_TO,
)
from training.writer.questions import A_PASSAGE, KIND, asked_about

if TYPE_CHECKING:
    from torch import Tensor

    from embedder.model import Embedder
    from footnote.home import Home
    from indexer.store.store import Store
    from training.fit.config import Recipe

# Passages that the pace is measured on, and those that stand for the collection.
_MEASURED, _SAMPLE = 24, 200
_QUERY_WORDS = 10
# Loading and converting weights, sealing the index: what does not grow with anything here.
_FIXED_SECONDS = 20.0
# Pseudo-queries that the trust is fitted on, in the proof (with its own) and at the switch.
_FITTING = 200
# The shares of a collection that are trained on and that the proof asks about.
_TRAINED, _PROVED = 0.7, 0.2
# Fitting a map of queries: passages among which, seconds a question and passage on one core.
_FIT_AMONG, _FIT_SECONDS = 3000, 1.5e-5
# The writer's questions to a passage take as long as embedding so many tokens with the bundled
# embedder, measured on two cores; a search takes so many seconds beside its question's vector.
_WRITING_TOKENS, _SEARCH_SECONDS = 2500, 0.03
# How far apart the ends are, for what else the machine does.
_AT_BEST, _AT_WORST = 0.8, 1.4
_FILE = "pace.json"


@dataclass(frozen=True, slots=True)
class Pace:
    """Tokens a second: embedding as for the index, and the student without and with gradients."""

    embedding: float
    looking: float
    learning: float


@dataclass(frozen=True, slots=True)
class Size:
    """What there is to do. `examples` are still to be made; tokens are means a text.

    `asked_about` are the passages that the question writer is still to ask about, to learn from
    and to prove with.
    """

    passages: int
    examples: int
    passage_tokens: float
    query_tokens: float
    asked_about: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds, by step of the page; training from its earliest end to its last step."""

    examples: float
    training: tuple[float, float]
    proof: float
    switch: float

    @property
    def total(self) -> tuple[float, float]:
        """Everything, at best and at worst."""
        rest = self.examples + self.proof + self.switch + _FIXED_SECONDS
        return (_AT_BEST * (rest + self.training[0]), _AT_WORST * (rest + self.training[1]))


def sample(store: Store, collection: int) -> list[SplitPassage]:
    """Some passages of a collection, with what they are found under."""
    passages = store.sample_passages(collection, _SAMPLE)
    languages = store.document_languages({passage.document for passage in passages})
    titles = {name: store.document(name).title for name in languages}
    return [
        SplitPassage(one, titles[one.document], languages[one.document], one.document)
        for one in passages
        if one.document in titles
    ]


def pace(
    home: Home, embedder: Embedder, sources: Sequence[SplitPassage], *, again: bool = False
) -> Pace:
    """The pace of an embedder on this machine: known from before, or measured and kept."""
    found = known_pace(home, embedder)
    if found is None or again:
        found = measure(embedder, [source.text for source in sources[:_MEASURED]])
        kept = _kept(home) | {embedder.fingerprint: asdict(found)}
        write_text(home.path / _FILE, json.dumps(kept))
    return found


def known_pace(home: Home, embedder: Embedder) -> Pace | None:
    """The pace that was measured before, if it was."""
    values = _kept(home).get(embedder.fingerprint)
    return Pace(**values) if values else None


def _kept(home: Home) -> dict[str, dict[str, float]]:
    path = home.path / _FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def measure(embedder: Embedder, passages: Sequence[str]) -> Pace:
    """Embed these passages, and take one step of training on them that is thrown away."""
    import torch

    from training.fit.config import Recipe
    from training.fit.grad_cache import accumulate, chunked, encoded
    from training.fit.student import Student

    recipe = Recipe()
    embedder.embed_passages(passages[:1])  # loads the weights
    student = Student(embedder, recipe, torch.device(embedder.compute.device))
    queries = student.query_ids([_query(text) for text in passages], [""] * len(passages))
    ids = student.passage_ids(passages)
    chunks = chunked(queries, ids, embedder.compute.tokens_a_batch)
    tokens = sum(chunk.tokens for chunk in chunks)
    began = time.perf_counter()
    embedder.embed_passages(passages)
    embedding = sum(map(len, ids)) / (time.perf_counter() - began)
    with torch.inference_mode():
        began = time.perf_counter()
        encoded(student.encode, chunks, seed=0)
        looking = tokens / (time.perf_counter() - began)
    student.encoder.train()
    began = time.perf_counter()
    accumulate(student.encode, chunks, partial(_loss, len(passages), recipe.temperature), seed=0)
    return Pace(embedding, looking, tokens / (time.perf_counter() - began))


def size(
    home: Home,
    collection: int,
    embedder: Embedder,
    kinds: Sequence[str],
    made: int | None = None,
    *,
    learns: bool = True,
) -> Size:
    """What there is to do in a collection; `made` examples are there already.

    Where nothing is learnt, only what the proof asks is asked.
    """
    sources = sample(home.store, collection)
    texts = [source.text for source in sources]
    limit = embedder.max_tokens
    passages = home.store.count_passages(collection)
    found = len(weak_examples(sources, kinds)) / max(len(sources), 1) * passages * _TRAINED
    able = asked_about(sources, len(sources), 0) if KIND in kinds else []
    share = len(able) / max(len(sources), 1)
    taught = min(WRITTEN_TO, _TRAINED * share * passages) if learns else 0
    proved = min(PROVED_BY, _PROVED * share * passages)
    return Size(
        asked_about=(round(taught), round(proved)) if made is None else (0, 0),
        passages=passages,
        examples=round(min(found, WEAK)) if made is None else 0,
        passage_tokens=_mean([min(n, limit) for n in embedder.count_tokens(texts)]),
        query_tokens=_mean(
            embedder.count_tokens([embedder.spec.query(_query(text), None) for text in texts])
        ),
    )


def estimate(pace: Pace, size: Size, recipe: Recipe) -> Estimate:
    """Multiply: how many texts of how many tokens each part of a run has to read, at this pace."""
    pair = size.passage_tokens + size.query_tokens
    asked = min(QUERIES + QUERIES // 2, size.passages)
    pool = min(POOL, size.passages)
    fitting = min(_FITTING, size.passages)
    if recipe.queries_alone:
        return _of_queries(pace, size, asked, fitting)
    if not recipe.learns:  # vectors are mapped: only questions go through the decoder
        asking = size.query_tokens / pace.embedding
        proof = _writing(pace, size) + 2 * asked * asking
        return Estimate(0.0, (0.0, 0.0), proof, fitting * asking)
    rest = max(0, size.passages - POOL) * size.passage_tokens
    shortest = recipe.patience * recipe.evaluate_every
    return Estimate(
        examples=_writing(pace, size) + size.examples * pair / pace.embedding,
        training=(
            _training(pace, size, recipe, min(recipe.steps, shortest)),
            _training(pace, size, recipe, recipe.steps),
        ),
        proof=(pool * size.passage_tokens + 2 * asked * pair) / pace.embedding,
        switch=(rest + fitting * pair) / pace.embedding,
    )


def _of_queries(pace: Pace, size: Size, asked: int, fitting: int) -> Estimate:
    """Only queries go through the decoder; the fit is products of vectors."""
    asking = size.query_tokens / pace.embedding
    written = size.asked_about[0] * A_PASSAGE
    examples = written or min(size.examples, WEAK_OF_QUERIES)
    teaching = written * (asking + _SEARCH_SECONDS)
    proved = size.asked_about[1] * A_PASSAGE
    cut_out = asked * (asking + size.passage_tokens / pace.embedding)
    products = examples * min(size.passages, _FIT_AMONG) * _FIT_SECONDS
    return Estimate(
        examples=_writing(pace, size) + examples * asking,
        training=(teaching + examples * asking, teaching + examples * asking + products),
        proof=2 * (proved * asking or cut_out),
        switch=fitting * asking,
    )


def _writing(pace: Pace, size: Size) -> float:
    """Seconds that the question writer asks."""
    return sum(size.asked_about) * _WRITING_TOKENS / pace.embedding


def _training(pace: Pace, size: Size, recipe: Recipe, steps: int) -> float:
    """Seconds of so many steps, and of the looks at the development part between them."""
    texts = size.query_tokens + (1 + recipe.negatives) * size.passage_tokens
    step = recipe.batch * texts
    seconds = step / pace.learning
    if step > recipe.tokens_in_memory:  # gradient caching reads everything once more
        seconds += step / pace.looking
    sought = min(DEVELOPMENT_POOL + DEVELOPMENT, size.passages)
    look = sought * size.passage_tokens + min(DEVELOPMENT, size.passages) * size.query_tokens
    return steps * seconds + (1 + steps // recipe.evaluate_every) * look / pace.looking


def _loss(count: int, temperature: float, vectors: Tensor) -> Tensor:
    import torch

    from training.fit.loss import info_nce

    positive = torch.arange(count, device=vectors.device)
    return info_nce(vectors[:count], vectors[count:], positive, temperature)


def _query(text: str) -> str:
    return " ".join(text.split()[:_QUERY_WORDS])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(len(values), 1)
