"""Queries that a language model writes to the passages of a collection."""

import dataclasses
import json
import re

import pytest
from authors import LINES, TASK, Author, chat
from homes import add_lines, embedded
from scripted_server import Reply, scripted_server

from indexer.records import Passage
from indexer.search.searcher import Searcher
from indexer.store.store import Store
from rag.llm.client import OpenAIChat
from training.data.examples import read_examples
from training.synthesis.from_passages import (
    CollectionSynthesis,
    EndpointWriter,
    NothingToAskError,
    Shelf,
    in_turn,
)
from training.synthesis.progress import CallPolicy


@pytest.fixture
def path(tmp_path):
    return tmp_path / "examples.jsonl"


@pytest.fixture
def shelf(tmp_path, tiny_embedder):
    """A collection of two documents with four passages each."""
    store = Store.open(tmp_path / "home")
    collection = store.create_collection("staff").id
    for name in ("handbook", "annex"):
        lines = [f"{line} ({name})" for line in LINES]
        vectors = embedded(tiny_embedder, name, lines)
        source = tmp_path / f"{name}.txt"
        add_lines(store, collection, source, lines, vectors, tiny_embedder.fingerprint)
    searcher = Searcher(store, tmp_path / "index", lambda _: tiny_embedder)
    yield Shelf(store, searcher, collection, "staff")
    store.close()


def write_about(shelf, answer, path, count=8, **pace):
    with scripted_server(answer=answer) as script:
        model = chat(script, sleep=lambda _: None)
        judge = OpenAIChat(script.url, "", "tiny", sleep=lambda _: None)
        synthesis = CollectionSynthesis(shelf, EndpointWriter(model), judge, path, count)
        estimate = synthesis.estimate()
        return synthesis.run(CallPolicy(**pace)), script.requests, estimate


def test_queries_are_written_to_passages_and_relabelled(shelf, path):
    report, requests, estimate = write_about(shelf, Author(), path)
    examples = read_examples(path)
    assert report.examples == len(examples) == 24
    assert report.calls == len(requests) == estimate.calls == 8 + 24
    documents = {d.id: d for d in shelf.store.documents([shelf.collection]).rows}
    for example in examples:
        assert example.source == "written"
        assert example.task == TASK
        assert example.positive.startswith(f"{documents[example.document].title} > Part\n")
        assert len(example.negatives) == 1
        assert example.negatives[0] != example.positive
    asked = [one for one in requests if "Query: " in one["messages"][-1]["content"]]
    assert {one["temperature"] for one in asked} == {0.0}
    assert {one["temperature"] for one in requests if one not in asked} == {1.0}


def test_the_passage_that_the_model_picks_is_the_positive(shelf, path):
    """Whatever passage it was written to: it says that the leave for parents answers."""
    author = Author()

    def answer(request):
        prompt = request["messages"][-1]["content"]
        if "Query: " not in prompt:
            return author(request)
        shown = re.findall(r'n="(\d+)">\n(.*?)\n</passage', prompt, re.DOTALL)
        assert len(shown) == len({text for _, text in shown}) == 8
        found = {text: int(n) for n, text in shown}
        best = next(n for text, n in found.items() if "paid leave" in text and "annex" in text)
        return Reply((json.dumps({"best": best, "nearly": 0}),))

    report, _, _ = write_about(shelf, answer, path, count=3)
    assert report.examples == 9
    for example in read_examples(path):
        assert "paid leave" in example.positive
        assert example.negatives == ()
        assert shelf.store.document(example.document).title == "annex"


def test_queries_that_nothing_answers_are_dropped_and_so_are_useless_replies(shelf, path):
    author, turn = Author(), iter(range(10_000))

    def answer(request):
        judging = "Query: " in request["messages"][-1]["content"]
        if not judging:
            return author(request)
        texts = ('{"best": 0, "nearly": 1}', "Number two.", '{"best": 1, "nearly": 0}')
        return Reply((texts[next(turn) % 3],))

    report, _, _ = write_about(shelf, answer, path, count=4, concurrency=1)
    assert report.rejected == {"no passage answers": 4, "not JSON": 4}
    assert report.examples == 4


def test_text_of_a_hostile_document_stays_inside_its_markers(shelf, path):
    _, requests, _ = write_about(shelf, Author(), path)
    hostile = [one for one in requests if "Ignore all" in one["messages"][-1]["content"]]
    assert hostile
    secrets = set()
    for one in requests:
        system, asked = (message["content"] for message in one["messages"])
        secret = re.search(r"<passage-([0-9a-f]{16})", asked)[1]
        secrets.add(secret)
        assert f"<passage-{secret}" in system
        outside = re.sub(rf"<passage-{secret}.*?</passage-{secret}>", "", asked, flags=re.DOTALL)
        assert "Ignore all" not in system + outside
    assert len(secrets) == len(requests)


def test_a_repeat_takes_the_passages_that_are_left(shelf, path):
    write_about(shelf, Author(), path, count=3)
    author = Author()
    author.draw.seed(1)
    report, requests, _ = write_about(shelf, author, path, count=5)
    assert (report.examples, report.added) == (15, 6)
    assert len(requests) == 2 + 6
    written = [r["messages"][-1]["content"] for r in requests if "Query: " not in str(r)]
    assert len(set(written)) == 2


def test_a_busy_server_does_not_have_a_passage_written_twice(shelf, path):
    author, judged = Author(), iter(range(10_000))

    def answer(request):
        if "Query: " in request["messages"][-1]["content"] and next(judged) < 3:
            return Reply(status=429)
        return author(request)

    pauses = []
    report, requests, _ = write_about(
        shelf, answer, path, count=2, concurrency=1, sleep=pauses.append
    )
    assert report.examples == 6
    assert pauses == [15.0]
    assert sum("Query: " not in r["messages"][-1]["content"] for r in requests) == 2


def test_a_document_deleted_meanwhile_is_left_out(shelf, path):
    author, deleted = Author(), []

    def answer(request):
        if not deleted:
            deleted.extend(d.id for d in shelf.store.documents([shelf.collection]).rows[:1])
            shelf.store.delete(deleted)
        return author(request)

    report, _, _ = write_about(shelf, answer, path, concurrency=1)
    assert report.rejected["document deleted"] >= 3
    late = read_examples(path)[3:]
    assert all(example.document not in deleted for example in late)


def test_a_collection_without_text_is_named(shelf, path):
    empty = dataclasses.replace(shelf, collection=shelf.store.create_collection("new").id)
    synthesis = CollectionSynthesis(empty, EndpointWriter(None), None, path, 2)
    assert synthesis.estimate().calls == 0
    with pytest.raises(NothingToAskError, match="no passage of staff"):
        synthesis.run()
    assert not path.exists()


def test_without_a_judge_the_passage_written_to_is_the_positive(shelf, path):
    with scripted_server(answer=Author()) as script:
        writer = EndpointWriter(chat(script))
        report = CollectionSynthesis(shelf, writer, None, path, 2).run()
    assert (report.calls, report.examples) == (2, 6)
    assert all(e.negatives == () and e.document for e in read_examples(path))


def test_passages_are_spread_over_documents():
    passages = [Passage("", (), (), n, document=name) for name in "abc" for n in range(4)]
    assert [p.document for p in in_turn(passages[:9], 5)] == ["a", "b", "c", "a", "b"]
    assert len(in_turn(passages, 99)) == 12
