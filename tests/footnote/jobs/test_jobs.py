"""Background work: in a process of its own, in order, and never lost without a word."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from footnote import deletion
from footnote.accounts.people import People, Profile
from footnote.jobs import queue, uploads
from indexer.ingest.sources import find


@pytest.fixture
def home(bare_home):
    return bare_home


def ended(home, identifier):
    """Wait for a job's end."""
    while (found := queue.job(home, identifier)).active:
        time.sleep(0.1)
    return found


def row(home, identifier, **columns):
    """A job's row without a process."""
    values = {"kind": "index", "arguments": "{}", "state": "running", "created_at": 1.0} | columns
    queue._table(home).insert({"id": identifier, **values})


def test_an_upload_is_indexed_under_its_own_name_and_its_staged_copy_goes(home):
    (staged,) = uploads.stage(home.path, [b"Premiums are paid every month."])
    arguments = {
        "paths": [staged],
        "names": ["../premiums.txt"],
        "collection": "mine",
        "staged": [staged],
    }
    done = ended(home, queue.submit(home, "index", arguments))
    assert (done.state, done.error) == ("done", "")
    assert done.result["added"] == 1
    assert not Path(staged).exists()
    document = home.store.documents([home.collection("mine").id]).rows[0]
    assert document.path == "../premiums.txt"

    again = {"collection": "mine", "documents": [document.id]}
    assert ended(home, queue.submit(home, "reindex", again)).result["updated"] == 1


def test_a_job_whose_process_is_gone_is_failed_not_running(home):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    row(home, "dead", pid=gone.pid)
    assert queue.job(home, "dead").state == "failed"
    assert "Start it again" in queue.job(home, "dead").error


def test_a_job_whose_number_another_process_has_by_now_is_failed(home):
    begun = [sys.executable, "-c", "print('begun', flush=True); input()"]
    with subprocess.Popen(begun, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        row(home, "before-the-restart", pid=other.pid)
        assert queue.job(home, "before-the-restart").state == "failed"
        other.communicate(b"\n")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_a_dead_process_that_nobody_has_asked_after_is_no_work(home):
    forgetful = "import os; n = os.fork() or os._exit(0); print(n, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", forgetful], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        pid = int(other.stdout.readline())
        while b") Z " not in Path(f"/proc/{pid}/stat").read_bytes():
            time.sleep(0.01)
        row(home, "forgotten", pid=pid)
        assert queue.job(home, "forgotten").state == "failed"
        other.communicate(b"\n")


def test_jobs_keep_their_order_when_the_clock_is_set_back(home, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", "input()", "older"], stdin=subprocess.PIPE
    ) as older:
        row(home, "older", pid=older.pid, created_at=time.time() + 3600)
        identifier = queue.submit(home, "index", {"paths": [str(tmp_path)], "collection": "c"})
        assert [job.id for job in queue.jobs(home)] == [identifier, "older"]
        time.sleep(1.5)
        assert queue.job(home, identifier).state == "waiting"
        queue.cancel(home, identifier)
        assert ended(home, identifier).state == "cancelled"
        older.communicate(b"\n")


def test_progress_and_cancelling_do_not_wait_for_the_clock(home, monkeypatch):
    row(home, "mine", pid=1)
    control = queue.JobControl(home, queue._select(home, "id = ?", ("mine",))[0])
    control.progress({"done": 1})
    monkeypatch.setattr(queue.time, "time", lambda: 0.0)  # half a century back
    monkeypatch.setattr(queue, "PROGRESS_SECONDS", 0.0)
    queue.update(home, "mine", state="cancelling", pid=None)
    control.progress({"done": 2})
    assert control.cancelled()
    assert queue.job(home, "mine").progress == {"done": 2}


def test_a_waiting_job_can_be_cancelled(home, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", "input()", "older"], stdin=subprocess.PIPE
    ) as older:
        row(home, "older", pid=older.pid)
        identifier = queue.submit(home, "index", {"paths": [str(tmp_path)], "collection": "c"})
        assert queue.job(home, identifier).state == "waiting"
        queue.cancel(home, identifier)
        assert ended(home, identifier).state == "cancelled"
        older.communicate(b"\n")


def test_what_was_staged_goes_with_a_job_that_was_cancelled_or_killed(home):
    staged = uploads.stage(home.path, [b"One.", b"Two.", b"Three."])
    given = {"names": ["a.txt"], "collection": "c"}
    with subprocess.Popen(
        [sys.executable, "-c", "input()", "older"], stdin=subprocess.PIPE
    ) as older:
        row(home, "older", pid=older.pid)
        arguments = given | {"paths": staged[:1], "staged": staged[:1]}
        identifier = queue.submit(home, "index", arguments)
        queue.cancel(home, identifier)
        assert ended(home, identifier).state == "cancelled"
        older.communicate(b"\n")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    row(home, "killed", pid=gone.pid, arguments=json.dumps({"staged": staged[1:2]}))
    row(home, "at work", pid=os.getpid(), arguments=json.dumps({"staged": staged[2:]}))
    queue.mark_dead(home)
    _until(lambda: not Path(staged[0]).exists())
    assert [Path(path).exists() for path in staged] == [False, False, True]


def _until(holds):
    deadline = time.monotonic() + 30
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_what_a_job_names_outside_the_home_is_left_alone(home, tmp_path):
    (tmp_path / "mine").write_text("Keep this.")
    uploads.discard(home.path, [str(tmp_path / "mine")])
    assert (tmp_path / "mine").exists()


def test_what_a_job_cannot_do_is_told_in_its_error(home):
    failed = ended(home, queue.submit(home, "reindex", {"collection": "no", "documents": []}))
    assert failed.state == "failed"
    assert "there is no collection 'no'" in failed.error


def test_an_unknown_kind_or_job_is_refused(home):
    with pytest.raises(queue.JobError, match="no job of kind 'dance'"):
        queue.submit(home, "dance", {})
    with pytest.raises(queue.JobError, match="no job nothing"):
        queue.job(home, "nothing")


def test_reading_again_takes_what_is_there_by_now_and_names_what_is_not(home, tmp_path):
    file = tmp_path / "notice.md"
    for text in ("The notice period is four weeks.", "The notice period is eight weeks."):
        file.write_text(text)
        home.index(find([file]), "staff")
    number = home.collection("staff").id
    (now,) = home.store.documents([number]).rows
    old = next(one.id for one in home.store.revisions(now.id) if not one.current)
    report = home.reindex("staff", [old, "0" * 16])
    assert (report.updated, report.failed) == (1, ())
    assert "eight" in home.searcher.search("notice period", home.scope(["staff"]))[0].passage.text
    home.store.originals.path(now.content_hash).unlink()
    (failed,) = home.reindex("staff").failed
    assert failed.path == str(file)


@pytest.fixture
def bulk():
    """Ten thousand files that are being read, by a process that names its job."""
    with contextlib.ExitStack() as stack:

        def begin(home, **arguments):
            command = [sys.executable, "-c", "import sys; sys.stdin.read()", "bulk"]
            reading = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE))
            names = [f"{number}.txt" for number in range(10_000)]
            given = {"paths": names, "names": names, "collection": "mine", "staged": names}
            row(home, "bulk", arguments=json.dumps(given | arguments), pid=reading.pid)
            return queue.job(home, "bulk")

        yield begin


def upload(home, name="one.txt"):
    (staged,) = uploads.stage(home.path, [b"Premiums are paid every month."])
    given = {"paths": [staged], "names": [name], "collection": "mine", "staged": [staged]}
    return queue.submit(home, "index", given)


def test_one_file_is_read_while_ten_thousand_are(home, bulk):
    assert bulk(home).state == "running"
    done = ended(home, upload(home))
    assert (done.state, done.result["added"]) == ("done", 1)
    assert queue.job(home, "bulk").state == "running"


def test_a_folder_that_is_being_indexed_holds_up_no_upload(home, bulk):
    bulk(home, paths=["/documents"], names=None, staged=[])
    assert ended(home, upload(home)).state == "done"


def test_small_uploads_keep_their_order_and_a_name_is_waited_for(home, bulk):
    bulk(home)
    first, second = upload(home, "7.txt"), upload(home)
    for identifier in (first, second):
        assert queue.is_behind(home, queue.job(home, identifier))
    queue.update(home, "bulk", state="done")
    assert [ended(home, one).state for one in (first, second)] == ["done", "done"]
    rows = home.store.documents([home.collection("mine").id]).rows
    assert sorted(document.path for document in rows) == ["7.txt"]  # the same content


def test_a_job_that_waits_for_days_is_not_failed_for_waiting(home, bulk):
    bulk(home)
    waiting = upload(home, "7.txt")
    queue.update(home, waiting, created_at=time.time() - 9e5, heartbeat_at=None)
    time.sleep(3 * queue.PROGRESS_SECONDS)
    assert queue.job(home, waiting).state == "waiting"
    queue.mark_dead(home)
    assert queue.job(home, waiting).state == "waiting"
    queue.update(home, "bulk", state="done")
    assert ended(home, waiting).state == "done"


def test_a_folder_without_a_readable_file_ends_with_a_sentence_and_counts(home, tmp_path):
    folder = tmp_path / "nothing to read"
    folder.mkdir()
    (folder / "photo.xyz").write_bytes(bytes(range(256)))
    (folder / "empty.txt").write_text("")
    given = {"paths": [str(folder)], "names": None, "collection": "mine", "staged": []}
    done = ended(home, queue.submit(home, "index", given))
    assert done.state == "done"
    assert done.result["added"] == 0
    assert len(done.result["failed"]) == 2
    assert all(failure["error"] for failure in done.result["failed"])


def follow(home, folder):
    """Have a folder followed; the job's id."""
    arguments = {"paths": [str(folder)], "names": None, "collection": "mine", "staged": []}
    return queue.submit(home, "watch", arguments)


def titles(home):
    found = home.store.collection("mine")
    return {one.title for one in home.store.documents([found.id]).rows} if found else set()


def until(home, job, wanted):
    """Wait for something while a job goes on."""
    while not wanted():
        found = queue.job(home, job)
        assert found.active, found.error
        time.sleep(0.1)


def test_a_folder_is_kept_in_step_until_it_is_stopped(home, tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "mill.txt").write_text("The mill was built in 1890.")
    job = follow(home, folder)
    until(home, job, lambda: titles(home) == {"mill"})
    (folder / "yard.txt").write_text("The yard lies behind the mill.")
    until(home, job, lambda: titles(home) == {"mill", "yard"})
    (folder / "mill.txt").unlink()
    until(home, job, lambda: titles(home) == {"yard"})
    until(home, job, lambda: queue.job(home, job).progress.get("deleted") == 1)
    queue.cancel(home, job)
    stopped = ended(home, job)
    assert (stopped.state, stopped.error) == ("cancelled", "")
    assert (stopped.result["added"], stopped.result["deleted"]) == (2, 1)
    (folder / "late.txt").write_text("Nobody looks any more.")
    assert titles(home) == {"yard"}


def test_a_folder_whose_collection_is_deleted_is_followed_no_more(home, tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "mill.txt").write_text("The mill was built in 1890.")
    job = follow(home, folder)
    until(home, job, lambda: titles(home) == {"mill"})
    deletion.delete_collection(home, home.collection("mine").id, "operator")
    (folder / "yard.txt").write_text("The yard lies behind the mill.")
    found = ended(home, job)
    assert found.state == "failed"
    assert "deleted" in found.error
    assert home.store.collection("mine") is None


def test_a_folder_that_was_followed_is_followed_again_after_a_restart(home, tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    first = follow(home, folder)
    until(home, first, lambda: queue.job(home, first).state == "running")
    pid = queue.job(home, first).pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    (folder / "mill.txt").write_text("The mill was built in 1890.")
    (again,) = queue.follow_again(home)
    assert queue.job(home, first).state == "failed"
    until(home, again, lambda: titles(home) == {"mill"})
    assert queue.follow_again(home) == []  # it goes on
    queue.cancel(home, again)
    ended(home, again)
    assert queue.follow_again(home) == []  # nor what somebody has stopped


def test_a_folder_is_followed_no_more_once_who_ordered_it_is_no_admin(home, tmp_path):
    people = People(home.store)
    people.add("root", "correct horse battery", Profile("admin"))
    ann = people.add("ann", "correct horse battery", Profile("admin"))
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "mill.txt").write_text("The mill was built in 1890.")
    arguments = {"paths": [str(folder)], "names": None, "collection": "mine", "staged": []}
    job = queue.submit(home, "watch", arguments, ann.id)
    until(home, job, lambda: titles(home) == {"mill"})
    people.remove("ann", "root")
    found = ended(home, job)
    assert found.state == "failed"
    assert "removed since" in found.error
