"""The database's numbered migrations.

Every table of a home is made here, whichever stage fills it, so that one list tells the
whole schema and one number tells its version. A migration that has shipped is never edited, and
calls nothing that may come to do something else (`tests/indexer/store/test_migrations.py`).
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from embedder.errors import FootnoteError

# Passage ids are AUTOINCREMENT because FAISS knows passages by id alone: a reused id would
# make a stale index answer with the wrong text.
# Vectors have ids of their own, never reused, because re-embedding fills in old passages late:
# "after passage n" would miss them. A WITHOUT ROWID table would spill every vector of 512
# dimensions into an overflow page: 4,681 bytes each against 1,205 (8 KiB pages, 100k vectors).
# Keyword tables (`keywords_<collection id>`) are made by the store, one a collection, so that
# BM25 statistics are the collection's own and a reader's search never touches another's rows.
_M001 = """
CREATE TABLE collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,    -- never reused: permissions name collections by id
    name TEXT NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL DEFAULT '',    -- the generation that answers; '' until first indexed
    created_at REAL NOT NULL
);
CREATE TABLE documents (
    id TEXT PRIMARY KEY,                     -- random, not guessable
    collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    title TEXT NOT NULL,
    content_hash TEXT NOT NULL,              -- SHA-256 of the original
    size INTEGER NOT NULL,
    kind TEXT NOT NULL,
    revision INTEGER NOT NULL,
    current INTEGER NOT NULL,
    state TEXT NOT NULL,
    problem TEXT NOT NULL DEFAULT '',
    pages INTEGER NOT NULL,
    pages_without_text INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    language TEXT NOT NULL DEFAULT '',       -- whose stemmer made its index terms, '' for none
    sought TEXT NOT NULL,                    -- title and path, case folded, for the table's filter
    indexed_at REAL NOT NULL
);
CREATE UNIQUE INDEX documents_path ON documents(collection, path, revision);
CREATE INDEX documents_hash ON documents(content_hash);
CREATE INDEX documents_listing ON documents(current, sought, collection, state);
CREATE INDEX documents_language ON documents(collection, language) WHERE current = 1;
CREATE INDEX documents_state ON documents(collection, state) WHERE current = 1;
CREATE TABLE pages (
    document TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    label TEXT NOT NULL,
    text TEXT NOT NULL,
    blocks TEXT NOT NULL,                    -- JSON [[kind, start, end, level, header], ...]
    problem TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (document, number)
) WITHOUT ROWID;
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    text TEXT NOT NULL,
    headings TEXT NOT NULL,                  -- JSON [heading, ...]
    spans TEXT NOT NULL,                     -- JSON [[page, start, end], ...]
    text_hash TEXT NOT NULL                  -- SHA-256 of the text as it is embedded
);
CREATE INDEX passages_document ON passages(document, ordinal);
CREATE INDEX passages_collection ON passages(collection, id);
CREATE INDEX passages_text ON passages(text_hash);
CREATE TABLE vectors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,    -- order of arrival: a sealed file's tail is after it
    passage INTEGER NOT NULL REFERENCES passages(id) ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,
    vector BLOB NOT NULL,                    -- float16 [dimension], unit length
    UNIQUE (passage, fingerprint)
);
CREATE TABLE generations (
    collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,
    sealed_file TEXT NOT NULL DEFAULT '',    -- file name under index/, '' while nothing is sealed
    sealed_count INTEGER NOT NULL DEFAULT 0,
    sealed_through INTEGER NOT NULL DEFAULT 0,   -- largest vectors.id in the sealed file
    checksum TEXT NOT NULL DEFAULT '',
    index_kind TEXT NOT NULL DEFAULT '',
    recall REAL,                             -- recall@10 against exact, measured at sealing
    trust TEXT NOT NULL DEFAULT '',          -- JSON: the fitted fusion of this generation
    PRIMARY KEY (collection, fingerprint)
) WITHOUT ROWID;
CREATE TABLE deleted_passages (              -- ids that a sealed file may still hold
    collection INTEGER NOT NULL,
    passage INTEGER NOT NULL,
    PRIMARY KEY (collection, passage)
) WITHOUT ROWID;
CREATE TABLE conversations (
    id TEXT PRIMARY KEY,                     -- random, not guessable
    title TEXT NOT NULL,
    collections TEXT NOT NULL,               -- JSON [collection id, ...]
    owner TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL
);
CREATE TABLE turns (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
    question TEXT NOT NULL,
    standalone TEXT NOT NULL,                -- the question as it was searched
    answer TEXT NOT NULL,                    -- JSON of rag.records.Answer
    feedback INTEGER NOT NULL DEFAULT 0,     -- 1 thumbs up, -1 thumbs down
    asked_at REAL NOT NULL
);
CREATE INDEX turns_conversation ON turns(conversation, id);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    arguments TEXT NOT NULL,                 -- JSON
    state TEXT NOT NULL,                     -- waiting, running, done, failed, cancelled
    progress TEXT NOT NULL DEFAULT '{}',     -- JSON
    result TEXT NOT NULL DEFAULT '',         -- JSON
    error TEXT NOT NULL DEFAULT '',
    owner TEXT NOT NULL DEFAULT '',
    pid INTEGER,
    created_at REAL NOT NULL,
    started_at REAL,
    heartbeat_at REAL,
    ended_at REAL
);
CREATE INDEX jobs_state ON jobs(state, created_at);
"""

# No cascade from documents: one that an answer quotes cannot go before the quote has gone.
_M002 = """
CREATE TABLE turn_documents (                -- whose text a stored answer holds
    document TEXT NOT NULL REFERENCES documents(id),
    turn INTEGER NOT NULL REFERENCES turns(id) ON DELETE CASCADE,
    PRIMARY KEY (document, turn)
) WITHOUT ROWID;
CREATE INDEX turn_documents_turn ON turn_documents(turn);
"""

# Which generation answered before which: the way back of each collection.
_M003 = """
CREATE TABLE switches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
    before TEXT NOT NULL,                    -- fingerprint
    after TEXT NOT NULL,
    switched_at REAL NOT NULL
);
CREATE INDEX switches_collection ON switches(collection, id);
"""

# People, what they may read, and what was done by whom. Somebody removed keeps the row, so that
# the id, which conversations and jobs name as their owner, never comes to mean another.
_M004 = """
CREATE TABLE people (
    id TEXT PRIMARY KEY,                     -- random
    name TEXT NOT NULL,                      -- as it was given
    sought TEXT NOT NULL,                    -- the name, case folded
    display_name TEXT NOT NULL,
    email TEXT NOT NULL,                     -- case folded; '' for none
    role TEXT NOT NULL CHECK (role IN ('admin', 'reader')),
    may_upload INTEGER NOT NULL,
    password TEXT NOT NULL,                  -- argon2id; '' where only the organisation signs in
    added_at REAL NOT NULL,
    removed_at REAL
);
CREATE UNIQUE INDEX people_name ON people(sought) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX people_email ON people(email) WHERE removed_at IS NULL AND email != '';
CREATE TABLE sessions (
    token TEXT PRIMARY KEY,                  -- SHA-256 of what the browser holds
    person TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
    began_at REAL NOT NULL,
    seen_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_person ON sessions(person);
CREATE TABLE sign_in_attempts (              -- that failed, or are being looked at
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,                      -- SHA-256: a password may have been typed for a name
    tried_at REAL NOT NULL
);
CREATE INDEX sign_in_attempts_name ON sign_in_attempts(name, tried_at);
CREATE INDEX sign_in_attempts_time ON sign_in_attempts(tried_at);
CREATE TABLE shares (
    collection INTEGER NOT NULL REFERENCES collections(id) ON DELETE CASCADE,
    person TEXT NOT NULL,                    -- '' for everyone
    shared_at REAL NOT NULL,
    PRIMARY KEY (collection, person)
) WITHOUT ROWID;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    who TEXT NOT NULL,                       -- names: entries outlive what they name
    what TEXT NOT NULL,
    collection TEXT NOT NULL,
    document TEXT NOT NULL,
    details TEXT NOT NULL
);
CREATE INDEX audit_time ON audit(at);
"""

# Text that a person does not see in the file. NULL: read before anybody looked for it.
_M005 = """
ALTER TABLE documents ADD COLUMN hidden TEXT;   -- JSON [[how, characters, excerpt, page], ...]
ALTER TABLE documents ADD COLUMN hidden_kept INTEGER NOT NULL DEFAULT 0;   -- indexed all the same
"""

# Homes from before the listing of documents was made quick have its index under the same name.
_M006 = """
DROP INDEX documents_listing;
CREATE INDEX documents_listing ON documents(current, sought, collection, state);
"""

# A file that cannot be read any more does not take the text with it that it had before.
_M007 = """
ALTER TABLE documents ADD COLUMN unread TEXT NOT NULL DEFAULT '';   -- why its file is not as it is
CREATE INDEX documents_unread ON documents(collection) WHERE unread != '';
"""

# Slides and sheets were not looked through for words in the colour of what is behind them.
_M008 = """
UPDATE documents SET hidden = NULL WHERE kind IN ('pptx', 'sheet');
"""

# By which revision of the parsers a document was read (`indexer.records.PARSER_REVISION`).
_M009 = """
ALTER TABLE documents ADD COLUMN parser INTEGER NOT NULL DEFAULT 0;   -- 0: before they were counted
"""

# Whose stems a collection's keyword table holds (`indexer.keyword.analysis.stemmer_version`).
_M010 = """
ALTER TABLE collections ADD COLUMN stemmer TEXT NOT NULL DEFAULT 'snowballstemmer 3.1.1';
"""

# What programs sign in with: each key acts for one person.
_M011 = """
CREATE TABLE keys (
    id TEXT PRIMARY KEY,                     -- random; what it is listed and revoked by
    person TEXT NOT NULL REFERENCES people(id) ON DELETE CASCADE,
    label TEXT NOT NULL,                     -- what it is for
    digest TEXT NOT NULL UNIQUE,             -- SHA-256 of what its holder sends
    made_at REAL NOT NULL,
    expires_at REAL,
    used_at REAL
);
CREATE INDEX keys_person ON keys(person);
"""

# What a reader found wrong with an answer.
_M012 = """
ALTER TABLE turns ADD COLUMN reason TEXT NOT NULL DEFAULT '';
"""

MIGRATIONS: tuple[tuple[int, str], ...] = tuple(
    enumerate(
        (_M001, _M002, _M003, _M004, _M005, _M006, _M007, _M008, _M009, _M010, _M011, _M012),
        start=1,
    )
)
LATEST = MIGRATIONS[-1][0]


def _then_2(connection: sqlite3.Connection) -> None:
    """Note whose text the stored answers hold; take out what quotes a document that is gone.

    `redaction` does the same today, and may do something else tomorrow.
    """
    there = {row[0] for row in connection.execute("SELECT id FROM documents")}
    turns = connection.execute("SELECT id, conversation FROM turns ORDER BY id").fetchall()
    for turn, conversation in turns:
        row = connection.execute("SELECT answer FROM turns WHERE id = ?", (turn,)).fetchone()
        try:
            answer = json.loads(row[0])
            held = {one["document"] for one in answer["footnotes"]}
            held |= {hit["document"]["id"] for hit in answer["hits"]}
            left = _then_2_without(answer, held - there)
        except (KeyError, TypeError, ValueError):
            continue  # damaged; the history says so
        connection.executemany(
            "INSERT OR IGNORE INTO turn_documents (document, turn) VALUES (?, ?)",
            ((document, turn) for document in held & there),
        )
        if not held <= there:
            kept = json.dumps(left, ensure_ascii=False)
            connection.execute("UPDATE turns SET answer = ? WHERE id = ?", (kept, turn))
            _then_2_forget_names(connection, conversation, turn)


def _then_2_without(answer: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    """An answer without the sentences that cite documents that are gone, or nothing."""
    if not gone:
        return answer
    kept = [one for one in answer["footnotes"] if one["document"] not in gone]
    numbers = {one["n"]: n for n, one in enumerate(kept, start=1)}
    notice = "This part of the answer quoted a document that has been deleted."
    sentences: list[dict[str, Any]] = []
    for sentence in answer["sentences"]:
        cited = sentence["footnotes"]
        if cited and all(n in numbers for n in cited):
            sentences.append(sentence | {"footnotes": [numbers[n] for n in cited]})
        elif not sentences or sentences[-1]["verdict"] != "deleted":
            sentences.append({"text": notice, "verdict": "deleted", "footnotes": []})
    return answer | {
        "sentences": sentences,
        "footnotes": [one | {"n": numbers[one["n"]]} for one in kept],
        "hits": [hit for hit in answer["hits"] if hit["document"]["id"] not in gone],
    }


def _then_2_forget_names(connection: sqlite3.Connection, conversation: str, turn: int) -> None:
    """Search later questions of the talk as they were asked, where an answer's words came in."""
    asked: set[str] = set()
    rows = connection.execute(
        "SELECT id, question, standalone FROM turns WHERE conversation = ? ORDER BY id",
        (conversation,),
    ).fetchall()
    for number, question, standalone in rows:
        asked |= set(re.findall(r"\w+", question.casefold()))
        if number > turn and not set(re.findall(r"\w+", standalone.casefold())) <= asked:
            connection.execute(
                "UPDATE turns SET standalone = question, answer = iif(json_valid(answer),"
                " json_set(answer, '$.standalone', question), answer) WHERE id = ?",
                (number,),
            )


# What a migration does after its statements, where SQL alone cannot do it.
_THEN: Mapping[int, Callable[[sqlite3.Connection], None]] = MappingProxyType({2: _then_2})


class SchemaTooNewError(FootnoteError):
    """The home was written by a newer Footnote than this one."""


def migrate(connection: sqlite3.Connection) -> int:
    """Bring the database to `LATEST`, in one transaction; return the version.

    Safe when several processes open a fresh home at once: the version is read again inside
    the write lock. Raises `SchemaTooNewError` where the database is ahead of this program, and
    writes nothing then.
    """
    if _version(connection) == LATEST:
        return LATEST
    refuse_newer(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        there = _version(connection)
        refuse_newer(connection)
        _create_log(connection)
        for number, script in MIGRATIONS:
            if number > there:
                _apply(connection, number, script)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return LATEST


def refuse_newer(connection: sqlite3.Connection) -> None:
    """Raise `SchemaTooNewError` where the database is ahead of this program.

    Asked in every write transaction: an older program that is running when a newer one opens
    the home must not write into tables that it does not know any more.
    """
    found = _version(connection)
    if found > LATEST:
        raise SchemaTooNewError(
            f"this home was written by a newer Footnote (schema {found}, this one knows {LATEST}); "
            "update Footnote, and start it again where it is running"
        )


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    for statement in _statements(script):
        connection.execute(statement)
    if number in _THEN:
        _THEN[number](connection)
    connection.execute("INSERT INTO migrations VALUES (?, ?)", (number, time.time()))


def _version(connection: sqlite3.Connection) -> int:
    tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone()
    if tables is None:
        return 0
    return connection.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()[0]


def _create_log(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (number INTEGER PRIMARY KEY, applied_at REAL NOT NULL)"
    )


def _statements(script: str) -> list[str]:
    """Split a script into statements (`executescript` would commit the open transaction)."""
    statements, pending = [], ""
    for line in script.splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    return statements
