"""OpenAI's shapes, by OpenAI's own client over a socket."""

import base64

import numpy as np
import openai
import pytest

from footnote.api.errors import RequestError
from footnote.api.openai_chat import NO_ANSWER, Message, talk
from tests.api_server import client, served
from tests.scripted_server import Reply, scripted_server

TEXTS = ["Paid leave is sixteen weeks.", "The premium is paid every month.", "a"]
LEAVE = [{"role": "user", "content": "How many weeks of paid leave are there?"}]


@pytest.fixture
def ai(home):
    with served() as address:
        yield openai.OpenAI(base_url=f"{address}/v1", api_key="unused", max_retries=0)


def test_the_models_are_collections_and_embedders(ai):
    names = [model.id for model in ai.models.list()]
    assert names[:3] == ["footnote", "footnote:board", "footnote:policies"]
    assert {"bundled", "tiny"} <= set(names)
    assert ai.models.retrieve("footnote:policies").owned_by == "footnote"
    with pytest.raises(openai.NotFoundError, match="GET /v1/models"):
        ai.models.retrieve("gpt-5")


@pytest.mark.parametrize("encoding", [{}, {"encoding_format": "float"}])
@pytest.mark.parametrize("model", ["footnote:policies", "tiny"])
def test_embeddings_are_the_librarys_own(ai, home, model, encoding):
    got = ai.embeddings.create(model=model, input=TEXTS, **encoding)
    vectors = np.array([one.embedding for one in got.data], np.float32)
    np.testing.assert_array_equal(vectors, home.embedder.embed_passages(TEXTS))
    assert got.usage.prompt_tokens == sum(home.embedder.count_tokens(TEXTS))


def test_queries_are_embedded_as_they_are_searched(ai, home, tmp_path, tiny_embedder, monkeypatch):
    from dataclasses import replace

    # The tiny embedder has the same template on both sides; one that has two shows the side.
    spec = replace(tiny_embedder.spec, name="sides", query_template="Query: {text}")
    folder = tmp_path / "sides"
    folder.mkdir()
    for path in tiny_embedder.files.folder.glob("*.safetensors"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "spec.json").write_text(spec.to_json())
    home.registry.install("sides", folder)
    sides = home.registry.load("sides")

    def vector(model, **more):
        return np.array(ai.embeddings.create(model=model, input="leave", **more).data[0].embedding)

    query, passage = sides.embed_queries(["leave"])[0], sides.embed_passages(["leave"])[0]
    assert np.abs(query - passage).max() > 0.01
    np.testing.assert_allclose(vector("sides:query"), query, atol=1e-6)
    np.testing.assert_allclose(vector("sides:passage"), passage, atol=1e-6)
    np.testing.assert_allclose(vector("sides"), passage, atol=1e-6)
    np.testing.assert_allclose(
        vector("sides", extra_body={"input_type": "query"}), query, atol=1e-6
    )


def test_fewer_dimensions_are_the_first_ones_at_unit_length(ai, home):
    short = np.array(
        ai.embeddings.create(model="tiny", input="a b", dimensions=8).data[0].embedding
    )
    whole = home.embedder.embed_passages(["a b"])[0][:8]
    np.testing.assert_allclose(short, whole / np.linalg.norm(whole), rtol=1e-5)
    with pytest.raises(openai.BadRequestError, match="64 dimensions"):
        ai.embeddings.create(model="tiny", input="a", dimensions=65)


def test_base64_is_little_endian_float32(home):
    wanted = {"model": "tiny", "input": "a", "encoding_format": "base64"}
    sent = client().post("/v1/embeddings", json=wanted).json()["data"][0]["embedding"]
    vector = np.frombuffer(base64.b64decode(sent), "<f4")
    np.testing.assert_array_equal(vector, home.embedder.embed_passages(["a"])[0])


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"model": "tiny", "input": [[1, 2, 3]]}, "check_embedding_ctx_length"),
        ({"model": "tiny", "input": [1, 2, 3]}, "check_embedding_ctx_length"),
        ({"model": "tiny", "input": []}, "Send texts"),
        ({"model": "text-embedding-3-small", "input": "a"}, "GET /v1/models"),
        ({"model": "footnote:nothing", "input": "a"}, "GET /v1/models"),
        ({"model": "tiny", "input": ["a" * 3_000_000, "a" * 3_000_000]}, "at once"),
        ({"model": "tiny", "input": ["a"] * 2049}, "2048"),
    ],
)
def test_what_cannot_be_embedded_is_said(home, wanted, said):
    response = client().post("/v1/embeddings", json=wanted)
    assert response.status_code in (400, 404, 413, 422)
    assert said in response.json()["error"]["message"]


def test_a_conversation_is_answered_with_footnotes(ai, home):
    done = ai.chat.completions.create(model="footnote:policies", messages=LEAVE)
    content = done.choices[0].message.content
    assert "sixteen weeks for every employee.[^1]" in content
    assert "\n\n[^1]: leave, page 1: “" in content
    beside = done.model_extra
    assert beside["footnotes"][0]["quote"] in content
    assert beside["sentences"][0]["verdict"] == "supported"
    assert beside["abstained"] is False
    assert done.choices[0].finish_reason == "stop"


def test_a_stream_comes_to_the_same(ai):
    whole = ai.chat.completions.create(model="footnote", messages=LEAVE)
    options = {"include_usage": True}
    chunks = list(
        ai.chat.completions.create(
            model="footnote", messages=LEAVE, stream=True, stream_options=options
        )
    )
    pieces = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert pieces[0].role == "assistant"
    assert "".join(piece.content or "" for piece in pieces) == whole.choices[0].message.content
    last = next(chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason)
    assert last.model_extra["footnotes"] == whole.model_extra["footnotes"]
    assert chunks[-1].usage.total_tokens == 0


def test_where_the_documents_hold_no_answer_it_says_so(ai):
    asked = [{"role": "user", "content": "What is the capital of Mongolia?"}]
    done = ai.chat.completions.create(model="footnote", messages=asked)
    assert done.choices[0].message.content.startswith(NO_ANSWER)
    assert done.model_extra["abstained"] is True


def test_what_a_model_is_writing_streams_before_it_is_checked(home, monkeypatch):
    reply = Reply(("Leave is ", "sixteen weeks [1]. ", "It is unlimited [1]."))
    with scripted_server(reply) as script:
        monkeypatch.setenv("OPENAI_BASE_URL", script.url)
        monkeypatch.setenv("FOOTNOTE_MODEL", "scripted")
        monkeypatch.setattr("footnote.web.server.shared_home._open", type(home).open)
        wanted = {"model": "footnote:policies", "messages": LEAVE, "stream": True}
        text = client().post("/v1/chat/completions", json=wanted).text
    drafted, said = text.find('"reasoning_content": "Leave is'), text.find('"content": "Leave is')
    assert 0 < drafted < said
    assert "It is unlimited" in text
    assert "(not supported)" in text[said:]


def test_documents_markup_does_nothing_where_an_answer_is_drawn(home, tmp_path):
    from indexer.ingest.sources import find

    trap = tmp_path / "trap.txt"
    trap.write_text(
        "The password rule ![x](https://evil.example/?q=1) <img src=x> is twelve signs."
    )
    home.index(find([trap]), "policies")
    wanted = {"model": "footnote", "messages": [{"role": "user", "content": "Password rule?"}]}
    done = client().post("/v1/chat/completions", json=wanted).json()
    content = done["choices"][0]["message"]["content"]
    assert "![x](" not in content
    assert "<img" not in content.replace("\\<img", "")


def test_a_conversation_as_it_is_understood():
    said = [
        Message(role="system", content="Be brief."),
        Message(role="user", content="Old?"),
        Message(role="assistant", content="Yes.[^1] No.[^2]\n\n[^1]: a: “b”\n\n[^2]: c: “d”"),
        Message(role="user", content=[{"type": "text", "text": "New?"}, {"type": "image_url"}]),
    ]
    assert talk(said) == ("New?\n", [("Old?", "Yes. No.")])
    for none in ([], said[:1], said[:3]):
        with pytest.raises(RequestError, match="user's question"):
            talk(none)


@pytest.mark.parametrize("llm", [False, True])
def test_as_a_table_please_cites_this_turns_passages_alone(home, monkeypatch, llm):
    """Elsewhere (Open WebUI) a follow-up cited passages of the turn before, or none at all."""
    wanted = {
        "model": "footnote",
        "messages": [
            {"role": "user", "content": "Who pays the premium every month?"},
            {"role": "assistant", "content": "The employer.[^1]\n\n[^1]: premium, page 1: “x”"},
            {"role": "user", "content": "As a table, please"},
        ],
    }
    reply = Reply(("| who | how often |\n|---|---|\n| the employer | every month [1] [7] |",))
    with scripted_server(reply) as script:
        if llm:
            monkeypatch.setenv("OPENAI_BASE_URL", script.url)
            monkeypatch.setattr("footnote.web.server.shared_home._open", type(home).open)
        read = []
        from footnote.access.asking import Asking

        ask = Asking.ask
        monkeypatch.setattr(Asking, "ask", lambda *a: read.append(ask(*a)) or read[-1])
        done = client().post("/v1/chat/completions", json=wanted).json()
    hits = {hit.passage.id for hit in read[0].hits}
    cited = {note["passage"] for note in done["footnotes"]}
    assert cited <= hits
    numbers = {n for sentence in done["sentences"] for n in sentence["footnotes"]}
    assert numbers == {note["n"] for note in done["footnotes"]}
