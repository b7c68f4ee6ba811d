"""Questions answered from a real home: files → store → search → cited answer."""

from dataclasses import replace

import numpy as np
import pytest
from scripted_server import Reply, scripted_server

from embedder.registry import UnknownEmbedderError
from indexer.ingest.ingest import Ingest
from indexer.ingest.sources import find
from indexer.search.searcher import Scope, Searcher, SearchResult
from indexer.store.store import Store
from rag.answer import UNHELD, Answerer, EmptyQuestionError
from rag.evidence.retrieve import retrieve
from rag.explain import NothingExpectedError, explain, knowing
from rag.history import History
from rag.judges import Judges
from rag.llm.client import OpenAIChat
from rag.records import Turn, from_json, to_json

WARRANTY = """# Warranty terms

The warranty of the Kestrel anemometer lasts three years from the date of purchase. It covers
bearings and electronics. Damage by lightning is not covered by the warranty.

| Model | Price | Weight |
| --- | --- | --- |
| Kestrel | 249 euros | 410 grams |
| Osprey | 389 euros | 650 grams |
"""
LEAVE = """# Leave policy

Full-time staff receive 28 days of paid leave a year. Part-time staff receive a share of that in
proportion to their hours. Leave is requested from the team lead two weeks ahead.
"""
SECRET = "# Board minutes\n\nThe takeover of Swan Instruments will cost nine million euros."


@pytest.fixture(scope="module")
def home(tmp_path_factory, tiny_embedder):
    """A store with a public and a private collection, and its searcher."""
    folder = tmp_path_factory.mktemp("answers")
    store = Store.open(folder / "home")
    for name, texts in {"public": [WARRANTY, LEAVE], "private": [SECRET]}.items():
        files = folder / name
        files.mkdir()
        for number, text in enumerate(texts):
            (files / f"{number}.md").write_text(text)
        ingest = Ingest(store, tiny_embedder)
        ingest.run(find([files]), store.create_collection(name).id)
    return store, Searcher(store, folder / "index", lambda fingerprint: tiny_embedder)


def scope_of(store, *names):
    return Scope(frozenset(store.collection(name).id for name in names))


def ask(home, question, *names, llm=None, **more):
    store, searcher = home
    scope = scope_of(store, *(names or ("public",)))
    return Answerer(searcher, store, llm).ask(question, scope, **more)


def check_quotes(home, answer):
    """Every footnote's quote stands verbatim at its span, and every number has its footnote."""
    store, _ = home
    for note in answer.footnotes:
        text = store.page(note.document, note.span.page).text
        assert text[note.span.start : note.span.end] == note.quote
        assert note.pages[0] <= note.span.page <= note.pages[1]
    numbers = [note.n for note in answer.footnotes]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {n for sentence in answer.sentences for n in sentence.footnotes} == set(numbers)


def test_an_extractive_answer_quotes_with_footnotes(home):
    told = []
    answer = ask(home, "How long does the warranty of the Kestrel last?", on_text=told.append)
    assert "three years" in answer.text
    assert answer.mode == "extractive"
    assert all(s.verdict == "supported" and s.footnotes for s in answer.sentences)
    assert answer.footnotes[0].title == "Warranty terms"
    assert "three years" in "".join(told)
    assert from_json(to_json(answer)) == answer
    check_quotes(home, answer)


def test_a_table_row_answers_with_its_header(home):
    answer = ask(home, "What is the weight of the Osprey?")
    assert "Weight: 650 grams" in answer.text
    check_quotes(home, answer)


def test_what_the_documents_do_not_hold_is_refused(home):
    answer = ask(home, "Who painted the Mona Lisa?")
    assert answer.abstained
    assert answer.sentences == answer.footnotes == ()
    assert answer.text == ""


def test_other_collections_are_out_of_reach(home):
    question = "What will the takeover of Swan Instruments cost?"
    assert "nine million" in ask(home, question, "private").text
    answer = ask(home, question, "public")
    assert "Swan" not in to_json(answer).replace(question, "")


def test_no_collection_no_answer(home):
    store, searcher = home
    answer = Answerer(searcher, store, None).ask("What is leave?", Scope(frozenset()))
    assert answer.abstained
    assert answer.hits == ()


def test_an_empty_question_is_refused_by_name(home):
    with pytest.raises(EmptyQuestionError):
        ask(home, "  ")


def test_a_follow_up_in_a_kept_conversation(home):
    store, _ = home
    history = History(store)
    talk = history.start([1], "leave")
    history.add(talk.id, ask(home, "How many days of leave do full-time staff receive?"))
    answer = ask(home, "and part-time staff?", history=history.turns(talk.id))
    assert answer.question == "and part-time staff?"
    assert answer.standalone == "How many days of leave do part-time staff receive?"
    assert "in proportion to their hours" in answer.text


def generated(home, *replies, question="How long does the warranty of the Kestrel last?"):
    with scripted_server(*replies) as script:
        llm = OpenAIChat(script.url, "", "tiny", timeout=0.5)
        told = []
        answer = ask(home, question, llm=llm, on_text=told.append)
    check_quotes(home, answer)
    return answer, "".join(told), script


def test_a_generated_answer_is_checked_sentence_by_sentence(home):
    reply = Reply(("The warranty of the Kestrel lasts three years [1]. ", "It lasts 5 years [1]."))
    answer, told, script = generated(home, reply)
    assert answer.mode == "generated"
    assert [s.verdict for s in answer.sentences] == ["supported", "unsupported"]
    assert answer.sentences[1].footnotes == ()
    assert "[1]" in told
    assert "three years" in script.requests[0]["messages"][1]["content"]
    assert "three years" in answer.footnotes[0].quote


@pytest.mark.parametrize("citation", ["", " [2]", " [7]"])
def test_a_missing_or_wrong_citation_is_put_right(home, citation):
    reply = Reply((f"Damage by lightning is not covered by the warranty{citation}.",))
    answer, _, _ = generated(home, reply)
    (sentence,) = answer.sentences
    assert sentence.verdict == "supported"
    assert answer.footnotes[0].quote == "Damage by lightning is not covered by the warranty."


@pytest.mark.parametrize("text", ["NO ANSWER", "The passages do not mention this."])
def test_a_model_that_finds_nothing_abstains(home, text):
    answer, _, _ = generated(home, Reply((text,)))
    assert answer.abstained
    assert answer.hits


@pytest.mark.parametrize(
    "pieces", [("NO ANSWER",), ("N", "O", " ANS", "WER", "."), ("**", "No ", "answer", "**\n")]
)
def test_the_word_for_a_refusal_is_shown_to_nobody(home, pieces):
    answer, told, _ = generated(home, Reply(pieces))
    assert answer.abstained
    assert told == ""


def test_where_the_model_makes_things_up_the_documents_are_quoted(home):
    answer, _, _ = generated(home, Reply(("Owls nest in the roof of the old mill [1].",)))
    assert answer.mode == "extractive"
    assert "three years" in answer.text
    assert answer.notice == UNHELD


def test_who_has_a_language_model_is_not_offered_one(home):
    question = "How many repairs of the Kestrel does the warranty cover?"
    answer, _, _ = generated(home, Reply(("Owls nest in the mill [1].",)), question=question)
    assert "set one up" not in answer.notice


def test_what_only_begins_like_a_refusal_is_shown(home):
    answer, told, _ = generated(home, Reply(("No", " answer", "s are given by telephone.", " No.")))
    assert told.startswith("No answers are given by telephone. No.")
    assert not answer.abstained


@pytest.mark.parametrize(
    ("reply", "notice"),
    [
        (Reply(status=401), "OPENAI_API_KEY"),
        (Reply(end="hang"), "silent"),
        (Reply(status=500), "log"),
        (Reply(end="garbage"), "OpenAI-compatible"),
    ],
)
def test_where_the_model_fails_the_documents_are_quoted(home, reply, notice):
    answer, _, _ = generated(home, reply)
    assert answer.mode == "extractive"
    assert "three years" in answer.text
    assert notice in answer.notice
    assert answer.notice.startswith("http") or answer.notice[0].isupper()


@pytest.mark.parametrize("reply", [Reply(end="hang"), Reply(status=429)])
def test_a_model_that_keeps_silent_is_waited_for_once(home, reply):
    before = Turn("How long does the warranty of the Kestrel last?", ask(home, "warranty"))
    with scripted_server(reply) as script:
        llm = OpenAIChat(script.url, "", "tiny", timeout=0.5, sleep=lambda _: None)
        first = ask(home, "and the Osprey?", llm=llm, history=[before])
        asked = len(script.requests)
        ask(home, "How long does the warranty last?", llm=llm)
        assert len(script.requests) > asked  # another question tries again
    assert asked == (1 if reply.end == "hang" else 3)
    assert first.mode == "extractive"
    assert "quoted below instead" in first.notice


def test_what_came_before_a_break_is_kept(home):
    text = "The warranty of the Kestrel lasts three years [1]. It covers bear"
    answer, told, _ = generated(home, Reply((text,), end="drop"))
    assert told == text
    assert [s.text for s in answer.sentences] == [
        "The warranty of the Kestrel lasts three years.",
        "It covers bear …",
    ]
    assert [s.verdict for s in answer.sentences] == ["supported", "unsupported"]
    assert "broke off" in answer.notice


def test_the_same_text_twice_is_read_once(home, tmp_path, tiny_embedder):
    store = Store.open(tmp_path / "home")
    files = tmp_path / "files"
    files.mkdir()
    for name in ("a", "b"):
        (files / f"{name}.md").write_text(LEAVE + f"\n\n# Only here {name}\n\nNothing {name}.")
    Ingest(store, tiny_embedder).run(find([files]), store.create_collection("c").id)
    searcher = Searcher(store, tmp_path / "index", lambda fingerprint: tiny_embedder)
    found = retrieve(searcher, store, "How many days of leave?", scope_of(store, "c"))
    assert sum("28 days" in hit.passage.text for hit in found.hits) == 1


def why(home, question, expected, *names):
    store, searcher = home
    return explain(question, expected, searcher, store, scope_of(store, *(names or ("public",))))


def test_why_a_passage_was_read(home):
    question = "How long does the warranty of the Kestrel last?"
    found = why(home, question, "lasts three years from the date")
    assert found.stage == "read"
    assert found.found.keyword == 1
    assert any("warranty" in finding for finding in found.findings)


def test_why_a_text_is_not_there(home):
    found = why(home, "What does Swan cost?", "takeover of Swan Instruments", "public")
    assert found.stage == "not extracted"
    assert found.found is None
    assert found.remedies


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, tiny_embedder):
    """A store with a replaced revision and hidden text, and a searcher without its embedder."""
    folder = tmp_path_factory.mktemp("shelf")
    store = Store.open(folder / "home")
    files = folder / "files"
    files.mkdir()
    collection = store.create_collection("public").id
    hidden = "<p hidden>The cellar door opens with the number nine.</p>"
    for leave in ("Each team lead grants 31 days of leave.", "Leave is now agreed in writing."):
        (files / "leave.md").write_text(f"# Leave\n\n{leave}\n")
        (files / "cellar.html").write_text(f"<p>The cellar is locked at six.</p>{hidden}")
        Ingest(store, tiny_embedder).run(find([files]), collection)

    def missing(fingerprint):
        raise UnknownEmbedderError("the embedder is not installed")

    return store, Searcher(store, folder / "index", missing)


def test_why_hidden_text_is_not_found(shelf):
    found = why(shelf, "How does the cellar open?", "The cellar door opens with the number nine")
    assert found.stage == "hidden"
    assert "hidden_text" in found.remedies[0]
    assert why(shelf, "What?", "Nobody wrote this anywhere.").findings[-1].count("cellar") == 1


def test_why_an_earlier_revision_is_not_found(shelf):
    found = why(shelf, "How much leave?", "Each team lead grants 31 days of leave")
    assert found.stage == "superseded"
    assert "newer revision" in found.remedies[0]


def test_why_a_passage_without_the_words_of_the_question_is_not_found(shelf):
    found = why(shelf, "When may one go on holiday?", "Leave is now agreed in writing.")
    assert found.stage == "not matched"
    assert found.found.fused is None
    assert any("not installed" in finding for finding in found.findings)


def test_why_a_text_over_the_border_of_two_passages_is_not_found(home, tmp_path, tiny_embedder):
    store = Store.open(tmp_path / "home")
    (tmp_path / "a.md").write_text(
        f"# One\n\n{'Gulls nest here. ' * 60}Terns dive for sprats.\n\n"
        f"# Two\n\nHerons wade in ponds. {'Owls sleep there. ' * 60}\n"
    )
    Ingest(store, tiny_embedder).run(find([tmp_path / "a.md"]), store.create_collection("c").id)
    searcher = Searcher(store, tmp_path / "index", lambda fingerprint: tiny_embedder)
    expected = "Terns dive for sprats. Two Herons wade in ponds."
    found = why((store, searcher), "What do herons do?", expected, "c")
    assert found.stage == "cut apart"
    assert "page 1" in found.findings[0]


def test_why_a_passage_came_too_low(home, monkeypatch):
    monkeypatch.setattr("rag.explain.SEARCHED", 1)
    monkeypatch.setattr("rag.evidence.retrieve.SEARCHED", 1)
    found = why(home, "How long is the warranty?", "Part-time staff receive a share of that")
    assert found.found.fused > 1
    assert found.stage == "ranked low"


def test_why_a_passage_was_not_read_though_found(home, monkeypatch):
    monkeypatch.setattr("rag.evidence.retrieve.BUDGET_CHARACTERS", 1)
    found = why(home, "How long is the warranty?", "Part-time staff receive a share of that")
    assert found.stage == "not read"


def test_why_an_answer_was_refused_though_the_passage_was_read(home):
    found = why(home, "Who painted the Mona Lisa?", "lasts three years from the date")
    assert found.stage == "doubted"
    assert "refused" in found.remedies[0]
    given = knowing(found, refused=False)
    assert given.stage == "read"
    assert knowing(given, refused=True).remedies == found.remedies
    lost = why(home, "What?", "takeover of Swan Instruments", "public")
    assert knowing(lost, refused=True) == lost


def test_why_needs_a_text(home):
    with pytest.raises(NothingExpectedError):
        why(home, "What?", " ")


def test_what_a_model_knows_by_itself_is_not_passed_off(home):
    answer, _, _ = generated(
        home, Reply(("Leonardo da Vinci painted it.",)), question="Who painted the Mona Lisa?"
    )
    assert answer.abstained


def test_a_document_deleted_after_the_search_is_not_answered_from(home):
    store, searcher = home
    scope = scope_of(store, "public")

    class Late:
        """A searcher whose documents are gone by the time they are read."""

        def find(self, *arguments, **more):
            hits = searcher.find(*arguments, **more).hits
            gone = [replace(hit, document=replace(hit.document, id="gone")) for hit in hits]
            return SearchResult(tuple(gone))

    answer = Answerer(Late(), store, None).ask("How long does the warranty last?", scope)
    assert answer.abstained


def test_without_its_embedder_words_alone_are_searched_and_the_reader_is_told(home):
    store, _ = home

    def missing(fingerprint):
        raise UnknownEmbedderError("the embedder is not installed")

    searcher = Searcher(store, store.home / "index", missing)
    answer = Answerer(searcher, store, None).ask(
        "How long does the warranty of the Kestrel last?", scope_of(store, "public")
    )
    assert "three years" in answer.text
    assert "not installed" in answer.notice


def test_any_text_is_a_question(home):
    for question in ("\udcff?", "\x00", '"', "NEAR(", "x" * 30_000, "¿", "🦊", "a AND OR NOT *"):
        ask(home, question)


@pytest.mark.parametrize("pieces", [("<think>Hm.</think>",), (" ", "\n"), ("Hm.</think>",)])
def test_a_model_that_says_nothing_is_no_proof_that_nothing_is_there(home, pieces):
    answer, _, _ = generated(home, Reply(pieces))
    assert (answer.mode, answer.abstained) == ("extractive", False)
    assert "three years" in answer.text
    assert "empty answer" in answer.notice


GERMAN = """# Urlaub

Alle Angestellten haben Anspruch auf sechs Wochen Urlaub im Jahr. Der Antrag wird zwei Wochen vorher
bei der Leitung gestellt. Wer krank wird, bekommt die Tage zurück.
"""


def test_who_wrote_a_document_is_told_by_the_names_below_its_title(tmp_path, tiny_embedder):
    store = Store.open(tmp_path / "home")
    body = (
        "The water of the lakes was measured once a month, and its benefit to birds was estimated."
    )
    (tmp_path / "a.md").write_text(f"# Birds of the lakes\n\nAnn Rivers, Ole Dam\n\n{body}\n")
    collection = store.create_collection("public").id
    Ingest(store, tiny_embedder).run(find([tmp_path / "a.md"]), collection)
    searcher = Searcher(store, tmp_path / "index", lambda fingerprint: tiny_embedder)
    scope = Scope(frozenset([collection]))
    answer = Answerer(searcher, store, None).ask("Who wrote the paper on birds?", scope)
    assert [one.text for one in answer.sentences] == ["Ann Rivers, Ole Dam"]
    assert answer.footnotes[0].quote == "Ann Rivers, Ole Dam"
    assert not answer.abstained


@pytest.fixture(scope="module")
def german_home(tmp_path_factory, tiny_embedder):
    """A store whose documents are in German, and its searcher."""
    folder = tmp_path_factory.mktemp("german")
    store = Store.open(folder / "home")
    (folder / "urlaub.md").write_text(GERMAN, encoding="utf-8")
    ingest = Ingest(store, tiny_embedder)
    ingest.run(find([folder / "urlaub.md"]), store.create_collection("public").id)
    return store, Searcher(store, folder / "index", lambda fingerprint: tiny_embedder)


def across(home, near):
    """The answer to an English question; a German sentence with `near` in it is near to it."""
    store, searcher = home

    def meaning(question, texts):
        return np.array([0.8 if near in text else 0.0 for text in texts])

    answerer = Answerer(searcher, store, None, lambda _: Judges(meaning=meaning))
    return answerer.ask("How much leave is there and what is it?", scope_of(store, "public"))


def test_across_languages_the_nearest_sentence_is_quoted(german_home):
    answer = across(german_home, "sechs Wochen")
    assert "sechs Wochen" in answer.text
    assert len(answer.sentences) == 1
    assert "the documents are in German" in answer.notice
    check_quotes(german_home, answer)


def test_across_languages_nothing_near_is_refused(german_home):
    answer = across(german_home, "Schnee")
    assert answer.abstained
    assert "nothing in them comes near enough" in answer.notice


def test_without_an_embedder_that_crosses_it_is_said(german_home):
    answer = ask(german_home, "How much leave is there and what is it?")
    assert answer.abstained
    assert "does not reach" in answer.notice
