"""The HTTP API from outside: documents, questions, jobs, errors."""

import io
import json
import time

import pytest
from PIL import Image

from footnote.api import docs_page
from footnote.api.app import api
from footnote.api.schemas import AnswerOut, FootnoteOut, SentenceOut
from footnote.jobs import queue
from footnote.rendering.results import answer_json
from indexer.records import Span
from rag.records import Answer, Footnote, Sentence
from tests.api_server import client, served


def documents(call, **params):
    return call.get("/api/v1/documents", params=params).json()["documents"]


def pdf_of(call):
    return next(one for one in documents(call) if one["kind"] == "pdf")


def error(response):
    """The error of an answer; what every one has in common is looked at here."""
    said = response.json()["error"]
    assert said["code"] == response.status_code
    assert said["message"][0].isupper()
    assert said["message"][-1] in ".!?"
    return said


def events(text):
    """The events of a stream: (name, data)."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if line[0] != ":")
        if lines:
            found.append((lines.get("event", ""), lines["data"]))
    return found


def test_collections_and_documents_are_listed(home):
    call = client()
    found = call.get("/api/v1/collections").json()["collections"]
    assert [(one["name"], one["documents"]) for one in found] == [("board", 1), ("policies", 2)]
    listed = call.get("/api/v1/documents", params={"collection": "policies", "limit": 1}).json()
    assert (len(listed["documents"]), listed["total"]) == (1, 2)
    assert documents(call, state="failed") == []
    assert [one["title"] for one in documents(call, text="LEAVE")] == ["leave"]
    one = listed["documents"][0]
    assert call.get(f"/api/v1/documents/{one['id']}").json() == one


def test_a_documents_text_comes_page_by_page(home):
    call = client()
    found = pdf_of(call)
    whole = call.get(f"/api/v1/documents/{found['id']}/text").json()
    assert [page["number"] for page in whole["pages"]] == [1, 2]
    assert "300 euros" in whole["pages"][1]["text"]
    assert whole["next"] is None
    first = call.get(f"/api/v1/documents/{found['id']}/text", params={"count": 1}).json()
    assert (first["pages"], first["next"]) == (whole["pages"][:1], 2)
    original = call.get(f"/api/v1/documents/{found['id']}/original")
    assert original.content.startswith(b"%PDF")
    assert "attachment" in original.headers["content-disposition"]


def test_a_page_is_drawn_with_the_quote_of_a_footnote_highlighted(home):
    call = client()
    answer = call.post("/api/v1/ask", json={"question": "Who pays the premium every month?"}).json()
    note = next(one for one in answer["footnotes"] if one["path"].endswith(".pdf"))
    span = note["span"]
    address = f"/api/v1/documents/{note['document']}/pages/{span['page']}.png"
    bare = call.get(address)
    marked = call.get(address, params={"start": span["start"], "end": span["end"]})
    assert bare.headers["content-type"] == "image/png"
    colours = [set(Image.open(io.BytesIO(one.content)).getdata()) for one in (bare, marked)]
    assert (255, 226, 89) in colours[1] - colours[0]
    assert error(call.get(address, params={"start": 5, "end": 5}))["param"] == "end"
    text = next(one for one in documents(call) if one["kind"] != "pdf")
    assert "/text" in error(call.get(f"/api/v1/documents/{text['id']}/pages/1.png"))["message"]
    assert call.get(f"/api/v1/documents/{note['document']}/pages/99.png").status_code == 404


def test_search_gives_the_command_lines_json(home):
    from footnote.rendering.results import findings_json

    wanted = {"query": "paid leave", "collections": ["policies"], "k": 3}
    for mode in ("fused", "dense", "keyword"):
        found = client().post("/api/v1/search", json=wanted | {"mode": mode}).json()
        here = home.searcher.find("paid leave", home.scope(["policies"]), 3, mode)
        names = {one.id: one.name for one in home.store.collections()}
        assert found == json.loads(json.dumps(findings_json(here, names)))


def test_an_answer_comes_whole_with_its_footnotes(home):
    wanted = {"question": "How many weeks of paid leave are there?", "collections": ["policies"]}
    answer = client().post("/api/v1/ask", json=wanted).json()
    assert not answer["abstained"]
    assert {one["verdict"] for one in answer["sentences"]} == {"supported"}
    for note in answer["footnotes"]:
        page = home.store.page(note["document"], note["span"]["page"])
        assert page.text[note["span"]["start"] : note["span"]["end"]] == note["quote"]


def test_an_answer_comes_in_events_the_last_of_which_is_the_whole(home):
    wanted = {"question": "How many weeks of paid leave are there?"}
    whole = client().post("/api/v1/ask", json=wanted).json()
    streamed = client().post("/api/v1/ask", json=wanted | {"stream": True})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert streamed.text.startswith(":")  # before anything is found
    told = events(streamed.text)
    assert [name for name, _ in told[:-1]] == ["text"] * (len(told) - 1)
    assert told[-1][0] == "answer"
    last = json.loads(told[-1][1])
    assert last | {"seconds": 0} == whole | {"seconds": 0}
    said = "".join(json.loads(data)["text"] for _, data in told[:-1])
    assert whole["sentences"][0]["text"] in said


def test_an_error_in_a_stream_is_its_last_event(home):
    told = events(client().post("/api/v1/ask", json={"question": " ", "stream": True}).text)
    assert [name for name, _ in told] == ["error"]
    assert json.loads(told[0][1])["error"]["code"] == 422


def test_an_earlier_question_is_understood_and_its_documents_answer_anew(home):
    history = [{"question": "Who pays the premium?", "answer": "The employer."}]
    wanted = {"question": "And how often does he pay it?", "history": history}
    answer = client().post("/api/v1/ask", json=wanted).json()
    assert "every month" in answer["answer"]


def test_why_says_where_a_passage_was_lost(home):
    wanted = {"question": "How long is leave?", "passage": "Paid leave is sixteen weeks"}
    found = client().post("/api/v1/why", json=wanted).json()
    assert found["stage"] in ("doubted", "read")
    assert found["remedies"]
    assert found["found"]["document"]["title"] == "leave"


def test_files_are_handed_in_and_followed_until_they_answer(home):
    call = client()
    files = [
        ("files", ("notes.txt", b"The garden is watered by the caretaker on Fridays.")),
        ("files", ("empty.txt", b"")),
    ]
    handed = call.post("/api/v1/documents", files=files, data={"collection": "garden"})
    assert handed.status_code == 202
    followed = call.get(handed.json()["href"], headers={"accept": "text/event-stream"})
    name, data = events(followed.text)[-1]
    assert name == "end"
    job = json.loads(data)
    assert (job["state"], job["result"]["added"]) == ("done", 1)
    assert "1 added" in job["summary"]
    assert [one["path"] for one in job["result"]["failed"]] == ["empty.txt"]
    assert call.get(handed.json()["href"]).json() == job
    assert str(home.path) not in followed.text  # no place of this machine
    answer = call.post("/api/v1/ask", json={"question": "Who waters the garden on Fridays?"})
    assert "caretaker" in answer.json()["answer"]
    assert documents(call, state="failed", collection="garden")[0]["path"] == "empty.txt"


def test_a_name_that_is_taken_is_kept_apart_from_unless_it_is_replaced(home, monkeypatch):
    monkeypatch.setattr(queue, "_started", lambda *_: type("P", (), {"pid": None}))
    call = client()
    given = {"files": [("files", ("a.txt", b"Words."))], "data": {"collection": "policies"}}
    job = call.post("/api/v1/documents", **given).json()["job"]
    assert queue.job(home, job).arguments["replace"] == []
    document = documents(call, text="leave")[0]
    given = {
        "files": [("files", (document["path"], b"Words."))],
        "data": {"collection": "policies", "replace": "true"},
    }
    job = call.post("/api/v1/documents", **given).json()["job"]
    assert queue.job(home, job).arguments["replace"] == [document["path"]]
    assert call.get("/api/v1/jobs").json()["jobs"][0]["id"] == job
    assert call.delete(f"/api/v1/jobs/{job}").json()["state"] == "cancelling"


def test_what_is_deleted_comes_with_a_receipt_and_is_gone(home):
    call = client()
    document = documents(call, text="leave")[0]
    receipt = call.delete(f"/api/v1/documents/{document['id']}").json()
    assert receipt["documents"] == [document["id"]]
    assert receipt["passages"] == receipt["vectors"] == document["passages"]
    assert call.get(f"/api/v1/documents/{document['id']}").status_code == 404
    assert call.delete("/api/v1/collections/policies").json()["documents"]
    assert call.delete("/api/v1/collections/policies").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "said"),
    [
        ("GET", "/api/v1/nothing", None, 404, "/api/docs"),
        ("GET", "/v1/nothing", None, 404, "/api/docs"),
        ("PUT", "/api/v1/collections", {}, 405, "/api/docs"),
        ("POST", "/api/v1/search", {"query": 1}, 422, "query"),
        ("POST", "/api/v1/search", {"query": "a", "k": 0}, 422, "`k`"),
        ("POST", "/api/v1/search", {"query": "a", "modus": "x"}, 422, "modus"),
        ("POST", "/api/v1/search", {"query": "a", "collections": ["x"]}, 404, "'x'"),
        ("POST", "/api/v1/ask", {"question": ""}, 422, "empty"),
        ("POST", "/api/v1/ask", {"question": "a" * 20_001}, 422, "question"),
        ("GET", "/api/v1/documents?state=odd", None, 422, "state"),
        ("GET", "/api/v1/documents?offset=99999999999999999999999", None, 422, "offset"),
        ("GET", "/api/v1/documents/0123/text", None, 404, "no document '0123'"),
        ("GET", "/api/v1/jobs/0123", None, 404, "no job 0123"),
        ("DELETE", "/api/v1/documents/0123", None, 404, "no document"),
        ("DELETE", "/api/v1/collections/x/y", None, 404, "'x/y'"),
    ],
)
def test_every_error_is_json_and_says_what_to_do(home, method, path, sent, status, said):
    response = client().request(method, path, json=sent)
    assert response.status_code == status
    assert said in error(response)["message"]


def test_a_body_that_is_no_json_is_told_how_to_be_sent(home):
    for body, kind in ((b'{"query": "a"}', "text/plain"), (b"{", "application/json")):
        sent = client().post("/api/v1/search", content=body, headers={"content-type": kind})
        assert sent.status_code == 422
        assert "JSON" in error(sent)["message"]


@pytest.mark.parametrize(
    "where", ["footnote.access.Access.collections", "footnote.web.server.guard._refusal"]
)
def test_a_fault_of_ours_says_nothing_of_the_inside(home, monkeypatch, where):
    def broken(*_, **__):
        raise RuntimeError("the inside")

    monkeypatch.setattr(where, broken)
    said = client().get("/api/v1/collections")
    assert said.status_code == 500
    assert "inside" not in error(said)["message"]


def test_an_answer_that_nobody_waits_for_is_not_written_to_its_end(home, monkeypatch):
    told = []

    def endless(self, question, chosen, before, stream, documents):
        while True:
            stream("word ")
            told.append(time.monotonic())
            time.sleep(0.01)

    monkeypatch.setattr("footnote.access.asking.Asking.ask", endless)
    import httpx2

    with served() as address, httpx2.Client() as call:
        wanted = {"question": "a", "stream": True}
        with call.stream("POST", f"{address}/api/v1/ask", json=wanted) as response:
            assert "word" in next(piece for piece in response.iter_text() if "word" in piece)
        deadline = time.monotonic() + 30
        while not told or time.monotonic() - told[-1] < 1:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_the_description_names_what_there_is_and_the_page_loads_nothing(home):
    call = client()
    description = call.get("/api/openapi.json").json()
    for path in ("/api/v1/ask", "/api/v1/documents/{document}/pages/{number}.png", "/v1/models"):
        assert path in description["paths"]
    page = call.get("/api/docs")
    assert page.text == docs_page.page(api.openapi())
    for path in description["paths"]:
        assert path.replace("&", "&amp;") in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert "http://" not in page.text.replace("http://localhost", "")
    assert "https://" not in page.text
    assert "src=" not in page.text


def test_what_an_answer_holds_is_described(home):
    """Whoever gives `Answer` another field that `ask --json` shows, describes it here too."""
    note = Footnote(1, "d", "T", "p", (1, 1), "q", Span(1, 0, 1), 1)
    said = (Sentence("a", "supported", (1,)),)
    answer = answer_json(Answer("a", "a", said, (note,), False, 0.1, "extractive", (), 0.1))
    assert set(answer) == set(AnswerOut.model_fields)
    assert set(answer["sentences"][0]) == set(SentenceOut.model_fields)
    assert set(answer["footnotes"][0]) == set(FootnoteOut.model_fields)
