"""Tabs through the real server of the pages, as `python -m benchmarks.load --server` has them."""

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed

from benchmarks.readers import OPEN, PASSWORD, names
from benchmarks.served import Tabs, served, table
from benchmarks.tab import RefusedError, Tab, sign_in
from footnote.accounts.people import People
from footnote.home import Home
from indexer.ingest.sources import find
from tests.homes import write_papers

QUESTIONS = ["How many weeks of paid leave are there?", "What is the premium?", "Who pays it?"]


@pytest.fixture(scope="module")
def home(tmp_path_factory, tiny_embedder):
    folder = tmp_path_factory.mktemp("served")
    opened = Home.open(folder / "home")
    opened.registry.install("tiny", tiny_embedder.files.folder)
    opened.registry.use("tiny")
    write_papers(folder / "papers", 8)
    opened.index(find([folder / "papers"]), OPEN, workers=1)
    names(opened, 3)
    return opened


@pytest.fixture(scope="module")
def server(home):
    with served(home.path) as (address, process):
        yield int(address.rpartition(":")[2]), process


def test_tabs_are_answered_each_with_its_own(server):
    port, process = server
    cookies = [sign_in("localhost", port, f"reader-{n}", PASSWORD) for n in range(3)]
    row = Tabs(port, process, QUESTIONS, 0.1).measure("three tabs", cookies, 2.0)
    assert not [one.seen.failures for one in row.drawn if one.seen.failures]
    assert {one.tab for one in row.drawn} == {0, 1, 2}
    assert row.processor > 0
    assert "| three tabs |" in "\n".join(table([row]))


def test_a_follow_up_draws_the_conversation_and_not_the_page_around_it(server):
    port, _ = server
    cookie = sign_in("localhost", port, "reader-0", PASSWORD)

    async def asked():
        async with Tab("localhost", port, cookie) as tab:
            first = await tab.ask(QUESTIONS[0])
            return first, await tab.ask(QUESTIONS[1])

    first, second = asyncio.run(asked())
    assert (first.answers, second.answers) == (1, 1)
    # Each message is some tenths of a millisecond of everybody's time.
    assert second.messages <= 50 < first.messages


def test_nobody_asks_with_a_wrong_password_or_a_session_that_has_ended(server, home):
    port, _ = server
    with pytest.raises(RefusedError):
        sign_in("localhost", port, "reader-1", "not this one")
    people = People(home.store)
    cookie = sign_in("localhost", port, "reader-2", PASSWORD)

    async def asked_after_removal():
        async with Tab("localhost", port, cookie) as tab:
            await tab.ask(QUESTIONS[0])
            (reader,) = [one for one in people.all() if one.name == "reader-2"]
            people.remove(reader.name, "admin")
            await tab.ask(QUESTIONS[1])

    with pytest.raises(ConnectionClosed):
        asyncio.run(asked_after_removal())
