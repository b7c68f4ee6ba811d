"""How often, how much, how many at once: refused in JSON, with what to do."""

import asyncio
import threading
import time

import pytest

from footnote.accounts.people import People
from footnote.api import limits
from footnote.api.limits import Rates, Turns
from tests.api_server import client, key_of


def test_an_allowance_comes_back_evenly():
    now = [0.0]
    rates = Rates(lambda: now[0])
    assert [rates.wait("ann", 60) for _ in range(61)][:60] == [0.0] * 60
    assert rates.wait("ann", 60) == pytest.approx(1.0)
    assert rates.wait("bob", 60) == 0.0
    now[0] = 1.0
    assert rates.wait("ann", 60) == 0.0
    assert rates.wait("ann", 60) > 0
    now[0] = 1e9
    assert [rates.wait("ann", 60) for _ in range(61)].count(0.0) == 60


def test_allowances_are_not_remembered_without_end(monkeypatch):
    monkeypatch.setattr(limits, "_PEOPLE", 10)
    rates = Rates(lambda: 0.0)
    for number in range(50):
        rates.wait(str(number), 60)
    assert len(rates._left) == 10


def test_who_waits_for_a_turn_gets_it_and_who_waits_too_long_or_in_too_long_a_line_does_not():
    async def played():
        turns = Turns(at_once=1, seconds=0.2, most=2)
        assert await turns.take()
        waiting = [asyncio.create_task(turns.take()) for _ in range(3)]
        await asyncio.sleep(0.05)
        turns.give_back()
        return [await one for one in waiting]

    assert asyncio.run(played()) == [True, False, False]


def test_too_many_requests_a_minute_are_refused_by_person(home, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_API_RATE", "3")
    monkeypatch.setattr(limits, "home", lambda: type(home).open(home.path))
    people = People(home.store)
    for name in ("ann", "bob"):
        people.add(name, "correct horse battery")
    secrets = key_of(home, "ann"), key_of(home, "ann"), key_of(home, "bob")
    call = client()
    answers = [
        call.get("/api/v1/collections", headers={"authorization": f"Bearer {one}"})
        for one in (secrets[0], secrets[0], secrets[1], secrets[1], secrets[2])
    ]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 200]
    assert int(answers[3].headers["retry-after"]) >= 1
    assert "api_rate" in answers[3].json()["error"]["message"]


@pytest.mark.parametrize("announced", [True, False])
def test_what_is_too_long_is_refused(home, monkeypatch, announced):
    monkeypatch.setattr(limits, "_JSON_BYTES", 1000)
    body = b'{"query": "' + b"a" * 2000 + b'"}'
    kind = {"content-type": "application/json"}
    sent = body if announced else iter([body])  # in pieces, whose number is not said
    said = client().post("/api/v1/search", content=sent, headers=kind)
    assert said.status_code == 413
    assert "file_mb" in said.json()["error"]["message"]


def test_an_upload_may_be_as_long_as_a_file(home, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_FILE_MB", "1")
    monkeypatch.setattr(limits, "home", lambda: type(home).open(home.path))
    files = [("files", ("a.txt", b"a" * (3 << 20)))]
    assert client().post("/api/v1/documents", files=files).status_code == 413
    assert not list((home.path / "uploads").glob("*"))


def test_more_than_may_be_worked_on_at_once_are_refused(home, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_API_AT_ONCE", "1")
    monkeypatch.setattr(limits, "home", lambda: type(home).open(home.path))
    monkeypatch.setattr(Turns.__init__, "__defaults__", (0.1, 128))
    begun, go_on = threading.Event(), threading.Event()

    def slow(self, *_, **__):
        begun.set()
        go_on.wait(30)
        return []

    monkeypatch.setattr("footnote.access.Access.collections", slow)
    with client() as call:
        answers = []
        first = threading.Thread(
            target=lambda: answers.append(call.get("/api/v1/collections").status_code)
        )
        first.start()
        begun.wait(30)
        refused = call.get("/v1/models")
        go_on.set()
        first.join()
    assert answers == [200]
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    assert "api_at_once" in refused.json()["error"]["message"]


def test_whoever_follows_a_job_takes_no_turn(home, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_API_AT_ONCE", "1")
    monkeypatch.setattr(limits, "home", lambda: type(home).open(home.path))
    from footnote.jobs import queue

    row = {"id": "1", "kind": "index", "arguments": "{}", "state": "waiting", "created_at": 1.0}
    queue._table(home).insert(row)
    with client() as call:
        followed = []
        watcher = threading.Thread(
            target=lambda: followed.append(
                call.get("/api/v1/jobs/1", headers={"accept": "text/event-stream"}).text
            )
        )
        watcher.start()
        time.sleep(0.3)
        assert call.get("/api/v1/collections").status_code == 200
        queue.update(home, "1", state="done")
        watcher.join()
    assert "event: end" in followed[0]


def test_no_cache_and_no_other_site_keeps_an_answer(home):
    said = client().get("/api/v1/documents")
    assert said.headers["cache-control"] == "no-store"
    assert said.headers["cross-origin-resource-policy"] == "same-origin"
    assert said.headers["x-content-type-options"] == "nosniff"
