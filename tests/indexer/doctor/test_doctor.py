"""Damage that the doctor must find, and what repairing makes of it."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from homes import add_lines, embedded

from indexer.doctor import checks
from indexer.doctor.repair import examine, repair
from indexer.store.store import Store
from indexer.vector.index import VectorIndex

LINES = [
    "Paid leave is sixteen weeks for every employee.",
    "The premium of the plan is paid by the employer.",
    "A deductible applies to the other plan.",
    "Questions are answered on this page.",
]


class Home:
    """A store with two documents, sealed, and nothing wrong."""

    def __init__(self, path: Path, embedder):
        self.path, self.embedder = path, embedder
        self.store = Store.open(path / "home")
        self.folder = path / "home" / "index"
        self.collection = self.store.create_collection("Handbook").id
        self.documents = [self.add("benefits", LINES), self.add("other", LINES[::-1])]
        self.index = VectorIndex(
            self.store, self.folder, self.collection, embedder.fingerprint, embedder.dimension
        )
        self.index.seal()

    def add(self, name, lines):
        vectors = embedded(self.embedder, name, lines)
        source = self.path / f"{name}.txt"
        return add_lines(
            self.store, self.collection, source, lines, vectors, self.embedder.fingerprint
        )

    def examine(self):
        return examine(self.store, self.folder, self.embedder.fingerprint)

    def codes(self):
        return [problem.code for problem in self.examine()]

    def repair(self):
        return repair(self.store, self.folder, self.embedder)

    def execute(self, *statements):
        """Change rows behind the store's back."""
        connection = self.store.connection
        connection.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            connection.execute(statement)
        connection.execute("PRAGMA foreign_keys = ON")

    def first_hit(self, line):
        """The line that a dense search for this line finds, from a fresh start."""
        index = VectorIndex(
            self.store,
            self.folder,
            self.collection,
            self.embedder.fingerprint,
            self.embedder.dimension,
        )
        query = embedded(self.embedder, "benefits", [line])
        found = int(index.search(query, 1).ids[0, 0])
        return self.store.passages([found])[found].text


@pytest.fixture
def home(tmp_path, tiny_embedder):
    return Home(tmp_path, tiny_embedder)


def the_index_file(home):
    (path,) = home.folder.iterdir()
    return path


def the_original(home):
    return home.store.originals.path(home.documents[0].content_hash)


def test_a_sound_home_has_no_problem(home):
    assert home.examine() == []
    assert home.repair() == []


def test_an_empty_home_has_no_problem(tmp_path):
    assert examine(Store.open(tmp_path), tmp_path / "index") == []


def test_a_home_at_work_has_no_problem(home):
    """Unsealed arrivals, deletions, superseded revisions and failures are no damage."""
    home.add("third", ["A third document."])
    home.add("benefits", LINES[:2])
    home.store.delete([home.documents[1].id])
    assert home.examine() == []


def delete_original(home):
    the_original(home).unlink()


def change_original(home):
    the_original(home).write_text("something else")


def add_orphans(home):
    home.execute(
        "INSERT INTO vectors (passage, fingerprint, vector) VALUES (999, 'x', x'00')",
        "INSERT INTO pages (document, number, label, text, blocks) VALUES ('no', 1, '', '', '[]')",
        "INSERT INTO passages (document, collection, ordinal, text, headings, spans, text_hash)"
        " VALUES ('no', 1, 0, 't', '[]', '[]', '')",
    )


def keep_stale_passages(home):
    home.execute("UPDATE documents SET current = 0 WHERE title = 'other'")


def hide_passages(home):
    home.execute("INSERT INTO deleted_passages SELECT collection, id FROM passages")


def lose_keyword_rows(home):
    home.execute("DELETE FROM keywords_1 WHERE rowid <= 2")


def add_keyword_rows(home):
    home.execute("INSERT INTO keywords_1 (rowid, title) VALUES (999, 'ghost')")


def stem_otherwise(home):
    home.execute(
        "UPDATE keywords_1 SET text = 'other stems'",
        "UPDATE collections SET stemmer = 'snowballstemmer 1.0'",
    )


def break_keyword_index(home):
    home.execute("DELETE FROM keywords_1_data WHERE id > 10")


def lose_keyword_table(home):
    home.execute("DROP TABLE keywords_1_terms", "DROP TABLE keywords_1")


def add_keyword_table(home):
    home.execute(
        "CREATE VIRTUAL TABLE keywords_77 USING fts5(title, headings, text)",
        "CREATE VIRTUAL TABLE keywords_77_terms USING fts5vocab(keywords_77, row)",
    )


def lose_vectors(home):
    home.execute("DELETE FROM vectors WHERE passage <= 3")


def poison_vectors(home):
    size = 2 * home.embedder.dimension
    home.execute(
        f"UPDATE vectors SET vector = zeroblob({size}) WHERE passage = 1",
        "UPDATE vectors SET vector = x'0000' WHERE passage = 2",
        f"UPDATE vectors SET vector = x'{'7e00' * (size // 2)}' WHERE passage = 3",
    )


def delete_index(home):
    the_index_file(home).unlink()


def cut_index(home):
    path = the_index_file(home)
    path.write_bytes(path.read_bytes()[:-1])


def exchange_index(home):
    """A whole and valid file, but of other passages."""
    from indexer.vector import exact_search, sealed_file

    index = exact_search.flat(home.embedder.dimension)
    vectors = np.eye(8, home.embedder.dimension)
    exact_search.add(index, np.arange(101, 109), vectors)
    name, checksum = sealed_file.write(sealed_file.IndexFile(index, "exact", 1.0), home.folder, 1)
    the_old = set(home.folder.iterdir()) - {home.folder / name}
    for path in the_old:
        path.unlink()
    home.execute(f"UPDATE generations SET sealed_file = '{name}', checksum = '{checksum}'")


def thin_index(home):
    """A valid file of known passages that lacks some."""
    from indexer.vector import exact_search, sealed_file

    index = exact_search.flat(home.embedder.dimension)
    exact_search.add(index, np.arange(1, 6), np.eye(5, home.embedder.dimension))
    name, checksum = sealed_file.write(sealed_file.IndexFile(index, "exact", 1.0), home.folder, 1)
    the_index_file_before = [path for path in home.folder.iterdir() if path.name != name]
    the_index_file_before[0].unlink()
    home.execute(
        f"UPDATE generations SET sealed_file = '{name}', checksum = '{checksum}', sealed_count = 5"
    )


def leave_files(home):
    old = time.time() - checks.LEFTOVER_SECONDS - 1
    home.folder.mkdir(exist_ok=True)
    strays = [
        home.folder / "1-00.faiss",
        home.folder / "1-01.faiss.tmp",
        home.store.originals.folder / "incoming" / "staged",
        home.store.originals.folder / "ab" / ("ab" * 32),
    ]
    for path in strays:
        path.parent.mkdir(exist_ok=True)
        path.write_text("left by a killed run")
        os.utime(path, (old, old))


REPAIRABLE = [
    (delete_original, "original-lost"),
    (change_original, "original-lost"),
    (add_orphans, "orphan-rows"),
    (keep_stale_passages, "stale-passages"),
    (hide_passages, "hidden-passages"),
    (lose_keyword_rows, "keyword-table-damaged"),
    (add_keyword_rows, "keyword-table-damaged"),
    (stem_otherwise, "keyword-table-damaged"),
    (break_keyword_index, "keyword-table-damaged"),
    (lose_keyword_table, "keyword-table-damaged"),
    (add_keyword_table, "keyword-table-stray"),
    (lose_vectors, "vectors-missing"),
    (poison_vectors, "vectors-unsound"),
    (delete_index, "index-damaged"),
    (cut_index, "index-damaged"),
    (exchange_index, "index-damaged"),
    (thin_index, "index-damaged"),
    (leave_files, "leftover"),
]


@pytest.mark.parametrize(("damage", "code"), REPAIRABLE, ids=[d.__name__ for d, _ in REPAIRABLE])
def test_damage_is_found_named_and_mended(home, damage, code):
    damage(home)
    found = home.examine()
    assert code in {problem.code for problem in found}
    for problem in found:
        assert problem.repairable
        assert problem.what
        assert problem.where
        assert problem.remedy
    assert {problem.code for problem in home.repair()} == {problem.code for problem in found}
    assert home.examine() == []
    assert home.first_hit(LINES[0]) == LINES[0]
    assert home.store.keyword(home.collection, "deductible", 5)


def test_all_damage_at_once_is_mended(home):
    for damage in (delete_original, add_orphans, hide_passages, lose_keyword_rows, lose_vectors):
        damage(home)
    cut_index(home)
    home.repair()
    assert home.examine() == []


def test_young_strays_may_belong_to_a_process_at_work(home):
    (home.folder / "1-00.faiss.tmp").write_text("being written")
    (home.store.originals.folder / "incoming" / "staged").write_text("being copied")
    assert home.examine() == []


def test_uploads_that_no_job_will_read_are_strays(home):
    folder = home.store.home / "uploads"
    folder.mkdir()
    old = time.time() - 2 * checks.LEFTOVER_SECONDS
    for name in ("waits", "runs", "ended", "unknown", "young"):
        (folder / name).write_text("uploaded")
        if name != "young":
            os.utime(folder / name, (old, old))
    with home.store.transaction() as connection:
        for name, state in (("waits", "waiting"), ("runs", "running"), ("ended", "failed")):
            connection.execute(
                "INSERT INTO jobs (id, kind, arguments, state, created_at)"
                " VALUES (?, 'index', ?, ?, 0)",
                (name, json.dumps({"staged": [f"/elsewhere/uploads/{name}"]}), state),
            )
    found = home.examine()
    assert {Path(problem.where).name for problem in found} == {"ended", "unknown"}
    assert {problem.code for problem in found} == {"leftover"}
    home.repair()
    assert {path.name for path in folder.iterdir()} == {"waits", "runs", "young"}


def test_a_lost_original_whose_file_is_gone_cannot_be_mended(home):
    delete_original(home)
    (home.path / "benefits.txt").write_text("a newer text")
    (problem,) = home.examine()
    assert (problem.code, problem.repairable) == ("original-lost", False)
    assert problem.where.endswith("benefits.txt")
    home.repair()
    assert home.codes() == ["original-lost"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE documents SET pages = 7 WHERE title = 'other'",
        "UPDATE documents SET passages = 7 WHERE title = 'other'",
        "UPDATE pages SET text = substr(text, 5)",
        "UPDATE passages SET spans = '[[1, 0, 99999]]' WHERE id = 1",
        "UPDATE passages SET spans = '[[2, 0, 5]]' WHERE id = 1",
    ],
)
def test_rows_that_contradict_each_other_are_made_anew_from_the_original(home, statement):
    home.execute(statement)
    assert set(home.codes()) == {"document-damaged"}
    home.repair()
    assert home.examine() == []


def test_rows_that_contradict_each_other_without_an_original_are_named(home):
    home.execute("UPDATE documents SET pages = 7 WHERE title = 'benefits'")
    delete_original(home)
    (home.path / "benefits.txt").unlink()
    home.repair()
    found = {problem.code: problem for problem in home.examine()}
    assert set(found) == {"document-damaged", "original-lost"}
    assert "delete the document" in found["document-damaged"].remedy


def test_missing_vectors_need_their_own_embedder(home):
    lose_vectors(home)
    (problem,) = examine(home.store, home.folder)
    assert (problem.code, problem.repairable) == ("vectors-missing", False)
    repair(home.store, home.folder)
    assert home.codes() == ["vectors-missing"]


def test_a_damaged_database_is_reported(home):
    home.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    home.store.close()
    content = bytearray(home.store.path.read_bytes())
    page = 16384
    content[-3 * page : -2 * page] = os.urandom(page)
    home.store.path.write_bytes(content)
    store = Store.open(home.path / "home")
    assert [problem.code for problem in examine(store, home.folder)] == ["database-damaged"]
    repair(store, home.folder, home.embedder)
    assert examine(store, home.folder) == []
