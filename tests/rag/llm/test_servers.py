"""Which models a server offers, and what is found on this machine."""

import pytest
from scripted_server import Reply, scripted_server

from rag.llm.client import MalformedReplyError, UnreachableError
from rag.llm.servers import local_servers, models_at


def test_a_server_names_its_models():
    with scripted_server(Reply()) as server:
        server.models = ("small", "large")
        assert models_at(server.url, "secret") == ("small", "large")
        assert server.keys == ["Bearer secret"]


def test_an_address_where_nothing_answers_says_so():
    with scripted_server(Reply()) as server:
        url = server.url
    with pytest.raises(UnreachableError, match="nothing answers"):
        models_at(url)
    with pytest.raises(UnreachableError, match="no web address"):
        models_at("file:///etc/passwd")


def test_an_address_without_its_path_says_so():
    with scripted_server(Reply()) as server, pytest.raises(MalformedReplyError, match="/v1"):
        models_at(f"{server.url}/nowhere/models-of")


def test_servers_of_this_machine_are_found_and_the_others_left_out():
    with scripted_server(Reply()) as server:
        found = local_servers({"Here": server.url, "Nowhere": "http://127.0.0.1:9/v1"})
    assert [(one.name, one.models) for one in found] == [("Here", ("tiny",))]
    assert not server.requests  # looked at, not used
