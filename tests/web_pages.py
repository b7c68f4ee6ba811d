"""Pages run by Streamlit's own test harness, and what they show."""

import json

import numpy as np
from streamlit.testing.v1 import AppTest

from footnote import samples
from indexer.chunking import cut
from indexer.parsers import parse
from indexer.records import Span
from indexer.store.store import NewDocument
from rag.history import History
from rag.records import Answer, Footnote, Sentence


def add(home, collection, path, name=None, title=None):
    """Put a file into the store as it is, without an embedder."""
    parsed = parse(path, name)
    name, title = name or path.name, title or parsed.title
    return _stored(home, collection, path, (name, title, parsed.kind), parsed.pages)


def add_handbook(home):
    """The sample's handbook."""
    path = next(path for path in samples.documents() if path.suffix == ".docx")
    return add(home, samples.COLLECTION, path)


def add_pages(home, collection, pages):
    """The same for a text of these pages."""
    path = home.path.parent / "pages.txt"
    path.write_text("\n".join(page.text for page in pages))
    return _stored(home, collection, path, (path.name, path.stem, "text"), pages)


def _stored(home, collection, path, called, pages):
    passages = cut(pages, lambda texts: [len(text.split()) for text in texts])
    number = home.store.create_collection(collection).id
    new = NewDocument(number, *called, home.store.originals.stage(path))
    vectors = np.full((len(passages), 4), 0.5, np.float16)
    return home.store.add(new, pages, passages, vectors, home.embedder.fingerprint)


def remember(home, document, verdict="supported", text="Staff have 30 days of leave."):
    """A conversation of one turn about a document."""
    history = History(home.store)
    passage = home.store.passages_of(document.id)[0]
    span = Span(passage.spans[0].page, passage.spans[0].start, passage.spans[0].start + 10)
    quote = home.store.page(document.id, span.page).text[span.start : span.end]
    note = Footnote(
        1, document.id, document.title, document.path, passage.pages, quote, span, passage.id
    )
    answer = Answer(
        "How much leave?", "How much leave?", (Sentence(text, verdict, (1,)),), (note,),
        False, 0.9, "extractive", (), 0.2,
    )  # fmt: skip
    talk = history.start([document.collection], "How much leave?")
    history.add(talk.id, answer)
    return talk


def ask_page(**query):
    app = AppTest.from_file("../app.py", default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def library_page(**query):
    def page():
        from footnote.web.library import page

        page.show()

    app = AppTest.from_function(page, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def component(app, number=0):
    return _components(app)[number]


def _components(app):
    """What is handed to the components that are given anything."""
    parts = [json.loads(part.proto.json or "{}") for part in app.get("bidi_component")]
    return [part for part in parts if part]


def labels(app):
    return [button.label for button in app.button]


def table(app):
    return next(data for data in _components(app) if "rows" in data)
