"""Conversations survive, belong to their owner, and are found again."""

from dataclasses import replace

import pytest
from passages_found import found

from indexer.records import Span
from indexer.store.store import Store
from indexer.store.writes import insert_document
from rag import records
from rag.history import History, UnknownConversationError
from rag.records import Answer, Footnote, Sentence, UnreadableAnswerError, from_json, to_json
from training.evaluation.questions import reader_questions

ANSWER = Answer(
    question="And for Plus?",
    standalone="How high is the Plus deductible?",
    sentences=(Sentence("Plus: $1,000.", "supported", (1,)), Sentence("Übrigens.", "partly", ())),
    footnotes=(Footnote(1, "d1", "Plans", "p.pdf", (2, 3), "$1,000", Span(2, 5, 11), 7),),
    abstained=False,
    confidence=0.75,
    mode="generated",
    hits=tuple(found("Plus has $1,000.", "Standard has $2,000.", headings=("Costs", "Plans"))),
    seconds=0.5,
    notice="broke off",
)


def shelved(folder):
    """A store in which the documents of the answer are."""
    store = Store.open(folder)
    collection = store.create_collection("plans").id
    with store.transaction() as connection:
        for document in ("d1", "d2"):
            record = replace(ANSWER.hits[0].document, id=document, path=document)
            insert_document(connection, replace(record, collection=collection), "en")
    return store


@pytest.fixture
def history(tmp_path):
    return History(shelved(tmp_path))


def test_an_answer_survives_as_json():
    assert from_json(to_json(ANSWER)) == ANSWER
    assert ANSWER.text == "Plus: $1,000.[1] Übrigens."


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"question": 1}', "null"])
def test_a_damaged_answer_is_named(text):
    with pytest.raises(UnreadableAnswerError):
        from_json(text)


def test_a_conversation_survives_a_reload(tmp_path):
    first = History(shelved(tmp_path))
    talk = first.start([1, 2], "How high is\nthe deductible?")
    turn = first.add(talk.id, ANSWER)
    first.rate(turn.id, -1)
    again = History(Store.open(tmp_path))
    assert again.conversation(talk.id).collections == (1, 2)
    assert again.conversation(talk.id).title == "How high is the deductible?"
    assert again.turns(talk.id) == [replace(turn, feedback=-1)]


def test_the_latest_conversation_comes_first(history):
    old, new = history.start([1], "old"), history.start([1], "new")
    assert [talk.id for talk in history.conversations()] == [new.id, old.id]
    history.add(old.id, ANSWER)
    assert [talk.id for talk in history.conversations()] == [old.id, new.id]


def test_search_looks_at_titles_questions_and_answers(history):
    talk, other = history.start([1], "Deductibles"), history.start([1], "Leave")
    history.add(talk.id, ANSWER)
    for text in ("deduct", "FOR PLUS", "$1,000", "üBRIG"):
        assert [found.id for found in history.conversations(text)] == [talk.id]
    assert [found.id for found in history.conversations("leave")] == [other.id]
    assert history.conversations("100%_") == []
    nights = history.start([1], "ÜBERNACHTUNG in Straßburg")
    for text in ("übern", "STRASSB"):
        assert [found.id for found in history.conversations(text)] == [nights.id]


def test_rename_choose_and_delete(history):
    talk = history.start([1], "first")
    history.rename(talk.id, "second")
    history.choose(talk.id, [3])
    assert history.conversation(talk.id).title == "second"
    assert history.conversation(talk.id).collections == (3,)
    history.add(talk.id, ANSWER)
    history.delete(talk.id)
    assert history.conversations() == []
    with pytest.raises(UnknownConversationError):
        history.turns(talk.id)


def test_nobody_touches_another_ones_conversation(tmp_path):
    store = shelved(tmp_path)
    mine, theirs = History(store, "ann"), History(store, "bob")
    talk = mine.start([1], "secret")
    turn = mine.add(talk.id, ANSWER)
    assert theirs.conversations() == []
    for act in (
        lambda: theirs.turns(talk.id),
        lambda: theirs.add(talk.id, ANSWER),
        lambda: theirs.rename(talk.id, "x"),
        lambda: theirs.choose(talk.id, [2]),
        lambda: theirs.delete(talk.id),
        lambda: theirs.rate(turn.id, 1),
    ):
        with pytest.raises(UnknownConversationError):
            act()
    assert mine.turns(talk.id) == [turn]


def test_feedback_is_up_down_or_none(history):
    with pytest.raises(ValueError, match="feedback"):
        history.rate(1, 5)


def test_the_shape_of_an_answer_is_looked_up_once_not_for_each_that_is_read(monkeypatch):
    assert from_json(to_json(ANSWER)) == ANSWER

    def looked_up(_):
        raise AssertionError("again")

    monkeypatch.setattr(records, "get_type_hints", looked_up)
    assert from_json(to_json(ANSWER)) == ANSWER


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"footnotes": [{}]}', '{"footnotes": 3}'])
@pytest.mark.parametrize("readable", [None, {1}])
def test_one_unreadable_answer_costs_itself_and_nothing_else(tmp_path, damage, readable):
    store = shelved(tmp_path)
    history = History(store, readable=None if readable is None else lambda: readable)
    talk = history.start([1], "How high?")
    good, bad = history.add(talk.id, ANSWER), history.add(talk.id, ANSWER)
    with store.transaction() as connection:
        connection.execute("UPDATE turns SET answer = ? WHERE id = ?", (damage, bad.id))

    first, second = history.turns(talk.id)
    assert first == good
    assert second.question == ANSWER.question
    assert "ask the question again" in second.answer.notice
    assert [one.id for one in history.conversations("übrig")] == [talk.id]
    history.rate(bad.id, 1)
    assert reader_questions(store, 1) == []
    store.delete(["d1"])  # the answers that can be read are freed of it
    assert "Plus" not in history.turns(talk.id)[0].answer.text
    assert history.turns(talk.id)[1].answer.sentences == ()
