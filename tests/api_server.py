"""The API as programs reach it: in this process, and over a socket."""

import asyncio
import shutil
import threading
from contextlib import contextmanager

import uvicorn
from starlette.testclient import TestClient

from footnote.accounts import keys
from footnote.accounts.people import People
from footnote.api.serve import app
from footnote.home import Home

HERE = "http://localhost:8501"


def client(key="", base_url=HERE, peer="127.0.0.1", **headers):
    """A program of this machine, with a key if one is given."""
    if key:
        headers["authorization"] = f"Bearer {key}"
    return TestClient(
        app(),
        base_url=base_url,
        client=(peer, 5000),
        headers=headers,
        raise_server_exceptions=False,
    )


def key_of(home, name):
    """A new key of somebody."""
    return keys.make(home.store, People(home.store).named(name)).secret


def copied(home, folder):
    """A copy of a home for one test."""
    home.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copytree(home.path, folder)
    return Home.open(folder)


@contextmanager
def served():
    """The API on a free port of this machine; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app(), port=0, log_level="warning"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
