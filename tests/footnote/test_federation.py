"""Homes searched as one: the order of one home, rights in each, and nobody waited for."""

import json
import random
import threading
import time

import pytest

from footnote import federation
from footnote.access import Access
from footnote.accounts import sharing
from footnote.accounts.people import People, Profile
from footnote.federation import Attached, AttachError
from footnote.home import Home
from indexer.ingest.sources import find
from indexer.search.peers import PeerError
from tests.api_server import key_of, served
from tests.asked import asked_home, home  # noqa: F401

SAID = "leave paid travel premium policy employee weeks document plan rules teeth office"
WORDS = SAID.split()
QUESTIONS = ["paid leave of an employee", "the premium of the plan", "rules for travel", "teeth"]


def write(folder, count, seed=0):
    folder.mkdir()
    draw = random.Random(seed)
    for number in range(count):
        text = " ".join(draw.choices(WORDS, weights=range(1, 13), k=draw.randrange(10, 60)))
        own = f"thing{number}"
        (folder / f"{number:03}.md").write_text(f"# Report {own}\n\nThe {own} is {text}. End.\n")
    return sorted(folder.iterdir())


def made(path, embedder, files, collection="reports"):
    opened = Home.open(path)
    opened.registry.install("tiny", embedder.files.folder)
    opened.registry.use("tiny")
    opened.index(find(files), collection)
    return opened


@pytest.fixture(scope="module")
def homes(tmp_path_factory, tiny_embedder):
    """One home with everything, and three with a part each."""
    folder = tmp_path_factory.mktemp("homes")
    files = write(folder / "files", 90)
    whole = made(folder / "whole", tiny_embedder, files)
    parts = [made(folder / f"part{n}", tiny_embedder, files[n::3]) for n in range(3)]
    # What is fitted on few passages is only a guess: as in one home, let it be the same.
    for home in (whole, *parts):  # noqa: F402
        number = home.collection("reports").id
        fingerprint = home.store.generation(number)
        fitted = home.store.fusion_weight(number, fingerprint)
        every = [one for ids in _ids(home, number) for one in ids]
        home.store.set_fusion_weight(number, fingerprint, _background(fitted, every))
    for n, other in enumerate(parts[1:], start=1):
        federation.attach(parts[0], Attached(f"part{n}", str(other.path), ("reports",)))
    return whole, parts


def _ids(home, number):  # noqa: F811
    for document in home.store.documents([number], limit=1000).rows:
        yield [one.id for one in home.store.passages_of(document.id)]


def _background(fitted, every):
    values = json.loads(fitted) | {"background": every, "dense": 0.5}
    return json.dumps(values)


def texts(found):
    return [(one.passage.text, round(one.score, 4)) for one in found.hits]


@pytest.mark.parametrize("mode", ["fused", "keyword", "dense"])
def test_parts_are_ordered_as_one_home_is(homes, mode):
    whole, parts = homes
    for question in QUESTIONS:
        one = whole.searcher.find(question, whole.scope(), 10, mode)
        several = parts[0].federation.find(question, parts[0].scope(), 10, mode)
        assert sorted(texts(several)) == sorted(texts(one))
        assert [score for _, score in texts(several)] == [score for _, score in texts(one)]
        assert len({one.passage.id for one in several.hits}) == 10
        assert several.notice == ""


def test_a_home_alone_is_searched_as_ever(homes):
    whole, _ = homes
    assert whole.alone
    for question in QUESTIONS:
        one = whole.searcher.find(question, whole.scope(), 10)
        several = whole.federation.find(question, whole.scope(), 10)
        assert [hit.passage for hit in one.hits] == [hit.passage for hit in several.hits]
        assert [hit.document for hit in one.hits] == [hit.document for hit in several.hits]
        assert [hit.score for hit in one.hits] == pytest.approx([h.score for h in several.hits])
        ranks = [(h.dense_rank, h.keyword_rank) for h in one.hits]
        assert [(h.dense_rank, h.keyword_rank) for h in several.hits] == ranks


def test_answers_quote_documents_of_other_homes(homes, tmp_path, tiny_embedder):
    (tmp_path / "a.md").write_text("# Canteen\n\nThe canteen opens at noon for guests.\n")
    (tmp_path / "b.md").write_text("# Garage\n\nThe garage closes at eight in winter.\n")
    mine = made(tmp_path / "mine", tiny_embedder, [tmp_path / "a.md"], "house")
    other = made(tmp_path / "other", tiny_embedder, [tmp_path / "b.md"], "house")
    federation.attach(mine, Attached("annex", str(other.path), ("house",)))
    answer = mine.common_answerer.ask("When does the garage close in winter?", mine.scope())
    assert "closes at eight" in answer.text
    (note,) = {one.path for one in answer.footnotes}
    assert note.startswith("annex: ")
    assert note.endswith("b.md")
    federation.detach(mine, "annex")
    again = mine.common_answerer.ask("When does the garage close in winter?", mine.scope())
    assert "closes at eight" not in again.text


def test_a_home_that_is_away_is_named_and_not_waited_for(homes, tmp_path, tiny_embedder):
    (tmp_path / "a.md").write_text("# Canteen\n\nThe canteen opens at noon for guests.\n")
    mine = made(tmp_path / "mine", tiny_embedder, [tmp_path / "a.md"], "house")
    other = made(tmp_path / "other", tiny_embedder, [tmp_path / "a.md"], "house")
    federation.attach(mine, Attached("annex", str(other.path), ("house",)))
    (other.path / "footnote.db").rename(tmp_path / "gone.db")
    found = mine.finder.find("canteen", mine.scope())
    assert len(found.hits) == 1
    assert "annex" in found.notice


def test_one_that_hangs_in_the_middle_is_left_behind(homes):
    parts = homes[1]
    asked = []

    class Slow:
        name = "slow"

        def names(self, scope):
            return {"reports": next(iter(scope.collections))}

        def ask(self, what, **given):
            asked.append(what)
            if what == "survey":
                time.sleep(3)
            if what == "languages":
                return []
            raise PeerError("too late")

    from indexer.search.federation import Federation

    own = parts[0].federation._peers()[0]
    together = Federation(lambda: [own, Slow()], patience=0.3)
    began = time.monotonic()
    found = together.find("paid leave", parts[0].scope())
    assert time.monotonic() - began < 2.5
    assert found.hits
    assert "slow" in found.notice
    assert asked == ["languages", "survey"]


def test_over_http_with_a_key_its_person_decides(home, tmp_path, tiny_embedder):  # noqa: F811
    """The served home has `policies` and `board`; bob may read the first."""
    People(home.store).add("ann", "a long password", Profile("admin"))
    People(home.store).add("bob", "a long password")
    sharing.share(home.store, home.collection("policies"), "bob")
    (tmp_path / "own.md").write_text("# Parking\n\nParking is free for every employee.\n")
    mine = made(tmp_path / "mine", tiny_embedder, [tmp_path / "own.md"], "policies")
    with served() as address:
        with pytest.raises(AttachError, match="401"):
            federation.attach(mine, Attached("head", address, ("policies",), "fn_wrong"))
        told = Attached("head", address, ("policies", "board"), key_of(home, "bob"))
        federation.attach(mine, told)
        found = mine.finder.find("paid leave weeks", mine.scope())
        assert any("sixteen weeks" in hit.passage.text for hit in found.hits)
        assert found.notice == ""
        hidden = mine.finder.find("zebra Sixtus", mine.scope())
        assert not any("Sixtus" in hit.passage.text for hit in hidden.hits)
        answer = mine.common_answerer.ask("How long is paid leave?", mine.scope())
        assert "sixteen weeks" in answer.text
        # Whoever may not read the collection here sees nothing of it there.
        People(mine.store).add("root", "a long password", Profile("admin"))
        eve = People(mine.store).add("eve", "a long password")
        access = Access(mine, lambda: eve, attached=True)
        assert access.asking.search("paid leave weeks").hits == ()
        assert access.asking.ask("How long is paid leave?").abstained
        peer = mine.federation._peers()[1]
        secret = next(one.id for one in home.store.documents([home.collection("board").id]).rows)
        with pytest.raises(PeerError, match="404"):
            peer._ask("page", {"document": secret, "number": 1})
        with pytest.raises(PeerError, match="refused"):
            peer._ask("everything", {})
    peer._away_until = 0.0
    gone = mine.finder.find("parking", mine.scope())
    assert len(gone.hits) == 1
    assert "head" in gone.notice


def test_what_is_said_wrongly_is_no_answer(homes, tmp_path, tiny_embedder):
    """A server that is no Footnote, or no good one, is away."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Liar(BaseHTTPRequestHandler):
        def do_POST(self):
            body = b'{"said": {"words": "no", "weights": 3}}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Liar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "a.md").write_text("# Canteen\n\nThe canteen opens at noon for guests.\n")
    mine = made(tmp_path / "mine", tiny_embedder, [tmp_path / "a.md"], "house")
    federation._write(
        mine.path, [Attached("liar", f"http://127.0.0.1:{server.server_port}", ("house",))]
    )
    found = mine.finder.find("canteen", mine.scope())
    assert len(found.hits) == 1
    assert "liar" in found.notice
    server.shutdown()


def test_attaching_is_checked(homes, tmp_path):
    _, parts = homes
    for wrong, reason in (
        (Attached("part1", str(parts[1].path), ("reports",)), "detach it first"),
        (Attached("..", str(parts[1].path), ("reports",)), "no name"),
        (Attached("me", str(parts[0].path), ("reports",)), "itself"),
        (Attached("no", str(tmp_path / "nothing"), ("reports",)), "no home"),
    ):
        with pytest.raises(AttachError, match=reason):
            federation.attach(parts[0], wrong)
    with pytest.raises(AttachError, match="no home called"):
        federation.detach(parts[0], "nobody")
    assert (parts[0].path / federation.FILE).stat().st_mode & 0o777 == 0o600
