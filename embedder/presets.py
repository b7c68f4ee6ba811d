"""Public decoder embedders, with the encoding contracts that their authors publish.

Each is loaded by its hub id, or from a folder that holds the same files. What they add to
a text is on their model cards; both end a text with an end-of-text token whose last state is
the vector.
"""

from __future__ import annotations

from embedder.spec import EmbedderSpec

PRESETS: dict[str, EmbedderSpec] = {
    "intfloat/e5-mistral-7b-instruct": EmbedderSpec(
        name="e5-mistral-7b-instruct",
        base="intfloat/e5-mistral-7b-instruct",
        query_template="Instruct: {task}\nQuery: {text}",
        max_tokens=4096,
        dimension=4096,
    ),
    "Qwen/Qwen3-Embedding-0.6B": EmbedderSpec(
        name="qwen3-embedding-0.6b",
        base="Qwen/Qwen3-Embedding-0.6B",
        query_template="Instruct: {task}\nQuery:{text}",
        max_tokens=8192,
        dimension=1024,
    ),
}
