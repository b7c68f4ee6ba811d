"""`EmbedderSpec`: everything that decides which vector a text becomes.

The whole encoding contract travels with the weights and is never retyped: a template or a
pooling that differs between indexing and asking costs a search engine nearly all its quality
and shows no error. Two embedders with one fingerprint give the same vectors; a change of any
field but the name gives another fingerprint, and with it a new generation of vectors.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal, get_args

from embedder.errors import FootnoteError

Attention = Literal["causal", "bidirectional"]
Pooling = Literal["last", "mean", "weighted"]

DEFAULT_TASK = "Given a question, retrieve passages that answer the question"


class SpecError(FootnoteError):
    """A spec that cannot be used; the message names the field and the value."""


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """The encoding contract of one embedder.

    Attributes:
        name: what people call it; not part of the fingerprint.
        base: the decoder: a folder, a hub id, or `package:DISTRIBUTION/FILE.gguf` for
            weights that an installed Python package carries.
        revision: commit of the hub repository, or a content hash of the folder; may be empty.
        layers: how many of the decoder's layers are kept; 0 keeps all.
        attention: `causal` as the decoder was trained, or `bidirectional`.
        pooling: `last` token, `mean`, or `weighted` mean by token (weights in the tensors).
        features: hidden states that are pooled and set side by side, numbered as transformers
            numbers them: 0 the token embeddings, -1 the last one, behind the final norm.
        sink: prepend the beginning-of-text token and leave it out of the pooling. Decoders
            pile a huge vector on whatever comes first (norm 675 against 90 for the others in
            SmolLM2's layer 4), which would drown the text's own.
        query_template: with `{task}` and `{text}`.
        passage_template: with `{text}`.
        task: the task a query is embedded with unless the caller gives another.
        append_eos: end each text with the end-of-text token.
        max_tokens: longer texts are cut, and counted.
        dimension: of the vectors that come out.
        tensors: SHA-256 of the projection file beside the spec (token weights, mean,
            projection), or empty where there is none.
        adapter: SHA-256 of the LoRA adapter beside the spec, or empty.
    """

    name: str
    base: str
    revision: str = ""
    layers: int = 0
    attention: Attention = "causal"
    pooling: Pooling = "last"
    features: tuple[int, ...] = (-1,)
    sink: bool = False
    query_template: str = "Instruct: {task}\nQuery: {text}"
    passage_template: str = "{text}"
    task: str = DEFAULT_TASK
    append_eos: bool = True
    max_tokens: int = 512
    dimension: int = 0
    tensors: str = ""
    adapter: str = ""

    def __post_init__(self) -> None:
        if self.attention not in get_args(Attention):
            raise SpecError(f"attention is {self.attention!r}, not one of {get_args(Attention)}")
        if self.pooling not in get_args(Pooling):
            raise SpecError(f"pooling is {self.pooling!r}, not one of {get_args(Pooling)}")
        if self.pooling == "weighted" and not self.tensors:
            raise SpecError("pooling 'weighted' needs tensors with the token weights")
        if not self.features:
            raise SpecError("features is empty: name at least one hidden state to pool")
        if self.max_tokens < 1 or self.dimension < 1 or self.layers < 0:
            raise SpecError(
                f"max_tokens {self.max_tokens}, dimension {self.dimension} and layers "
                f"{self.layers} must be positive (layers may be 0 for all)"
            )
        for template in (self.query_template, self.passage_template):
            if "{text}" not in template:
                raise SpecError(f"template {template!r} has no {{text}}")

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that name the vector space."""
        contract = asdict(self)
        del contract["name"]
        canonical = json.dumps(contract, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def query(self, text: str, task: str | None = None) -> str:
        """The query as the decoder reads it."""
        return _filled(self.query_template, text, self.task if task is None else task)

    def passage(self, text: str) -> str:
        """The passage as the decoder reads it."""
        return _filled(self.passage_template, text, self.task)

    def to_json(self) -> str:
        """Readable JSON, one field a line."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> EmbedderSpec:
        """Read what `to_json` wrote. Raises `SpecError` for anything else."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:  # numbers of 5,000 digits, too
            raise SpecError(f"the spec is not JSON: {error}") from error
        if not isinstance(values, dict):
            raise SpecError("the spec is not a JSON object")
        unknown = sorted(values.keys() - {field.name for field in fields(cls)})
        if unknown:
            raise SpecError(
                f"the spec has fields this Footnote does not know: {', '.join(unknown)}; "
                "it was written by a newer one, or is no embedder spec"
            )
        try:
            return cls(**{**values, "features": tuple(values.get("features", (-1,)))})
        except (TypeError, ValueError, OverflowError) as error:
            raise SpecError(f"the spec is incomplete: {error}") from error

    @classmethod
    def read(cls, path: Path) -> EmbedderSpec:
        """Read a spec file. Raises `SpecError` naming the file."""
        try:
            return cls.from_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise SpecError(f"{path}: there is no spec here") from error
        except (OSError, UnicodeDecodeError) as error:
            raise SpecError(f"{path}: the spec cannot be read: {error}") from error
        except SpecError as error:
            raise SpecError(f"{path}: {error}") from error


def _filled(template: str, text: str, task: str) -> str:
    """Fill a template in one pass: braces in a person's text are text."""
    values = {"{task}": task, "{text}": text}
    return re.sub(r"\{task\}|\{text\}", lambda found: values[found.group()], template)
