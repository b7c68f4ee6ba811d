"""Public decoder embedders, with the encoding contracts that their authors publish.

Each is loaded by its hub id, or from a folder that holds the same files. What they add to
a text is on their model cards. Where nothing else is said the last token's state is the vector, an
end-of-text token's where the card says so, or where the base's own tokenizer adds one.
EmbeddingGemma takes the mean and two matrices behind it, which are fetched when it is installed
(`embedder.dense`). Not among them: models that bring code of their own (pplx-embed), which
is never run.
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
    **{
        f"microsoft/harrier-oss-v1-{size}": EmbedderSpec(
            name=f"harrier-oss-v1-{size}",
            base=f"microsoft/harrier-oss-v1-{size}",
            query_template="Instruct: {task}\nQuery: {text}",
            task="Given a web search query, retrieve relevant passages that answer the query",
            append_eos=False,
            max_tokens=8192,
            dimension=dimension,
        )
        for size, dimension in (("270m", 640), ("0.6b", 1024))
    },
    **{
        f"codefuse-ai/F2LLM-v2-{size}": EmbedderSpec(
            name=f"f2llm-v2-{size.lower()}",
            base=f"codefuse-ai/F2LLM-v2-{size}",
            query_template="Instruct: {task}\nQuery: {text}",
            append_eos=False,
            max_tokens=8192,
            dimension=dimension,
        )
        for size, dimension in (("80M", 320), ("160M", 640), ("330M", 896))
    },
    "google/embeddinggemma-300m": EmbedderSpec(
        name="embeddinggemma-300m",
        base="google/embeddinggemma-300m",
        attention="bidirectional",
        pooling="mean",
        query_template="task: {task} | query: {text}",
        passage_template="title: none | text: {text}",
        task="search result",
        append_eos=False,
        max_tokens=2048,
        dimension=768,
    ),
}
# Those with matrices behind the pooling.
WITH_MATRICES = ("google/embeddinggemma-300m",)
