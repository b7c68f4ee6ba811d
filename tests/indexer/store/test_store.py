"""The store through its own door: what is added is found, what is deleted is gone."""

import hashlib
import sqlite3
import threading
from dataclasses import replace

import numpy as np
import pytest
from homes import add_lines, clustered

from indexer.doctor import checks
from indexer.doctor.repair import examine
from indexer.records import Page, Passage, Span
from indexer.store.errors import CollectionGoneError, UnknownDocumentError, UnknownOriginalError
from indexer.store.store import Failure, NewDocument, Store

FINGERPRINT = "f" * 16
LEAVE = [
    "Paid leave lasts sixteen weeks for every employee of the company.",
    "The premium of the health plan is paid by the employer every month.",
]
TRAVEL = ["Travel expenses are refunded within thirty days after the journey has ended."]


class Shelf:
    """A store with one collection, and files to put there."""

    def __init__(self, folder):
        self.folder = folder
        self.store = Store.open(folder / "home")
        self.collection = self.store.create_collection("Handbook").id

    def add(self, name, lines, collection=None, **options):
        vectors = clustered(len(lines), 8, seed=len(lines[0]))
        place, file = collection or self.collection, self.folder / name
        return add_lines(self.store, place, file, lines, vectors, FINGERPRINT, **options)

    def found(self, query, collection=None):
        """Texts of the passages that a keyword search finds."""
        hits = self.store.keyword(collection or self.collection, query, 10)
        passages = self.store.passages(number for number, _ in hits)
        return [passages[number].text for number, _ in hits]

    def problems(self):
        return examine(self.store, self.folder / "home" / "index")

    def originals(self):
        return set(self.store.originals.hashes())


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


def test_what_is_added_is_read_back(shelf):
    document = shelf.add("leave.txt", LEAVE)
    assert shelf.store.document(document.id) == document
    assert (document.revision, document.current, document.state) == (1, True, "ready")
    assert (document.pages, document.passages) == (1, 2)
    (page,) = shelf.store.pages(document.id)
    assert page == shelf.store.page(document.id, 1)
    assert page.text == "\n".join(LEAVE)
    passages = shelf.store.passages_of(document.id)
    assert [passage.text for passage in passages] == LEAVE
    assert all(passage.document == document.id and passage.id for passage in passages)
    span = passages[1].spans[0]
    assert page.text[span.start : span.end] == LEAVE[1]
    assert shelf.store.original(document.content_hash).read_text() == page.text
    assert not shelf.problems()


def test_what_is_on_a_page_is_read_by_itself(shelf):
    pages = [Page(n, f"Rule {n}. It holds.", problem="dim" * (n in (2, 12))) for n in range(1, 13)]
    spans = [(Span(n, 0, 9),) for n in range(1, 12)] + [(Span(1, 0, 4), Span(12, 0, 3))]
    passages = [Passage(str(n), (), held, n) for n, held in enumerate(spans)]
    file = shelf.folder / "rules.txt"
    file.write_text("Rules.")
    original = shelf.store.originals.stage(file)
    new = NewDocument(shelf.collection, "rules.txt", "Rules", "text", original)
    vectors = clustered(len(passages), 8)
    document = shelf.store.add(new, pages, passages, vectors, FINGERPRINT)
    on = lambda page: [one.text for one in shelf.store.passages_on(document.id, page)]  # noqa: E731
    assert (on(1), on(2), on(11), on(12), on(13)) == (["0", "11"], ["1"], ["10"], ["11"], [])
    assert shelf.store.passages_on("nobody", 1) == []
    assert shelf.store.problem_pages(document.id) == [2, 12]


def test_what_is_not_there_is_named(shelf):
    document = shelf.add("leave.txt", LEAVE)
    with pytest.raises(UnknownDocumentError, match="nobody"):
        shelf.store.document("nobody")
    with pytest.raises(UnknownDocumentError, match="no page 7"):
        shelf.store.page(document.id, 7)
    with pytest.raises(UnknownOriginalError, match="index the file again"):
        shelf.store.original("0" * 64)


def test_the_same_content_is_one_document(shelf):
    first = shelf.add("leave.txt", LEAVE)
    assert shelf.add("copy.txt", LEAVE) == first
    assert shelf.store.documents([shelf.collection]).total == 1
    other = shelf.store.create_collection("Other").id
    assert shelf.add("leave.txt", LEAVE, other).id != first.id
    assert len(shelf.originals()) == 1
    assert not shelf.problems()


def test_a_changed_file_supersedes_its_old_revision(shelf):
    old = shelf.add("rules.txt", LEAVE)
    new = shelf.add("rules.txt", TRAVEL)
    assert (new.revision, new.path) == (2, old.path)
    assert shelf.found("leave") == []
    assert shelf.found("travel") == TRAVEL
    assert shelf.store.documents([shelf.collection]).rows == (new,)
    assert [document.revision for document in shelf.store.revisions(new.id)] == [2, 1]
    assert not shelf.store.document(old.id).current
    # An answer that cited the old revision still opens what it cited.
    assert shelf.store.page(old.id, 1).text == "\n".join(LEAVE)
    assert shelf.store.original(old.content_hash).exists()
    assert shelf.store.passages_of(old.id) == []
    assert not shelf.problems()


def test_a_file_that_becomes_a_copy_of_another_has_no_document(shelf):
    shelf.add("a.txt", LEAVE)
    travel = shelf.add("b.txt", TRAVEL)
    assert shelf.add("a.txt", TRAVEL) == travel
    assert shelf.found("leave") == []
    assert shelf.store.documents([shelf.collection]).total == 1
    back = shelf.add("a.txt", LEAVE)
    assert back.revision == 2
    assert len(shelf.found("leave")) == 1


def test_the_same_file_is_added_once_unless_it_is_to_be_written_again(shelf):
    first = shelf.add("a.txt", LEAVE)
    assert shelf.add("a.txt", LEAVE) == first
    second = shelf.add("a.txt", LEAVE, force=True)
    assert (second.revision, second.content_hash) == (2, first.content_hash)
    assert len(shelf.found("leave")) == 1
    assert not shelf.problems()


def test_deleting_leaves_nothing_and_says_what_went(shelf):
    shelf.add("rules.txt", LEAVE)
    document = shelf.add("rules.txt", TRAVEL)
    kept = shelf.add("kept.txt", ["Parking is free for visitors of the museum on Sundays."])
    gone = [passage.id for passage in shelf.store.passages_of(document.id)]
    receipt = shelf.store.delete([document.id, "unknown"])
    assert document.id in receipt.documents
    assert len(receipt.documents) == 2  # with the superseded revision
    assert (receipt.pages, receipt.passages, receipt.vectors, receipt.files) == (2, 1, 1, 2)
    assert receipt.bytes > len("\n".join(LEAVE)) + len(TRAVEL[0])
    assert shelf.found("travel leave") == []
    assert shelf.store.passages(gone) == {}
    assert shelf.store.passage_vectors(gone, FINGERPRINT) == {}
    assert shelf.originals() == {kept.content_hash}
    noted = shelf.store.connection.execute("SELECT passage FROM deleted_passages").fetchall()
    assert {row[0] for row in noted} >= set(gone)
    assert shelf.store.delete([document.id]).documents == ()
    assert not shelf.problems()


def test_an_original_stays_while_someone_has_it(shelf):
    other = shelf.store.create_collection("Other").id
    first = shelf.add("a.txt", LEAVE)
    second = shelf.add("a.txt", LEAVE, other)
    assert shelf.store.delete([first.id]).files == 0
    assert shelf.store.original(second.content_hash).exists()
    assert shelf.store.delete([second.id]).files == 1
    assert shelf.originals() == set()


def test_ids_of_passages_and_collections_are_never_used_again(shelf):
    document = shelf.add("a.txt", LEAVE)
    highest = max(passage.id for passage in shelf.store.passages_of(document.id))
    shelf.store.delete_collection(shelf.collection)
    again = shelf.store.create_collection("Handbook").id
    assert again > shelf.collection
    document = shelf.add("a.txt", LEAVE, again)
    assert min(passage.id for passage in shelf.store.passages_of(document.id)) > highest


def test_a_deleted_collection_takes_everything_along(shelf):
    shelf.add("a.txt", LEAVE)
    shelf.store.add_failure(shelf.collection, "/b.pdf", Failure("is damaged"))
    receipt = shelf.store.delete_collection(shelf.collection)
    assert (len(receipt.documents), receipt.passages, receipt.files) == (2, 2, 1)
    assert shelf.store.collections() == []
    assert shelf.store.collection("Handbook") is None
    tables = shelf.store.connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert not [row[0] for row in tables if row[0].startswith("keywords_")]
    for table in ("documents", "pages", "passages", "vectors", "deleted_passages"):
        count = shelf.store.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        assert count == 0, table


def test_collections_do_not_see_each_other(shelf):
    other = shelf.store.create_collection("Other").id
    shelf.add("a.txt", LEAVE)
    shelf.add("b.txt", TRAVEL, other)
    assert shelf.found("travel") == []
    assert shelf.found("travel", other) == TRAVEL
    assert shelf.store.documents([other]).total == 1
    assert shelf.store.documents([]).total == 0
    statistics = shelf.store.term_statistics([shelf.collection], "travel leave")
    assert statistics.passages == 2
    assert sorted(statistics.holding.values()) == [0, 1]
    both = shelf.store.term_statistics([shelf.collection, other], "travel leave")
    assert (both.passages, sorted(both.holding.values())) == (3, [1, 1])


def test_failures_are_listed_until_they_succeed(shelf):
    failed = shelf.store.add_failure(
        shelf.collection, str(shelf.folder / "a.txt"), Failure("is bad")
    )
    assert (failed.state, failed.problem) == ("failed", "is bad")
    again = shelf.store.add_failure(shelf.collection, failed.path, Failure("is still bad"))
    assert shelf.store.documents([shelf.collection], state="failed").rows == (again,)
    document = shelf.add("a.txt", LEAVE)
    assert shelf.store.documents([shelf.collection]).rows == (document,)
    assert not shelf.problems()


def test_a_failure_takes_nothing_away_that_could_be_read_before(shelf):
    document = shelf.add("a.txt", LEAVE)
    same = Failure("took too long", document.content_hash, document.size)
    assert shelf.store.add_failure(shelf.collection, document.path, same) == document
    for failure in (
        Failure("cannot be opened"),
        Failure("is damaged", hashlib.sha256(b"other").hexdigest(), 5),
    ):
        kept = shelf.store.add_failure(shelf.collection, document.path, failure)
        assert kept == replace(document, unread=failure.reason)
        assert len(shelf.found("leave")) == 1
    shelf.store.confirm(document.id)
    assert shelf.store.document(document.id) == document
    shelf.store.add_failure(shelf.collection, document.path, failure)
    newer = shelf.add("a.txt", TRAVEL)
    assert [one.unread for one in shelf.store.revisions(newer.id)] == ["", ""]
    assert not shelf.problems()


def test_a_renamed_file_keeps_its_document(shelf):
    document = shelf.add("a.txt", LEAVE)
    moved = shelf.store.move(document.id, "/elsewhere/b.txt")
    assert (moved.id, moved.path) == (document.id, "/elsewhere/b.txt")
    assert shelf.store.documents([shelf.collection], text="ELSEWHERE").total == 1
    other = shelf.add("c.txt", TRAVEL)
    assert shelf.store.move(other.id, "/elsewhere/b.txt").path == other.path


def test_documents_are_listed_by_title_page_by_page(shelf):
    for number in range(25):
        shelf.add(
            f"Über {number:02}.txt", [f"Something about the number {number} is written here."]
        )
    shelf.store.add_failure(shelf.collection, "/b_%.pdf", Failure("is damaged"))
    first = shelf.store.documents([shelf.collection], text="über", limit=10)
    assert [document.title for document in first.rows][:2] == ["Über 00", "Über 01"]
    assert (len(first.rows), first.total) == (10, 25)
    last = shelf.store.documents([shelf.collection], text="über", limit=10, offset=20)
    assert [document.title for document in last.rows][-1] == "Über 24"
    assert shelf.store.documents([shelf.collection], text="_%").total == 1
    assert shelf.store.documents([shelf.collection], state="failed").total == 1
    assert shelf.store.documents([shelf.collection], state="ready").total == 25


@pytest.mark.parametrize(
    "query",
    ["", "  ", '"', "leave AND", "NEAR(leave", "title:leave", "leave*", "^leave", "(", "-", "\0",
     "leave\0plan", "\ud800", "' OR 1=1 --", "{title} : leave", "the of and", "𝔩𝔢𝔞𝔳𝔢", "é" * 5000],
)  # fmt: skip
def test_any_text_is_a_query(shelf, query):
    shelf.add("leave.txt", LEAVE)
    assert set(shelf.found(query)) <= set(LEAVE)


def test_a_megabyte_is_a_query(shelf):
    shelf.add("leave.txt", LEAVE)
    noise = " ".join(f"w{number}" for number in range(150_000))
    assert shelf.found("leave " + noise)[0] == LEAVE[0]


def test_the_better_match_comes_first(shelf):
    shelf.add("leave.txt", LEAVE)
    shelf.add("premium.txt", ["A premium is a prize, a premium is a bonus, a premium is paid."])
    hits = shelf.store.keyword(shelf.collection, "premium of the plan", 10)
    passages = shelf.store.passages(number for number, _ in hits)
    assert passages[hits[0][0]].text == LEAVE[1]
    assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)
    assert min(score for _, score in hits) > 0
    assert dict(hits) == pytest.approx(
        shelf.store.keyword_scores(
            shelf.collection,
            dict(hits),
            shelf.store.term_statistics([shelf.collection], "premium of the plan"),
        )
    )


def test_a_search_with_common_words_left_out_finds_the_same(shelf, monkeypatch):
    for number in range(60):
        word = ["alpha", "beta", "gamma", "delta", "epsilon"][number % 5]
        shelf.add(
            f"{number}.txt", [f"common words {word} stand in line {number} of this very text"]
        )
    whole = shelf.store.keyword(shelf.collection, "common words with alpha in line 7", 5)
    monkeypatch.setattr("indexer.keyword.fts._SCORED_ROWS", 15)
    assert shelf.store.keyword(shelf.collection, "common words with alpha in line 7", 5) == whole
    assert len(shelf.store.keyword(shelf.collection, "common words", 50)) == 50


def test_titles_and_headings_are_found(shelf):
    shelf.add("parental allowance.txt", LEAVE)
    assert len(shelf.found("allowances")) == 2
    assert len(shelf.found("part")) == 2  # the heading of every passage in these tests


def test_vectors_come_back_as_they_were(shelf):
    vectors = clustered(2, 8)
    document = add_lines(
        shelf.store, shelf.collection, shelf.folder / "a.txt", LEAVE, vectors, FINGERPRINT
    )
    ids = [passage.id for passage in shelf.store.passages_of(document.id)]
    (batch,) = shelf.store.vectors(shelf.collection, FINGERPRINT)
    assert batch.ids.tolist() == ids
    np.testing.assert_array_equal(batch.vectors, vectors.astype(np.float16))
    assert list(shelf.store.vectors(shelf.collection, FINGERPRINT, after=ids[-1])) == []
    assert list(shelf.store.vectors(shelf.collection, "another")) == []
    by_id = shelf.store.passage_vectors(ids, FINGERPRINT)
    np.testing.assert_array_equal(by_id[ids[1]], vectors[1].astype(np.float16))


def test_vectors_are_found_by_their_text(shelf):
    shelf.add("a.txt", LEAVE)
    rows = shelf.store.connection.execute("SELECT text_hash FROM passages").fetchall()
    hashes = [row[0] for row in rows]
    cached = shelf.store.cached_vectors([*hashes, "unknown"], FINGERPRINT)
    assert set(cached) == set(hashes)
    assert shelf.store.cached_vectors(hashes, "another") == {}


def test_a_new_generation_stands_beside_the_old_until_it_is_used(shelf):
    shelf.add("a.txt", LEAVE)
    assert shelf.store.generation(shelf.collection) == FINGERPRINT
    missing = shelf.store.unembedded(shelf.collection, "new", 10)
    assert len(missing) == 2
    shelf.store.add_vectors([*missing, 10_000], clustered(3, 4), "new")
    assert shelf.store.unembedded(shelf.collection, "new", 10) == []
    assert shelf.store.generation(shelf.collection) == FINGERPRINT
    shelf.store.use_generation(shelf.collection, "new")
    assert shelf.store.generation(shelf.collection) == "new"
    assert shelf.store.drop_generation(shelf.collection, FINGERPRINT) == 2
    assert len(shelf.store.unembedded(shelf.collection, FINGERPRINT, 10)) == 2


def test_the_way_back_goes_through_every_generation_that_answered(shelf):
    shelf.add("leave.txt", LEAVE)
    store, collection = shelf.store, shelf.collection
    for fingerprint in ("second", "second", "third"):
        store.use_generation(collection, fingerprint)
    assert store.return_to_previous_generation(collection) == "second"
    assert store.generation(collection) == "second"
    assert store.return_to_previous_generation(collection) == FINGERPRINT
    assert store.return_to_previous_generation(collection) == ""
    assert store.generation(collection) == FINGERPRINT


def test_trust_is_kept_for_each_generation(shelf):
    assert shelf.store.fusion_weight(shelf.collection, FINGERPRINT) == ""
    shelf.store.set_fusion_weight(shelf.collection, FINGERPRINT, "{}")
    shelf.store.set_fusion_weight(shelf.collection, FINGERPRINT, '{"a": 1}')
    assert shelf.store.fusion_weight(shelf.collection, FINGERPRINT) == '{"a": 1}'


def test_a_sample_is_spread_and_repeatable(shelf):
    for number in range(20):
        shelf.add(f"{number}.txt", [f"This is line number {number} of the sample of lines."])
    sample = shelf.store.sample_passages(shelf.collection, 5)
    assert sample == shelf.store.sample_passages(shelf.collection, 5)
    assert len({passage.document for passage in sample}) == 5
    assert len(shelf.store.sample_passages(shelf.collection, 99)) == 20
    assert shelf.store.count_passages(shelf.collection) == 20


def test_what_fails_while_being_added_is_not_there_at_all(shelf):
    shelf.add("a.txt", LEAVE)
    with pytest.raises(ValueError, match="2 passages, but 3 vectors"):
        add_lines(
            shelf.store, shelf.collection, shelf.folder / "b.txt",
            ["One line.", "Two."], clustered(3, 8), FINGERPRINT,
        )  # fmt: skip
    assert shelf.store.documents([shelf.collection]).total == 1
    assert list(checks.documents(shelf.store)) == []
    assert list(checks.database(shelf.store)) == []


def test_threads_and_a_second_store_work_at_once(shelf):
    second = Store.open(shelf.folder / "home")
    errors = []

    def work(store, name):
        try:
            for number in range(10):
                lines = [f"Thread {name} writes line {number} into its own small file."]
                file = shelf.folder / f"{name}-{number}.txt"
                document = add_lines(
                    store, shelf.collection, file, lines, clustered(1, 8), FINGERPRINT
                )
                if number % 3 == 0:
                    store.delete([document.id])
                store.keyword(shelf.collection, "line", 5)
        except sqlite3.Error as error:
            errors.append(error)

    threads = [
        threading.Thread(target=work, args=(store, name))
        for name, store in (("a", shelf.store), ("b", shelf.store), ("c", second))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert shelf.store.documents([shelf.collection]).total == 18
    assert not shelf.problems()


def test_a_document_partly_without_text_is_partial(shelf):
    from indexer.records import Page

    source = shelf.folder / "a.pdf"
    source.write_bytes(b"pdf")
    new = NewDocument(
        shelf.collection, str(source), "A", "pdf", shelf.store.originals.stage(source), "a warning"
    )
    pages = [Page(1, "text"), Page(2, "", problem="scanned image, no text layer")]
    document = shelf.store.add(new, pages, [], np.empty((0, 8)), FINGERPRINT)
    assert (document.state, document.pages_without_text) == ("partial", 1)
    assert document.problem == "a warning"


def test_a_collection_is_found_whatever_the_case_and_none_is_made_beside_it(shelf):
    store = shelf.store
    made = store.create_collection("Straße")
    assert store.collection("strasse") == store.collection("STRASSE") == made
    assert store.create_collection("STRASSE") == made
    assert made in store.collections()
    assert len(store.collections()) == 2


def test_of_two_that_an_older_version_made_the_one_of_just_this_case_is_found(shelf):
    store = shelf.store
    first = store.create_collection("Northwind")
    with store.transaction() as connection:
        connection.execute("INSERT INTO collections (name, created_at) VALUES ('northwind', 0)")
    assert store.collection("Northwind") == store.collection("NORTHWIND") == first
    assert store.collection("northwind").name == "northwind"


def test_what_breaks_since_its_collection_is_deleted_says_so(shelf):
    with pytest.raises(sqlite3.OperationalError), shelf.store.while_there(shelf.collection):
        raise sqlite3.OperationalError("no such table: keywords_1")
    shelf.store.delete_collection(shelf.collection)
    with pytest.raises(CollectionGoneError), shelf.store.while_there(shelf.collection):
        raise sqlite3.OperationalError("no such table: keywords_1")
    with pytest.raises(CollectionGoneError), shelf.store.while_there(shelf.collection):
        raise sqlite3.IntegrityError("FOREIGN KEY constraint failed")
