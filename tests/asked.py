"""A home that programs ask: two collections, one of which nobody shares."""

import pytest

from footnote.home import Home
from indexer.ingest.sources import find
from tests.api_server import copied
from tests.file_writers import pdf, text_at


@pytest.fixture(scope="session")
def asked_home(tmp_path_factory, tiny_embedder):
    folder = tmp_path_factory.mktemp("asked")
    home = Home.open(folder / "home")
    home.registry.install("tiny", tiny_embedder.files.folder)
    home.registry.use("tiny")
    (folder / "leave.txt").write_text(
        "Paid leave is sixteen weeks for every employee.\n\nIt begins with the birth."
    )
    (folder / "premium.pdf").write_bytes(
        pdf(
            [
                text_at(72, 700, "The premium is paid by the employer every month."),
                text_at(72, 700, "The deductible is 300 euros a year."),
            ]
        )
    )
    (folder / "secret.txt").write_text("The zebra of the board is called Sixtus.")
    home.index(find([folder / "leave.txt", folder / "premium.pdf"]), "policies")
    home.index(find([folder / "secret.txt"]), "board")
    return home


@pytest.fixture
def home(asked_home, tmp_path, monkeypatch):
    """A copy of it, as the one that is served."""
    opened = copied(asked_home, tmp_path / "home")
    monkeypatch.setenv("FOOTNOTE_HOME", str(opened.path))
    return opened
