"""MCP, by the official SDK's own client, over both transports and both of its protocols."""

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import pytest
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from footnote.access import Access
from footnote.accounts.people import ONLY_USER, People, Profile
from footnote.mcp import documents
from footnote.mcp.server import make
from footnote.mcp.weights import Weights
from tests.api_server import client, key_of, served

ROOT = Path(__file__).parents[3]
TOOLS = {"search", "fetch", "ask", "list_collections"}


async def conversation(server, mode):
    """What a program that knows nothing of Footnote finds out, step by step."""
    async with Client(server, mode=mode) as program:
        tools = {tool.name: tool for tool in (await program.list_tools()).tools}
        collections = await program.call_tool("list_collections", {})
        found = await program.call_tool("search", {"query": "paid leave", "k": 3})
        first = found.structured_content["results"][0]
        fetched = await program.call_tool("fetch", {"id": first["id"]})
        answer = await program.call_tool("ask", {"question": "How many weeks of paid leave?"})
        listed = (await program.list_resources()).resources
        read = await program.read_resource(str(listed[0].uri))
        templates = (await program.list_resource_templates()).resource_templates
        wrong = await program.call_tool("fetch", {"id": "nothing"})
        return locals()


def looked_at(seen):
    assert set(seen["tools"]) == TOOLS
    for tool in seen["tools"].values():
        assert tool.annotations.read_only_hint
        assert tool.description
    names = [one["name"] for one in seen["collections"].structured_content["collections"]]
    assert names == ["board", "policies"]
    # The shapes that ChatGPT's and Claude's connectors want; as text too, for those that read it.
    assert {"id", "title", "url"} <= set(seen["first"])
    assert json.loads(seen["found"].content[0].text) == seen["found"].structured_content
    text = seen["fetched"].structured_content
    assert {"id", "title", "text", "url"} <= set(text)
    assert "Paid leave is sixteen weeks" in text["text"]
    answer = seen["answer"].structured_content
    assert "sixteen weeks" in answer["answer"]
    assert answer["sentences"][0]["verdict"] == "supported"
    assert answer["footnotes"][0]["quote"]
    assert len(seen["listed"]) == 3
    assert seen["read"].contents[0].text
    assert len(seen["templates"]) == 2
    assert seen["wrong"].is_error
    assert "no document 'nothing'" in seen["wrong"].content[0].text


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_over_http(home, mode):
    with served() as address:
        seen = asyncio.run(conversation(f"{address}/mcp", mode))
    looked_at(seen)
    assert seen["first"]["url"].startswith(address)


def test_over_stdio(home):
    command = [sys.executable, "-m", "footnote", "--home", str(home.path), "mcp"]
    program = StdioServerParameters(command=command[0], args=command[1:], cwd=str(ROOT))
    seen = asyncio.run(conversation(program, "legacy"))
    looked_at(seen)
    assert seen["first"]["url"].startswith(documents.URI)


def test_over_http_the_key_decides_at_each_request(home):
    people = People(home.store)
    people.add("ann", "correct horse battery")
    people.add("bob", "correct horse battery")

    async def asked(address, key):
        headers = {"authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(
                streamable_http_client(f"{address}/mcp", http_client=http), mode="auto"
            ) as program,
        ):
            first = await program.call_tool("list_collections", {})
            people.change("bob", Profile("admin"))
            second = await program.call_tool("list_collections", {})
            return [len(one.structured_content["collections"]) for one in (first, second)]

    with served() as address:
        assert asyncio.run(asked(address, key_of(home, "bob"))) == [0, 2]


def test_it_answers_before_the_weights_are_there(home):
    never = Weights(home)  # not started: they never come
    never.ready = lambda seconds=0.01: threading.Event().wait(0.01)
    access = Access(home, lambda: ONLY_USER)
    server = make(lambda _: (access, str), never)

    async def asked():
        async with Client(server, mode="legacy") as program:
            assert (await program.list_tools()).tools
            found = await program.call_tool("search", {"query": "paid leave"})
            document = found.structured_content["results"][0]["id"]
            assert not (await program.call_tool("fetch", {"id": document})).is_error
            return found.structured_content

    found = asyncio.run(asked())
    assert found["results"][0]["title"] == "leave"
    assert found["notice"] == documents.BY_WORDS


def test_it_starts_without_torch(home):
    program = (
        "import sys; from footnote.home import Home; from footnote.mcp import server, stdio;"
        " print({'torch', 'streamlit', 'faiss', 'fastapi'} & set(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert said.stdout.strip() == "set()"


def test_a_long_document_comes_in_parts(home, monkeypatch):
    monkeypatch.setattr(documents, "_LONGEST", 10)
    access = Access(home, lambda: ONLY_USER)
    pdf = next(one for one in access.documents().rows if one.kind == "pdf")
    first = documents.fetched(access, pdf.id, str)
    assert "premium" in first.text
    assert first.metadata["next"] == f"{pdf.id}/2"
    second = documents.fetched(access, first.metadata["next"], str)
    assert "300 euros" in second.text
    assert "next" not in second.metadata


def test_the_list_of_documents_is_paged(home, monkeypatch):
    from footnote.mcp import server as module

    monkeypatch.setattr(module, "_LISTED", 2)
    access = Access(home, lambda: ONLY_USER)
    server = make(lambda _: (access, str), Weights(home))

    async def asked():
        async with Client(server, mode="legacy") as program:
            first = await program.list_resources()
            second = await program.list_resources(cursor=first.next_cursor)
            return first, second

    first, second = asyncio.run(asked())
    assert (len(first.resources), len(second.resources), second.next_cursor) == (2, 1, None)


def test_what_is_no_post_and_what_is_no_document_is_said(home):
    assert client().get("/mcp").status_code == 405
    access = Access(home, lambda: ONLY_USER)
    server = make(lambda _: (access, str), Weights(home))

    async def asked():
        async with Client(server, mode="legacy") as program:
            with pytest.raises(MCPError, match="no document"):
                await program.read_resource("footnote://documents/nothing")

    asyncio.run(asked())
