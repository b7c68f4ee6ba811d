"""OpenAI's `/v1/models` and `/v1/embeddings`, and what the names of models mean here.

`footnote` answers from all that you may read, `footnote:NAME` from one collection; both embed as
that collection's vectors were made. An embedder is a model under its own name, too.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from fastapi import APIRouter
from pydantic import BaseModel, Field

from embedder.registry import BUNDLED
from footnote.access import Access
from footnote.api.caller import Caller
from footnote.api.errors import RequestError

if TYPE_CHECKING:
    import numpy as np

    from embedder.model import Embedder, Side

router = APIRouter(prefix="/v1", tags=["OpenAI's shapes"])
ALL = "footnote"  # the model that stands for all collections
_ONE = f"{ALL}:"
_SIDES: dict[str, Side] = {"query": "queries", "passage": "passages"}
_INPUTS = 2048  # OpenAI's own limit
_CHARACTERS = 4 << 20  # of all texts together: some minutes of two cores

InputType = Literal["query", "passage", "search_query", "search_document", "document"]


class Model(BaseModel):
    """A model as OpenAI lists it."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "footnote"


class Models(BaseModel):
    """All models that you may use."""

    object: Literal["list"] = "list"
    data: list[Model]


class Embeddings(BaseModel):
    """Texts to embed, as OpenAI takes them, and on which side they stand."""

    model: str = Field(description="An embedder, `footnote:NAME`; with `:query` for questions.")
    input: str | list[str] | list[int] | list[list[int]]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(None, ge=1)
    input_type: InputType | None = Field(None, description="Default: passage.")


class Embedding(BaseModel):
    """The vector of one text; base64 of little-endian float32 where that was asked for."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class Usage(BaseModel):
    """Tokens, of which OpenAI's clients want to read."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class EmbeddingList(BaseModel):
    """The vectors, in the order of the texts; unit length."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: Usage


@router.get("/models")
def models(access: Caller) -> Models:
    """List the models: all collections, each collection, the embedders."""
    names = [ALL, *(_ONE + one.name for one in access.collections()), *access.asking.embedders()]
    return Models(data=[Model(id=name) for name in names])


@router.get("/models/{model:path}")
def model(model: str, access: Caller) -> Model:
    """One model."""
    if model not in access.asking.embedders():
        collections_of(model, access)
    return Model(id=model)


@router.post("/embeddings")
def embeddings(wanted: Embeddings, access: Caller) -> EmbeddingList:
    """Embed texts: passages as they are indexed, or queries as they are searched."""
    texts = _texts(wanted)
    embedder, side = _embedder(wanted, access)
    embed = embedder.embed_queries if side == "queries" else embedder.embed_passages
    vectors = _cut(embed(texts), wanted.dimensions)
    tokens = sum(embedder.count_tokens(texts))
    data = [
        Embedding(index=place, embedding=_written(vector, wanted.encoding_format))
        for place, vector in enumerate(vectors)
    ]
    usage = Usage(prompt_tokens=tokens, total_tokens=tokens)
    return EmbeddingList(data=data, model=wanted.model, usage=usage)


def collections_of(model: str, access: Access) -> frozenset[int] | None:
    """The collections that a model answers from; None for all. Raises `RequestError`."""
    if model == ALL:
        return None
    name = model.removeprefix(_ONE)
    if model.startswith(_ONE) and name in {one.name for one in access.collections()}:
        return access.named([name])
    raise _unknown(model)


def _embedder(wanted: Embeddings, access: Access) -> tuple[Embedder, Side]:
    """The embedder that a model names, and the side that its suffix or the field does."""
    name, _, suffix = wanted.model.rpartition(":")
    whole = _named(wanted.model, access)
    found = whole or (_named(name, access) if suffix in _SIDES else None)
    if found is None:
        raise _unknown(wanted.model)
    side: Side = "passages" if whole else _SIDES[suffix]
    if wanted.input_type:
        side = "queries" if "query" in wanted.input_type else "passages"
    return found, side


def _named(name: str, access: Access) -> Embedder | None:
    if name == ALL:
        return access.asking.embedder(BUNDLED)
    if name in access.asking.embedders():
        return access.asking.embedder(name)
    collection = name.removeprefix(_ONE)
    there = name.startswith(_ONE) and collection in {one.name for one in access.collections()}
    return access.asking.embedder_of(collection) if there else None


def _unknown(model: str) -> RequestError:
    return RequestError(
        f"there is no model {model!r} that you may use; GET /v1/models lists them", 404, "model"
    )


def _texts(wanted: Embeddings) -> list[str]:
    given = [wanted.input] if isinstance(wanted.input, str) else wanted.input
    if not given or not all(isinstance(text, str) for text in given):
        raise RequestError(
            "send texts to embed: numbers of tokens, of a tokenizer that is not known, cannot be"
            " (LangChain sends texts with check_embedding_ctx_length=False)",
            param="input",
        )
    texts = cast("list[str]", given)
    if len(texts) > _INPUTS:
        raise RequestError(
            f"at most {_INPUTS} texts are embedded at once, these are {len(texts)}", param="input"
        )
    if sum(map(len, texts)) > _CHARACTERS:
        raise RequestError(
            f"these texts have more than {_CHARACTERS:,} characters together; send fewer at once",
            413,
            "input",
        )
    return [text.encode(errors="replace").decode() for text in texts]


def _cut(vectors: np.ndarray, dimensions: int | None) -> np.ndarray:
    """The first so many dimensions, of unit length again."""
    import numpy as np

    width = vectors.shape[1]
    if dimensions is None or dimensions == width:
        return vectors
    if dimensions > width:
        raise RequestError(f"this model has {width} dimensions", param="dimensions")
    cut = vectors[:, :dimensions]
    return cut / np.maximum(np.linalg.norm(cut, axis=1, keepdims=True), 1e-12)


def _written(vector: Sequence[float], encoding: str) -> Any:
    import numpy as np

    array = np.asarray(vector, dtype="<f4")
    if encoding == "base64":
        return base64.b64encode(array.tobytes()).decode()
    return array.tolist()
