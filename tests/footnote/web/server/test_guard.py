"""The guard before Streamlit: what is let through, and the way in and out."""

import asyncio
import json
import time
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from footnote.accounts import audit, sharing, signin
from footnote.accounts.people import People, Profile
from footnote.home import Home
from footnote.web.server import guard, oidc, tabs
from footnote.web.server import origin as origin_module

PASSWORD = "correct horse battery"
HERE = {"host": "localhost:8501"}
THERE = {"host": "footnote.firm.example"}
PAGE = {"accept": "text/html,*/*"}
STREAMLIT = ("/", "/library", "/media/abc.pdf", "/_stcore/upload_file/1/2", "/_stcore/host-config")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path))
    monkeypatch.setattr(guard, "_TABS", tabs.Tabs())
    monkeypatch.setattr(guard, "_UPLOADS", tabs.Uploads(guard._TABS))
    return Home.open()


@pytest.fixture
def registered(home):
    People(home.store).add("ann", PASSWORD)
    People(home.store).add("bob", PASSWORD, Profile(email="bob@firm.example"))
    return home


async def _streamlit(scope, receive, send):
    """Stands behind the guard: answers everything, and echoes what comes over a connection."""
    if scope["type"] == "http":
        await PlainTextResponse("inside")(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "bytes": message["bytes"]})


APP = guard.Guard(Starlette(routes=[*guard.ROUTES, Mount("/", _streamlit)]))


def request(path="/", headers=HERE, peer="127.0.0.1", form=None, method="GET"):
    """What is answered: status, headers as (name, value) pairs, body."""
    path, _, query = path.partition("?")
    sent, body = [], urlencode(form).encode() if form is not None else b""

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method if form is None else "POST",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": (peer, 5000),
        "server": ("localhost", 8501),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    asyncio.run(APP(scope, receive, send))
    return SimpleNamespace(
        status=sent[0]["status"],
        headers=[(name.decode(), value.decode()) for name, value in sent[0]["headers"]],
        text=b"".join(part.get("body", b"") for part in sent[1:]).decode(),
    )


def header(answer, name):
    return next((value for key, value in answer.headers if key == name), "")


def connect(messages, headers=HERE, peer="127.0.0.1"):
    """What comes over a connection; `messages` are bytes, or functions called in between."""
    sent, waiting = [], list(messages)

    async def receive():
        if not sent:
            return {"type": "websocket.connect"}
        while waiting and callable(waiting[0]):
            waiting.pop(0)()
        if waiting:
            return {"type": "websocket.receive", "bytes": waiting.pop(0)}
        return {"type": "websocket.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/_stcore/stream",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": (peer, 5000),
        "server": ("localhost", 8501),
        "scheme": "ws",
        "root_path": "",
        "subprotocols": [],
    }
    asyncio.run(APP(scope, receive, send))
    return sent


def with_session(token, headers=HERE):
    return headers | {"cookie": f"{guard.cookie_name()}={token}"}


def sign_in(name="bob", password=PASSWORD, headers=HERE, **fields):
    return request("/sign-in", headers, form={"name": name, "password": password} | fields)


@pytest.mark.parametrize(
    ("peer", "headers", "local"),
    [
        ("127.0.0.1", HERE, True),
        ("::1", {"host": "[::1]:8501"}, True),
        ("::ffff:127.0.0.1", {"host": "127.0.0.1"}, True),
        ("192.0.2.7", HERE, False),  # whatever it calls us
        ("127.0.0.1", THERE, False),  # another name may lead here (DNS rebinding)
        ("127.0.0.1", HERE | {"x-forwarded-for": "192.0.2.7"}, False),  # a proxy
        ("127.0.0.1", HERE | {"forwarded": "for=192.0.2.7"}, False),
        ("127.0.0.1", {}, False),
        (None, HERE, False),
        ("127.0.0.1", {"host": "localhost.evil.example"}, False),
        ("127.0.0.1", {"host": "["}, False),
        ("127.0.0.1", HERE | {"origin": "http://localhost:8501"}, True),
        ("::1", {"host": "[::1]:8501", "origin": "http://[::1]:8501"}, True),
        ("127.0.0.1", HERE | {"origin": "https://footnote.firm.example"}, False),  # a bare proxy
        ("127.0.0.1", HERE | {"origin": "http://localhost.evil.example"}, False),
        ("127.0.0.1", HERE | {"origin": "null"}, False),
        ("127.0.0.1", HERE | {"origin": ""}, False),
        ("127.0.0.1", HERE | {"origin": "http://["}, False),
    ],
)
def test_what_comes_from_this_machine(peer, headers, local):
    assert guard.from_this_machine(peer, headers) == local


def test_a_page_of_another_name_is_not_served_as_this_machine(home):
    foreign = HERE | {"origin": "https://footnote.firm.example"}
    assert request("/", foreign).status == 403
    assert connect([b"a"], foreign) == [{"type": "websocket.close", "code": 1008}]


def test_with_nobody_registered_this_machine_alone_is_served(home):
    assert request("/").text == "inside"
    assert connect([b"a"])[1]["bytes"] == b"a"
    for path in (*STREAMLIT, "/static/js/index.js", "/sign-in"):
        answer = request(path, HERE | PAGE, peer="192.0.2.7")
        assert answer.status == 403
        assert "people add" in answer.text
    assert connect([b"a"], peer="192.0.2.7") == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("peer", ["127.0.0.1", "192.0.2.7"])
@pytest.mark.parametrize("path", ["/", "/static/js/index.js", "/media/abc.pdf", "/sign-in"])
def test_no_answer_may_be_framed_or_taken_for_a_script(home, peer, path):
    before = request(path, HERE | PAGE, peer)
    People(home.store).add("ann", PASSWORD)
    for answer in (before, request(path, HERE | PAGE, peer)):
        assert "frame-ancestors 'none'" in header(answer, "content-security-policy")
        assert header(answer, "x-frame-options") == "DENY"
        assert header(answer, "x-content-type-options") == "nosniff"
        assert header(answer, "referrer-policy") == "same-origin"
        assert len({name for name, _ in answer.headers}) == len(answer.headers)


@pytest.mark.parametrize("peer", ["127.0.0.1", "192.0.2.7"])
def test_without_a_session_nothing_is_reached(registered, peer):
    for path in STREAMLIT:
        assert request(path, HERE, peer).status == 401
        answer = request(path, HERE | PAGE, peer)
        assert (answer.status, header(answer, "location")) == (303, f"/sign-in?next={path}")
    assert connect([b"a"], HERE, peer) == [{"type": "websocket.close", "code": 1008}]
    assert connect([b"a"], with_session("made up"), peer)[0]["type"] == "websocket.close"
    for path in ("/static/js/index.js", "/_stcore/health", "/favicon.png"):
        assert request(path, HERE, peer).text == "inside"
    assert "Password" in request("/sign-in", HERE, peer).text


@pytest.mark.parametrize("path", ["/staticx", "/sign-in/x", "/_stcore/healthx", "/../static/x"])
def test_what_looks_like_the_open_paths_is_not(registered, path):
    assert request(path).status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/static/../media/x", "/static/..", "/static/%2e%2e/media/x", "/static/%2E./media/x",
        "/static/..%2fmedia/x", "/static/..\\media\\x", "/static/x/..%5cmedia",
    ],
)  # fmt: skip
def test_no_path_leads_upwards(registered, path):
    assert request(path).status == 400
    assert (
        request(path, with_session(signin.sign_in(registered.store, "ann", PASSWORD))).status == 400
    )
    assert request("/static/..x/a..b/...").text == "inside"


UPLOAD = "/_stcore/upload_file"


def put(name, home, length=10, method="PUT", tab=""):
    session = with_session(signin.sign_in(home.store, name, PASSWORD))
    guard._TABS.note(f"tab-of-{name}", People(home.store).named(name).id)
    announced = {} if length is None else {"content-length": str(length)}
    return request(f"{UPLOAD}/{tab or f'tab-of-{name}'}/2", session | announced, method=method)


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_who_may_add_no_documents_uploads_nothing(registered, method):
    people = People(registered.store)
    assert put("ann", registered, method=method).text == "inside"  # makes the first collection
    assert put("bob", registered, method=method).status == 403
    collection = registered.store.create_collection("papers")
    sharing.share(registered.store, collection, "bob")
    assert put("bob", registered, method=method).status == 403  # reads only
    people.change("bob", Profile(may_upload=True))
    assert put("bob", registered, method=method).text == "inside"
    sharing.unshare(registered.store, collection, "bob")
    assert put("bob", registered, method=method).status == 403


def test_what_is_longer_than_any_file_may_be_is_refused_unread(registered):
    limit = config.get_option("server.maxUploadSize") << 20
    assert put("ann", registered, limit).text == "inside"
    assert put("ann", registered, limit + 1).status == 413


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_nobody_uploads_into_the_tab_of_another(registered, method):
    People(registered.store).change("bob", Profile("admin", email="bob@firm.example"))
    assert put("bob", registered, method=method).text == "inside"
    assert put("ann", registered, method=method).text == "inside"
    assert put("bob", registered, method=method, tab="tab-of-ann").status == 403
    assert put("bob", registered, method=method, tab="of-nobody").status == 403


def test_uploads_say_how_long_they_are(registered):
    assert put("ann", registered, None).status == 411


def test_what_somebody_has_uploaded_takes_no_more_memory_than_one_file_may(registered, monkeypatch):
    """One person took a gigabyte in eight seconds, held for half an hour."""
    ann = People(registered.store).named("ann").id
    limit = config.get_option("server.maxUploadSize") << 20
    assert put("ann", registered, 10).text == "inside"
    monkeypatch.setattr(tabs.Uploads, "_held", lambda *_: limit - 10)
    assert put("ann", registered, 10).text == "inside"
    assert put("ann", registered, 11).status == 429
    with guard._UPLOADS.taking(ann, 8, limit) as fits:  # one that is on its way
        assert fits
        assert put("ann", registered, 3).status == 429
    assert put("ann", registered, 3).text == "inside"


def new_session(tab):
    message = ForwardMsg()
    message.new_session.initialize.session_id = tab
    return message.SerializeToString()


def opened(token, tab=""):
    """The tab that a connection asks to take up, as it comes to Streamlit."""
    protocols = ", ".join(["streamlit", "xsrf", *([tab] if tab else [])])
    seen = []

    async def inner(scope, receive, send):
        headers = dict(scope["headers"])
        seen.append(headers[b"sec-websocket-protocol"].decode())
        await receive()
        await send({"type": "websocket.send", "bytes": new_session(f"new-of-{token}")})

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        pass

    headers = with_session(token) | {"sec-websocket-protocol": protocols}
    scope = {
        "type": "websocket", "path": "/_stcore/stream", "query_string": b"", "scheme": "ws",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 5000), "server": ("localhost", 8501), "root_path": "",
        "subprotocols": protocols.split(", "),
    }  # fmt: skip
    asyncio.run(guard.Guard(inner)(scope, receive, send))
    return seen[0]


def test_a_tab_is_taken_up_by_whoever_had_it_and_by_nobody_else(registered):
    """Its pending answer is of a collection that the second person may not read."""
    ann = signin.sign_in(registered.store, "ann", PASSWORD)
    bob = signin.sign_in(registered.store, "bob", PASSWORD)
    assert opened(ann) == "streamlit, xsrf"
    assert opened(ann, f"new-of-{ann}") == f"streamlit, xsrf, new-of-{ann}"
    assert opened(bob, f"new-of-{ann}") == "streamlit, xsrf"
    assert opened(ann, "of-nobody-known") == "streamlit, xsrf"
    again = signin.sign_in(registered.store, "ann", PASSWORD)  # another of her sessions
    assert opened(again, f"new-of-{ann}").endswith(f"new-of-{ann}")


def back(**fields):
    return BackMsg(**fields).SerializeToString()


OPERATION = BackendOperationRequest
FOREIGN = {
    "clear cache": back(clear_cache=True),
    "run on save": back(set_run_on_save=True),
    "git": back(load_git_info=True),
    "shutdown": back(debug_shutdown_runtime=True),
    "disconnect": back(debug_disconnect_websocket=True),
    "skills": back(backend_operation_request=OPERATION(request_id="1", install_skills={})),
    "nudge": back(backend_operation_request=OPERATION(request_id="1", dismiss_skills_nudge={})),
    "no operation": back(backend_operation_request=OPERATION(request_id="1")),
    "nothing": b"",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_messages_that_no_page_of_ours_sends_do_not_reach_streamlit(home, kind):
    ours = [
        back(rerun_script={}), back(stop_script=True), back(app_heartbeat=True),
        back(file_urls_request={}),
        back(backend_operation_request=OPERATION(request_id="1", deferred_file={})),
    ]  # fmt: skip
    sent = connect([ours[0], FOREIGN[kind], *ours[1:]])
    assert [message["bytes"] for message in sent if message["type"] == "websocket.send"] == ours


INNER = ("metrics", "agent/interact", "agent/mcp", "script-health-check")


@pytest.mark.parametrize("path", [f"/_stcore/{name}" for name in INNER])
def test_what_streamlit_tells_of_the_server_is_for_admins(registered, path):
    ann, bob = (signin.sign_in(registered.store, one, PASSWORD) for one in ("ann", "bob"))
    assert request(path, with_session(bob)).status == 403
    assert request(path, with_session(ann)).status == (200 if path.endswith("metrics") else 403)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:9999", "x:["])
def test_a_page_of_another_site_reaches_nothing_and_has_nothing_looked_up(registered, origin):
    """Streamlit would ask a host on the internet, twice, on the loop that serves everybody."""
    session = with_session(signin.sign_in(registered.store, "ann", PASSWORD))
    foreign = session | {"origin": origin}
    assert connect([b"a"], foreign) == [{"type": "websocket.close", "code": 1008}]
    for path in ("/", "/static/x.js", "/_stcore/host-config", f"{UPLOAD}/tab-of-ann/2"):
        assert request(path, foreign).status == 403
    own = session | {"origin": "http://localhost:8501"}
    assert request("/", own).text == "inside"
    assert connect([b"a"], own)[1]["bytes"] == b"a"


def test_a_proxy_that_names_itself_otherwise_is_configured(registered, monkeypatch):
    session = with_session(signin.sign_in(registered.store, "ann", PASSWORD))
    foreign = session | {"origin": "https://footnote.firm.example"}
    assert request("/", foreign).status == 403
    forwarded = foreign | {"x-forwarded-host": "footnote.firm.example"}
    assert request("/", forwarded).text == "inside"
    monkeypatch.setattr(origin_module, "_configured", lambda *_: True)
    assert request("/", foreign).text == "inside"


def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_do_not_have(registered):
    answer = sign_in(next="/library?document=abc")
    assert (answer.status, header(answer, "location")) == (303, "/library?document=abc")
    cookie = header(answer, "set-cookie")
    token = cookie.partition("=")[2].partition(";")[0]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert request("/", with_session(token)).text == "inside"
    assert connect([b"a"], with_session(token))[1]["bytes"] == b"a"
    again = request("/sign-in?next=/library", with_session(token))
    assert (again.status, header(again, "location")) == (303, "/library")
    secure = sign_in(headers=THERE | {"origin": "https://footnote.firm.example"})
    assert "Secure" in header(secure, "set-cookie")


def test_signing_in_again_ends_the_session_before(registered):
    first = header(sign_in(), "set-cookie").partition("=")[2].partition(";")[0]
    registered.store.connection.execute("UPDATE sessions SET seen_at = 0")  # it has gone idle
    sign_in("ann", headers=with_session(first))
    rows = registered.store.connection.execute("SELECT person FROM sessions").fetchall()
    assert [row[0] for row in rows] == [People(registered.store).named("ann").id]


def test_a_wrong_password_says_so_and_shows_what_was_typed_harmlessly(registered):
    answer = sign_in('"><script>alert(1)</script>', "wrong")
    assert answer.status == 401
    assert "Name or password is wrong" in answer.text
    assert "<script" not in answer.text
    assert not header(answer, "set-cookie")
    assert "default-src 'none'" in header(answer, "content-security-policy")


def test_too_many_attempts_are_refused(registered):
    for _ in range(signin.FAILURES_OF_A_NAME):
        assert sign_in(password="wrong").status == 401
    assert sign_in().status == 429


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://localhost:8501"},
        {"origin": "null"},
    ],
)
def test_another_sites_form_signs_nobody_in(registered, headers):
    assert sign_in(headers=HERE | headers).status == 403


@pytest.mark.parametrize(
    "place",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/a\r\nb"],
)
def test_signing_in_leads_nowhere_else(registered, place):
    assert header(sign_in(next=place), "location") == "/"


def test_a_form_that_is_too_long_is_no_form(registered):
    assert sign_in(password="x" * 100_000).status == 401


@pytest.mark.parametrize(
    "end",
    [
        lambda people: people.remove("bob"),
        lambda people: people.set_password("bob", "purple monkey dishwasher"),
        lambda people: people.change("bob", Profile("admin", email="bob@firm.example")),
        lambda people: people.sign_out_everywhere("bob"),
    ],
    ids=["removed", "password", "role", "everywhere"],
)
def test_an_open_page_ends_with_its_session(registered, end):
    token = signin.sign_in(registered.store, "bob", PASSWORD)
    people = People(registered.store)
    sent = connect([b"before", lambda: end(people), b"after", b"more"], with_session(token))
    assert sent[1]["bytes"] == b"before"
    assert sent[2]["bytes"] == guard.leave_for("/sign-in")
    assert sent[3] == {"type": "websocket.close", "code": 1008}
    assert len(sent) == 4


def test_an_open_page_of_the_time_before_ends_when_somebody_registers(home):
    register = lambda: People(home.store).add("ann", PASSWORD)  # noqa: E731
    sent = connect([b"before", register, b"after"])
    assert [message["type"] for message in sent[-2:]] == ["websocket.send", "websocket.close"]
    assert b"after" not in [message.get("bytes") for message in sent]


# The organisation's sign-in, from where Streamlit has left its cookie.


@pytest.fixture
def told(registered, monkeypatch):
    """What the provider says; Streamlit signs it as it does after `st.login`."""
    from streamlit.runtime.secrets import AttrDict
    from streamlit.web.server.starlette import starlette_websocket

    section = AttrDict({"client_id": "footnote", "redirect_uri": "http://localhost:8501/x"})
    monkeypatch.setattr("streamlit.auth_util.get_secrets_auth_section", lambda: section)
    monkeypatch.setattr(starlette_websocket, "get_cookie_secret", lambda: "s" * 32)
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

    claims = {
        "email": "Bob@firm.example",
        "email_verified": True,
        "iat": time.time(),
        "origin": "http://localhost:8501",
        "is_logged_in": True,
    }

    def come(secret="s" * 32, **other):
        value = create_signed_value(secret, "_streamlit_user", json.dumps(claims | other)).decode()
        return request("/sign-in/organisation", HERE | {"cookie": f"_streamlit_user={value}"})

    return come


def test_the_organisation_lets_in_whom_footnote_knows(told):
    answer = told()
    assert (answer.status, header(answer, "location")) == (303, "/")
    cookies = [value for name, value in answer.headers if name == "set-cookie"]
    token = cookies[0].partition("=")[2].partition(";")[0]
    assert request("/", with_session(token)).text == "inside"
    assert any(one.startswith('_streamlit_user=""') for one in cookies)
    assert "Sign in with your organisation" in request("/sign-in").text


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"email": "eve@firm.example"}, "eve@firm.example is registered"),
        ({"email_verified": False}, "for certain"),
        ({"email_verified": None}, "for certain"),
        ({"iat": time.time() - 3600}, "for certain"),
        ({"origin": "http://evil.example"}, "for certain"),
        ({"secret": "t" * 32}, "for certain"),
        ({"email": ""}, "for certain"),
    ],
)
def test_the_organisation_lets_in_nobody_else(told, other, said):
    answer = told(**other)
    assert answer.status == 403
    assert said in answer.text
    assert not any(value.startswith("footnote_") for _, value in answer.headers)


def test_whom_the_organisation_sends_in_vain_is_noted(told, registered):
    told(email="eve@firm.example")
    (entry,) = audit.entries(registered.store, ["sign-in failed"]).rows
    assert (entry.who, entry.details) == ("unknown name", "as eve@firm.example")


def test_with_the_organisation_alone_others_come_to_the_page_to_sign_in(home, monkeypatch):
    monkeypatch.setattr(oidc, "providers", lambda: ["default"])
    answer = request("/", THERE | PAGE, peer="192.0.2.7")
    assert (answer.status, header(answer, "location")) == (303, "/sign-in?next=/")
    assert request("/media/x", THERE, peer="192.0.2.7").status == 401
    assert request("/").text == "inside"  # this machine, while nobody is registered


def test_streamlit_looks_up_no_address_of_this_machine(monkeypatch):
    """It asked a host on the internet at the start, and at each request of another site."""
    from streamlit import net_util
    from streamlit.web.server import server_util

    monkeypatch.setattr(net_util, "get_external_ip", net_util.get_external_ip)
    monkeypatch.setattr(net_util, "get_internal_ip", net_util.get_internal_ip)
    asked = []
    monkeypatch.setattr("socket.socket.connect", lambda *told: asked.append(told))
    monkeypatch.setattr("socket.getaddrinfo", lambda *told, **_: asked.append(told) or [])
    origin_module.look_nothing_up()
    assert not server_util.is_url_from_allowed_origins("http://evil.example")
    assert net_util.get_external_ip() is None
    assert asked == []
