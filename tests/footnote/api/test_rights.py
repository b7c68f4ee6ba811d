"""Every way in for programs, for every role: nothing of what its person may not read."""

import json

import pytest

from footnote.accounts import keys, sharing, signin
from footnote.accounts.people import People, Profile
from footnote.jobs import queue
from footnote.web.server import guard
from tests.api_server import client, key_of

PASSWORD = "correct horse battery"
SECRET, FOREIGN = (
    "Sixtus",
    "board",
)  # what stands in the collection that nobody shares, and its name
CHAT = {"messages": [{"role": "user", "content": "What is the zebra of the board called?"}]}
MCP = {"accept": "application/json, text/event-stream"}


@pytest.fixture
def registered(home):
    """The home with an admin, a reader and an uploader, with whom `policies` is shared."""
    people = People(home.store)
    people.add("admin", PASSWORD)
    people.add("reader", PASSWORD)
    people.add("uploader", PASSWORD, Profile(may_upload=True))
    for name in ("reader", "uploader"):
        sharing.share(home.store, home.collection("policies"), name)
    return home


@pytest.fixture
def target(registered):
    """Ids in the foreign collection: a document, a job of the admin's."""
    board = registered.collection(FOREIGN)
    document = registered.store.documents([board.id]).rows[0].id
    admin = People(registered.store).named("admin").id
    arguments = {"paths": [SECRET], "collection": FOREIGN, "collection_id": board.id, "staged": []}
    queue._table(registered).insert(
        {
            "id": "0123456789abcdef",
            "kind": "index",
            "arguments": json.dumps(arguments),
            "state": "done",
            "owner": admin,
            "created_at": 1.0,
        }
    )
    return {"document": document, "job": "0123456789abcdef"}


def tool(call, name, **arguments):
    params = {"name": name, "arguments": arguments}
    sent = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return call.post("/mcp", json=sent, headers=MCP)


def rpc(call, method, **params):
    sent = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return call.post("/mcp", json=sent, headers=MCP)


ASK = {"question": "What is the zebra of the board called?"}
# Each is a try to see or do something of the foreign collection.
TRIES = {
    "collections": lambda c, t: c.get("/api/v1/collections"),
    "documents": lambda c, t: c.get("/api/v1/documents"),
    "documents of it": lambda c, t: c.get("/api/v1/documents", params={"collection": FOREIGN}),
    "documents by text": lambda c, t: c.get("/api/v1/documents", params={"text": "secret"}),
    "document": lambda c, t: c.get(f"/api/v1/documents/{t['document']}"),
    "text": lambda c, t: c.get(f"/api/v1/documents/{t['document']}/text"),
    "original": lambda c, t: c.get(f"/api/v1/documents/{t['document']}/original"),
    "picture": lambda c, t: c.get(f"/api/v1/documents/{t['document']}/pages/1.png"),
    "jobs": lambda c, t: c.get("/api/v1/jobs"),
    "job": lambda c, t: c.get(f"/api/v1/jobs/{t['job']}"),
    "search": lambda c, t: c.post("/api/v1/search", json={"query": "zebra"}),
    "search in it": lambda c, t: c.post(
        "/api/v1/search", json={"query": "zebra", "collections": [FOREIGN]}
    ),
    "ask": lambda c, t: c.post("/api/v1/ask", json=ASK),
    "ask in it": lambda c, t: c.post("/api/v1/ask", json=ASK | {"collections": [FOREIGN]}),
    "ask streamed": lambda c, t: c.post("/api/v1/ask", json=ASK | {"stream": True}),
    "why": lambda c, t: c.post("/api/v1/why", json=ASK | {"passage": "The zebra of the board"}),
    "part page": lambda c, t: c.post(
        "/api/v1/parts",
        json={"what": "page", "given": {"document": t["document"], "number": 1}},
    ),
    "part hits": lambda c, t: c.post(
        "/api/v1/parts",
        json={"what": "hits", "collections": [FOREIGN], "given": {"ids": [*range(1, 500)]}},
    ),
    "models": lambda c, t: c.get("/v1/models"),
    "model": lambda c, t: c.get(f"/v1/models/footnote:{FOREIGN}"),
    "chat": lambda c, t: c.post("/v1/chat/completions", json=CHAT | {"model": "footnote"}),
    "chat in it": lambda c, t: c.post(
        "/v1/chat/completions", json=CHAT | {"model": f"footnote:{FOREIGN}"}
    ),
    "chat streamed": lambda c, t: c.post(
        "/v1/chat/completions", json=CHAT | {"model": "footnote", "stream": True}
    ),
    "mcp search": lambda c, t: tool(c, "search", query="zebra"),
    "mcp search in it": lambda c, t: tool(c, "search", query="zebra", collections=[FOREIGN]),
    "mcp fetch": lambda c, t: tool(c, "fetch", id=t["document"]),
    "mcp fetch page": lambda c, t: tool(c, "fetch", id=f"{t['document']}/1"),
    "mcp ask": lambda c, t: tool(c, "ask", **ASK),
    "mcp list_collections": lambda c, t: tool(c, "list_collections"),
    "mcp resources": lambda c, t: rpc(c, "resources/list"),
    "mcp resource": lambda c, t: rpc(
        c, "resources/read", uri=f"footnote://documents/{t['document']}"
    ),
}
# The same that would change something; the admin's tries go through.
CHANGES = {
    "upload": lambda c, t: c.post(
        "/api/v1/documents", files=[("files", ("a.txt", b"Words."))], data={"collection": FOREIGN}
    ),
    "move": lambda c, t: c.patch(
        f"/api/v1/documents/{t['document']}", json={"collection": "policies"}
    ),
    "rename": lambda c, t: c.patch(f"/api/v1/collections/{FOREIGN}", json={"name": "Table"}),
    "delete": lambda c, t: c.delete(f"/api/v1/documents/{t['document']}"),
    "delete collection": lambda c, t: c.delete(f"/api/v1/collections/{FOREIGN}"),
    "cancel": lambda c, t: c.delete(f"/api/v1/jobs/{t['job']}"),
    "embed": lambda c, t: c.post(
        "/v1/embeddings", json={"model": f"footnote:{FOREIGN}", "input": "a"}
    ),
}


def shows(response, target):
    """Whether an answer holds anything of the foreign collection."""
    return any(word in response.text for word in (SECRET, "secret.txt"))


@pytest.mark.parametrize("attempt", TRIES)
def test_nothing_foreign_is_seen(registered, target, attempt):
    seen = {}
    for name in ("admin", "reader", "uploader"):
        response = TRIES[attempt](client(key_of(registered, name)), target)
        named = {
            "collections": lambda r: FOREIGN in r.text,
            "jobs": lambda r: target["job"] in r.text,
            "job": lambda r: r.status_code == 200,
            "picture": lambda r: r.status_code != 404 or "no pictures" in r.text,
            "original": lambda r: SECRET in r.text,
            "models": lambda r: FOREIGN in r.text,
            "model": lambda r: r.status_code == 200,
            "mcp list_collections": lambda r: FOREIGN in r.text,
            "why": lambda r: '"found":{' in r.text,
            "mcp resources": lambda r: target["document"] in r.text,
        }.get(attempt, lambda r: shows(r, target))
        seen[name] = bool(named(response))
    assert seen == {"admin": True, "reader": False, "uploader": False}


@pytest.mark.parametrize("attempt", CHANGES)
def test_nothing_foreign_is_done(registered, target, attempt, monkeypatch):
    monkeypatch.setattr(queue, "_started", lambda *_: type("P", (), {"pid": None}))
    done = {
        name: CHANGES[attempt](client(key_of(registered, name)), target).status_code
        for name in ("reader", "uploader", "admin")
    }
    assert done["admin"] in (200, 202)
    assert done["reader"] == done["uploader"] == 404


def test_a_reader_changes_nothing_and_an_uploader_adds(registered, monkeypatch):
    monkeypatch.setattr(queue, "_started", lambda *_: type("P", (), {"pid": None}))
    files = [("files", ("a.txt", b"Words."))]
    for name, status in (("reader", 404), ("uploader", 202)):
        call = client(key_of(registered, name))
        document = call.get("/api/v1/documents").json()["documents"][0]["id"]
        added = call.post("/api/v1/documents", files=files, data={"collection": "policies"})
        assert added.status_code == status
        assert call.delete(f"/api/v1/documents/{document}").status_code == 403
        assert call.delete("/api/v1/collections/policies").status_code == 403
        assert call.post("/api/v1/collections", json={"name": "new"}).status_code == 403
        place = {"collection": "policies"}
        assert call.patch(f"/api/v1/documents/{document}", json=place).status_code == 403
        rules = {"name": "Rules"}
        assert call.patch("/api/v1/collections/policies", json=rules).status_code == 403
        made = call.post("/api/v1/documents", files=files, data={"collection": "new"})
        assert made.status_code == 404
        replaced = call.post(
            "/api/v1/documents", files=files, data={"collection": "policies", "replace": "true"}
        )
        assert replaced.status_code == (403 if name == "uploader" else 404)


ADDRESSES = (
    "/api/v1/documents/{document}",
    "/api/v1/documents/{document}/text",
    "/api/v1/documents/{document}/original",
    "/api/v1/documents/{document}/pages/1.png",
    "/api/v1/jobs/{job}",
    "/api/v1/documents?collection={collection}",
    "/v1/models/footnote:{collection}",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_foreign_and_the_missing_read_alike(registered, target, address):
    call = client(key_of(registered, "reader"))
    foreign = target | {"collection": FOREIGN}
    said = []
    for names in (foreign, {"document": "f" * 16, "job": "f" * 16, "collection": "nothing"}):
        answer = call.get(address.format(**names))
        assert answer.status_code == 404
        text = answer.text
        for name in names.values():
            text = text.replace(name, "…")
        said.append(text)
    assert said[0] == said[1]


def test_what_is_withdrawn_is_gone_at_the_next_request(registered):
    secret = key_of(registered, "reader")
    call = client(secret)
    assert call.get("/api/v1/documents").json()["total"] == 2
    sharing.unshare(registered.store, registered.collection("policies"), "reader")
    assert call.get("/api/v1/documents").json()["total"] == 0
    keys.revoke(registered.store, keys.keys(registered.store)[0].id)
    assert call.get("/api/v1/documents").status_code == 401


def test_without_a_key_there_is_only_the_description(registered):
    for path in ("/api/v1/collections", "/v1/models", "/mcp"):
        for given in ("", "fn_made_up", "sk-unused"):
            said = client(given).request("POST" if path == "/mcp" else "GET", path)
            assert said.status_code == 401
            assert said.headers["www-authenticate"] == "Bearer"
            assert "key" in said.json()["error"]["message"]
    for path in ("/api/docs", "/api/openapi.json", "/api/v1/health"):
        assert client().get(path).status_code == 200


def test_the_pages_session_serves_the_browser_that_has_it(registered):
    token = signin.sign_in(registered.store, "reader", PASSWORD)
    cookie = f"{guard.cookie_name()}={token}"
    call = client(cookie=cookie)
    assert call.get("/api/v1/documents").json()["total"] == 2
    wanted = {"query": "leave"}
    assert call.post("/api/v1/search", json=wanted).status_code == 200
    for sent in (
        {"origin": "http://localhost:3000"},  # another program of this machine
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
    ):
        said = call.post("/api/v1/search", json=wanted, headers=sent)
        assert said.status_code == 403
        assert "another site" in said.json()["error"]["message"]


# With nobody registered.


def test_with_nobody_registered_this_machine_needs_no_key(home):
    for given in ("", "sk-unused"):  # OpenAI's clients always send one
        assert client(given).get("/api/v1/documents").json()["total"] == 3
    assert tool(client(), "list_collections").status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/documents", "/v1/models", "/mcp", "/api/docs"])
@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://footnote.evil.example:8501"},  # DNS rebinding
        {"base_url": "http://192.0.2.7:8501"},
        {"peer": "192.0.2.7"},
        {"origin": "https://footnote.evil.example"},
        {"origin": "null"},
        {"forwarded": "for=192.0.2.7"},
        {"x-forwarded-for": "127.0.0.1"},
    ],
)
def test_with_nobody_registered_no_other_is_served(home, path, options):
    for given in ({}, {"key": "sk-unused"}):
        said = client(**options, **given).request("POST" if path == "/mcp" else "GET", path)
        assert said.status_code == 403
        assert "people add" in said.json()["error"]["message"]


def test_with_nobody_registered_a_page_of_another_program_changes_nothing(home):
    call = client(origin="http://localhost:3000")
    document = home.store.documents([1]).rows[0].id
    assert call.delete(f"/api/v1/documents/{document}").status_code == 403
    assert call.options("/api/v1/search").status_code == 403  # no preflight lets it send a header
    assert home.store.document(document)
