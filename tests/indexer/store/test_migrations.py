import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer.store.database import Database, DatabaseError
from indexer.store.migrations import LATEST, MIGRATIONS, SchemaTooNewError, migrate


def tables(connection):
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


def test_a_fresh_database_is_brought_to_the_latest_version(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    assert migrate(connection) == LATEST == len(MIGRATIONS)
    assert {"documents", "pages", "passages", "vectors", "jobs"} <= tables(connection)
    assert migrate(connection) == LATEST


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path):
    connection = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    connection.execute("CREATE TABLE vectors (mine)")  # in the way of the first migration
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection)
    assert tables(connection) == {"vectors"}


def test_a_database_of_a_newer_program_is_refused(tmp_path):
    database = Database(tmp_path / "a.db")
    database.connection.execute("INSERT INTO migrations VALUES (?, 0)", (LATEST + 1,))
    with pytest.raises(SchemaTooNewError, match="newer"):
        Database(tmp_path / "a.db")


def test_many_open_a_fresh_database_at_once(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda _: Database(tmp_path / "a.db"), range(8)))
    rows = opened[0].connection.execute("SELECT count(*) FROM migrations").fetchone()
    assert rows[0] == len(MIGRATIONS)


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "a.db").write_bytes(b"this is something else" * 100)
    with pytest.raises(DatabaseError, match=r"a\.db"):
        Database(tmp_path / "a.db")


def test_a_transaction_is_whole_or_nothing(tmp_path):
    database = Database(tmp_path / "a.db")

    def insert_and_fail():
        with database.transaction() as connection:
            connection.execute("INSERT INTO collections (name, created_at) VALUES ('a', 0)")
            raise KeyError("anything")

    with pytest.raises(KeyError):
        insert_and_fail()
    assert database.connection.execute("SELECT count(*) FROM collections").fetchone()[0] == 0


def test_each_thread_has_a_connection_of_its_own(tmp_path):
    database = Database(tmp_path / "a.db")
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(lambda: database.connection).result()
    assert other is not database.connection
    assert database.connection is database.connection


def test_a_thread_that_has_ended_leaves_no_connection_behind(tmp_path):
    database = Database(tmp_path / "a.db")
    opened = []
    for _ in range(3):
        with ThreadPoolExecutor(1) as threads:
            opened.append(threads.submit(lambda: database.connection).result())
    for connection in opened[:2]:
        with pytest.raises(sqlite3.ProgrammingError):
            connection.execute("SELECT 1")
    assert database.connection.execute("SELECT 1").fetchone()
