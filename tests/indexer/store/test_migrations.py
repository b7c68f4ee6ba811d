import ast
import hashlib
import inspect
import re
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer.store import migrations
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


# What has shipped stays as it is: homes were made by it. A migration gets its line here with the
# release that ships it; where one of these fails, the edit belongs into a new migration.
SHIPPED = {
    1: "ba00e7e9d130a406",
    2: "2ea01b022b10ace5",
    3: "815a321e0f31f1f6",
    4: "ccd4cc9be2a79fd9",
    5: "24f6d827753215ec",
    6: "826cf08e3fd96ef3",
    7: "08ca119dfa58d6f4",
    8: "a390c4bfd2d99ddd",
    9: "5b825ff072422b6e",
    10: "afab4cd26e33a5cb",
    11: "8ba9db4239ebd63a",
}


def digest(number):
    """Of a migration's SQL and of the functions that it calls."""
    own = re.compile(rf"_then_{number}(_|$)")
    named = [one for name, one in vars(migrations).items() if own.match(name)]
    sources = [dict(MIGRATIONS)[number], *map(inspect.getsource, named)]
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()[:16]


def test_shipped_migrations_are_never_edited():
    assert {number: digest(number) for number in SHIPPED} == SHIPPED


def test_migrations_call_nothing_that_can_change():
    """Their functions are their own, and what they import is Python's."""
    assert {number: then.__name__ for number, then in migrations._THEN.items()} == {
        number: f"_then_{number}" for number in migrations._THEN
    }
    imported = {
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse(inspect.getsource(migrations)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    ours = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert ours == {"embedder.errors"}  # for the one error, which no migration raises
