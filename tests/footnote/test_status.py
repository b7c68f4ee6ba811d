"""What a home says of itself: counts, failures, jobs, disk, people, slow questions."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from footnote.accounts import sharing
from footnote.accounts.people import People, Profile
from footnote.cli.main import main
from footnote.doctor import examine, repair
from footnote.status import ENDED_JOBS, FAILURES, SLOWEST, disk_use, status
from indexer.store.store import Failure
from rag.history import History
from rag.records import Answer, Sentence
from rag.unanswered import where
from tests.homes import add_lines

ANSWER = Answer("Q", "Q", (Sentence("Yes.", "supported", ()),), (), False, 0.9, "extractive", (), 1)


@pytest.fixture
def home(papers_home):
    return papers_home


def asked(home, question, owner="", **changes):
    history = History(home.store, owner)
    talk = history.start([home.collection("papers").id], question)
    made = replace(ANSWER, question=question, standalone=question, **changes)
    return history.add(talk.id, made)


def test_counts_are_those_of_the_current_documents(home, tmp_path):
    papers = home.collection("papers").id
    before = status(home).collections[0]
    assert (before.name, before.ready, before.partial, before.failed) == ("papers", 24, 0, 0)
    assert before.passages == home.store.count_passages(papers)
    home.store.add_failure(papers, "broken.pdf", Failure("it is cut off"))
    home.store.create_collection("empty")
    vectors = home.embedder.embed_passages(["One.", "Two."])
    for lines in (["One.", "Two."], ["One.", "More."]):  # the second supersedes the first
        add_lines(home.store, papers, tmp_path / "a.txt", lines, vectors, home.embedder.fingerprint)
    empty, now = status(home).collections
    assert (empty.name, empty.ready, empty.passages, empty.generations) == ("empty", 0, 0, ())
    assert (now.ready, now.failed, now.passages) == (25, 1, before.passages + 2)
    assert now.passages == home.store.count_passages(papers)


def test_a_file_that_could_be_read_before_is_among_the_failed(home):
    (document, *_) = home.store.documents([home.collection("papers").id]).rows
    home.store.add_failure(document.collection, document.path, Failure("it is cut off"))
    found = status(home)
    assert [(one.path, one.reason) for one in found.failures] == [(document.path, "it is cut off")]
    assert found.collections[0].ready == 24


def test_failed_files_come_with_their_reasons_newest_first_and_not_all(home):
    papers = home.collection("papers").id
    for number in range(FAILURES + 2):
        home.store.add_failure(papers, f"{number}.pdf", Failure(f"reason {number}"))
    found = status(home)
    assert found.failed == FAILURES + 2
    assert len(found.failures) == FAILURES
    first = found.failures[0]
    last = FAILURES + 1
    assert (first.collection, first.path) == ("papers", f"{last}.pdf")
    assert first.reason == f"reason {last}"


def test_a_generation_is_complete_or_says_what_is_left(home):
    (complete,) = status(home).collections[0].generations
    assert (complete.embedder, complete.answers, complete.missing) == ("tiny", True, 0)
    with home.store.transaction() as connection:
        gone = "DELETE FROM vectors WHERE passage IN (SELECT max(id) FROM passages)"
        connection.execute(gone)
    (partial,) = status(home).collections[0].generations
    assert partial.missing == 1


def test_an_embedder_that_is_being_moved_to_is_shown_beside_the_one_that_answers(home):
    home.registry.use("bundled")
    (only,) = status(home).collections[0].generations
    assert only.embedder == "tiny"
    other = home.registry.spec("bundled").fingerprint
    with home.store.transaction() as connection:
        connection.execute(
            "INSERT INTO vectors (passage, fingerprint, vector)"
            " SELECT min(id), ?, x'00' FROM passages",
            (other,),
        )
    answering, coming = status(home).collections[0].generations
    assert (answering.embedder, answering.missing) == ("tiny", 0)
    assert (coming.embedder, coming.answers) == ("bundled", False)
    assert coming.missing == status(home).collections[0].passages - 1


def test_jobs_that_work_are_all_there_and_of_the_ended_the_last(home):
    with home.store.transaction() as connection:
        for number in range(ENDED_JOBS + 3):
            connection.execute(
                "INSERT INTO jobs (id, kind, arguments, state, error, created_at, ended_at)"
                " VALUES (?, 'index', '{\"collection\": \"papers\"}', ?, ?, 1, 2)",
                (f"job{number}", *(("failed", "the disk is full") if number else ("waiting", ""))),
            )
    found = status(home).jobs
    assert [job.id for job in found] == ["job7", "job6", "job5", "job4", "job3", "job0"]
    assert (found[0].collection, found[0].error) == ("papers", "the disk is full")


def test_disk_use_is_what_the_files_take(home):
    kept = home.path / "files" / "ab"
    kept.mkdir(parents=True, exist_ok=True)
    before = disk_use(home.path)
    (kept / "more").write_bytes(bytes(5000))
    (home.path / "notes").write_bytes(bytes(70))
    (home.path / "link").symlink_to(home.path / "files")
    after = disk_use(home.path)
    assert after["originals"] - before["originals"] == 5000
    assert after["other"] - before.get("other", 0) >= 70
    assert after["other"] - before.get("other", 0) < 5000
    assert after["database"] >= (home.path / "footnote.db").stat().st_size
    assert list(after.values()) == sorted(after.values(), reverse=True)


def test_the_slowest_questions_come_first_and_a_damaged_answer_is_passed_over(home):
    for seconds in (1.0, 9.0, 2.0, 3.0, 4.0, 5.0):
        asked(home, f"Took {seconds}?", seconds=seconds)
    damaged = asked(home, "Damaged?", seconds=99.0)
    with home.store.transaction() as connection:
        connection.execute("UPDATE turns SET answer = '{' WHERE id = ?", (damaged.id,))
    found = status(home).slowest
    assert [one.seconds for one in found] == [9.0, 5.0, 4.0, 3.0, 2.0]
    assert len(found) == SLOWEST
    assert found[0].question == "Took 9.0?"


def test_questions_that_found_nothing_are_grouped_newest_first(home):
    asked(home, "How long is the leave?", abstained=True)
    asked(home, "Answered?")
    asked(home, "What of zebras?", abstained=True)
    bad = asked(home, "how long is the LEAVE")
    History(home.store).rate(bad.id, -1)
    leave, zebras = status(home).unanswered
    assert (leave.question, leave.count) == ("how long is the LEAVE", 2)
    assert (leave.refused, leave.disliked) == (1, 1)
    assert (zebras.question, zebras.count, zebras.where) == ("What of zebras?", 1, "absent")
    assert "no document seems to hold it" in run(home)


def test_where_the_words_of_a_question_stand(home, tmp_path):
    papers = home.collection("papers").id
    lines = ["Gorillas eat bamboo.", "Lions eat antelopes."]
    vectors = home.embedder.embed_passages(lines)
    add_lines(home.store, papers, tmp_path / "a.txt", lines, vectors, home.embedder.fingerprint)
    for question, stands in (
        ("Do gorillas eat bamboo?", "missed"),
        ("Do gorillas eat antelopes?", "unclear"),
        ("Do gorillas eat xylophones?", "absent"),
        ('" OR * NEAR(', "absent"),
        ("???", "unclear"),
    ):
        assert where(home.store, [papers], question) == stands, question
    assert where(home.store, [home.store.create_collection("b").id], "bamboo") == "absent"


def test_a_questions_words_are_looked_up_where_its_asker_may_read_and_nowhere_else(home):
    people, papers = People(home.store), home.collection("papers")
    people.add("ann", "correct horse battery")
    bob = people.add("bob", "correct horse battery", Profile())
    document = home.store.documents([papers.id]).rows[0]
    held = home.store.passages_of(document.id)[0].text
    asked(home, held, owner=bob.id, abstained=True, seconds=50.0)
    assert status(home).unanswered == ()  # the collection was never shared with bob
    sharing.share(home.store, papers, "bob")
    assert [one.where for one in status(home).unanswered] == ["missed"]
    sharing.unshare(home.store, papers, "bob")
    assert status(home).unanswered == ()
    sharing.share(home.store, papers, "bob")
    assert status(home).slowest[0].seconds == 50.0
    people.remove("bob")
    assert (status(home).unanswered, status(home).slowest) == ((), ())


def test_people_and_the_language_model(home, monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    alone = status(type(home).open(home.path))
    assert (alone.admins, alone.readers, alone.language_model) == (0, 0, "")
    people = People(home.store)
    people.add("ann", "correct horse battery")
    people.add("bob", "correct horse battery", Profile())
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-secret")
    monkeypatch.setenv("FOOTNOTE_MODEL", "a-model")
    shared = status(type(home).open(home.path))
    assert (shared.admins, shared.readers, shared.language_model) == (1, 1, "a-model")
    assert "secret" not in repr(shared)


def run(home, *arguments):
    result = CliRunner().invoke(main, ["--home", str(home.path), "status", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_tells_people_and_scripts(home):
    home.store.add_failure(home.collection("papers").id, "a\x1b[2J.pdf", Failure("it is cut off"))
    asked(home, "How long is the leave?", seconds=7.25)
    told = run(home)
    assert "papers: 25 documents: 24 ready, 0 partly, 1 failed" in told
    assert "answered by tiny, complete" in told
    assert "it is cut off" in told
    assert "7.2 s  How long is the leave?" in told
    assert "nobody is registered" in told
    assert "\x1b" not in told
    data = json.loads(run(home, "--json"))
    assert data["embedder"] == "tiny"
    assert data["collections"][0]["generations"][0]["missing"] == 0
    assert data["failures"][0]["reason"] == "it is cut off"
    assert data["disk"]["database"] > 0


def test_a_home_that_is_new_says_how_to_begin(tmp_path):
    result = CliRunner().invoke(main, ["--home", str(tmp_path / "new"), "status"])
    assert "footnote index" in result.output


def test_an_embedder_that_cannot_be_read_is_in_nobodys_way(home):
    broken = home.path / "embedders" / "broken"
    broken.mkdir()
    (broken / "spec.json").write_text("{")

    assert status(home).collections[0].generations[0].embedder == "tiny"
    for arguments in (["status"], ["ask", "Where is leave?"], ["embedders"]):
        said = CliRunner().invoke(main, ["--home", str(home.path), *arguments])
        assert said.exit_code == 0, said.output
    for arguments in (["doctor"], ["doctor", "--repair"]):
        said = CliRunner().invoke(main, ["--home", str(home.path), *arguments])
        assert said.exit_code == 1
        assert "embedder-unreadable" in said.output
        assert str(broken / "spec.json") in said.output


def test_a_doctor_goes_on_where_the_embedder_in_use_cannot_be_read(home):
    (home.path / "embedders" / "tiny" / "spec.json").write_text("{")
    assert status(home).collections[0].generations[0].embedder == ""
    codes = [problem.code for problem in examine(home)]
    assert "embedder-unreadable" in codes
    repair(home)
