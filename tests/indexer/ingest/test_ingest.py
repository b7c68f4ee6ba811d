"""Files and folders into collections, through the real parsers and a real small decoder."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from file_writers import PICTURE, pdf

from indexer.doctor.repair import examine
from indexer.ingest import watch as watching
from indexer.ingest.ingest import Ingest, OtherGenerationError
from indexer.ingest.sources import Source, find
from indexer.ingest.watch import in_step, watch
from indexer.sandbox.pool import NoParserError, ParserPool
from indexer.store.store import Store

LEAVE = "# Parental leave\n\nPaid leave lasts sixteen weeks for every employee.\n"
TRAVEL = "# Travel\n\nTravel expenses are refunded within thirty days.\n"
PLAN = "# Health plan\n\nThe premium of the plan is paid by the employer.\n"


class Desk:
    """A folder of files and a home that they are indexed into."""

    def __init__(self, tmp_path, embedder):
        self.home, self.folder = tmp_path / "home", tmp_path / "files"
        self.folder.mkdir()
        self.store = Store.open(self.home)
        self.collection = self.store.create_collection("Handbook").id
        self.ingest = Ingest(self.store, embedder, workers=2)

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def run(self, *paths, **options):
        return self.ingest.run(find(paths or [self.folder]), self.collection, **options)

    def titles(self):
        return [document.title for document in self.store.documents([self.collection]).rows]

    def found(self, query):
        hits = self.store.keyword(self.collection, query, 10)
        return len(hits)

    def sound(self):
        leftover = list((self.home / "files" / "incoming").iterdir())
        return not leftover and not examine(self.store, self.home / "index")


@pytest.fixture
def desk(tmp_path, tiny_embedder):
    return Desk(tmp_path, tiny_embedder)


@pytest.fixture
def full_desk(desk):
    desk.write("leave.md", LEAVE)
    desk.write("more/travel.md", TRAVEL)
    desk.write("more/plan.md", PLAN)
    return desk


def test_a_folder_is_indexed_and_a_repeat_has_nothing_to_do(full_desk):
    report = full_desk.run()
    assert (report.added, report.updated, report.unchanged, report.failed) == (3, 0, 0, ())
    assert (report.pages, report.passages) == (3, 3)
    assert full_desk.titles() == ["Health plan", "Parental leave", "Travel"]
    assert full_desk.found("refunds") == 1
    (batch,) = full_desk.store.vectors(full_desk.collection, full_desk.ingest.embedder.fingerprint)
    assert batch.vectors.shape == (3, full_desk.ingest.embedder.dimension)
    again = full_desk.run()
    assert (again.added, again.unchanged, again.passages) == (0, 3, 0)
    assert full_desk.sound()


def test_hidden_files_and_links_out_of_the_folder_are_passed_over(full_desk, tmp_path):
    full_desk.write(".git/config.md", LEAVE)
    full_desk.write(".hidden.md", LEAVE)
    outside = tmp_path / "secret.md"
    outside.write_text("The password of the safe is written here.")
    (full_desk.folder / "link.md").symlink_to(outside)
    (full_desk.folder / "folder-link").symlink_to(tmp_path)
    (full_desk.folder / "inside.md").symlink_to(full_desk.folder / "leave.md")
    names = [Path(source.name).name for source in find([full_desk.folder])]
    assert names == ["inside.md", "leave.md", "plan.md", "travel.md"]


def test_a_path_given_twice_is_one_source(full_desk):
    assert len(find([full_desk.folder, full_desk.folder / "leave.md"])) == 3


def test_what_cannot_be_read_is_named_and_the_others_go_on(full_desk):
    full_desk.write("empty.txt", "")
    full_desk.write("movie.mp4", "\0\1\2" * 100)
    (full_desk.folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    report = full_desk.run(full_desk.folder, full_desk.folder / "missing.md")
    assert report.added == 3
    errors = {Path(failure.path).name: failure.error for failure in report.failed}
    assert set(errors) == {"empty.txt", "movie.mp4", "broken.pdf", "missing.md"}
    assert "cannot be read" in errors["missing.md"]
    assert all(errors.values())
    # A kind of file that is not read is reported, and not listed as a document.
    failed = full_desk.store.documents([full_desk.collection], state="failed")
    assert failed.total == 3
    assert full_desk.sound()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(full_desk):
    full_desk.write("locked.md", LEAVE).chmod(0)
    assert len(full_desk.run().failed) == 1


def test_a_changed_file_is_a_new_revision(full_desk):
    full_desk.run()
    full_desk.write("leave.md", LEAVE.replace("sixteen", "twenty"))
    report = full_desk.run()
    assert (report.added, report.updated, report.unchanged) == (0, 1, 2)
    assert full_desk.found("twenty") == 1
    assert full_desk.found("sixteen") == 0
    assert full_desk.sound()


@pytest.mark.parametrize("content", [b"", b"\0\1\2" * 100, b"%PDF-1.7\nnothing more"])
def test_a_file_that_cannot_be_read_any_more_is_found_as_it_was_and_said_to_be_so(
    full_desk, content
):
    full_desk.run()
    leave = full_desk.folder / "leave.md"
    leave.write_bytes(content)
    for _ in range(2):
        report = full_desk.run()
        (failure,) = report.failed
        assert (report.updated, report.unchanged) == (0, 2)
        assert full_desk.found("leave") == 1
        (document,) = full_desk.store.documents([full_desk.collection], text="leave.md").rows
        assert (document.state, document.unread) == ("ready", failure.error)
        assert full_desk.store.documents([full_desk.collection], state="failed").rows == (document,)
        assert full_desk.store.documents([full_desk.collection], state="ready").total == 3
    leave.write_text(LEAVE)
    assert full_desk.run().unchanged == 3
    assert full_desk.store.document(document.id).unread == ""
    assert full_desk.sound()


def test_a_copy_is_not_indexed_twice(full_desk):
    full_desk.write("copy.md", LEAVE)
    report = full_desk.run()
    assert (report.added, report.unchanged) == (3, 1)
    assert full_desk.run().unchanged == 4
    assert full_desk.found("leave") == 1
    # The first of the two in order is the one that has the document, however fast the other is.
    (document,) = full_desk.store.documents([full_desk.collection], text="leave").rows
    assert document.path.endswith("copy.md")


def test_a_copy_is_tried_where_its_twin_failed(desk):
    desk.write("a.pdf", LEAVE)  # not what it says it is
    desk.write("b.md", LEAVE)
    report = desk.run()
    assert (report.added, len(report.failed) + report.unchanged) == (1, 1)
    assert desk.found("leave") == 1


def test_a_renamed_file_keeps_its_document(full_desk):
    full_desk.run()
    (before,) = full_desk.store.documents([full_desk.collection], text="leave.md").rows
    (full_desk.folder / "leave.md").rename(full_desk.folder / "renamed.md")
    report = full_desk.run()
    assert (report.added, report.updated, report.unchanged) == (0, 1, 2)
    after = full_desk.store.document(before.id)
    assert after.current
    assert after.path.endswith("renamed.md")
    assert full_desk.sound()


def test_uploads_are_stored_under_the_name_they_came_with(desk, tmp_path):
    (tmp_path / "u1").write_text(LEAVE)
    (tmp_path / "u2").write_text(LEAVE.replace("sixteen", "twenty"))
    desk.ingest.run([Source(tmp_path / "u1", "leave.md")], desk.collection)
    report = desk.ingest.run([Source(tmp_path / "u2", "leave.md")], desk.collection)
    assert report.updated == 1
    (document,) = desk.store.documents([desk.collection]).rows
    assert (document.path, document.revision, document.title) == ("leave.md", 2, "Parental leave")
    (tmp_path / "u2").unlink()
    assert "twenty" in desk.store.original(document.content_hash).read_text()


def test_again_parses_what_is_unchanged(full_desk):
    full_desk.run()
    report = full_desk.run(force=True)
    assert (report.added, report.updated, report.unchanged) == (0, 3, 0)
    assert full_desk.found("leave") == 1
    assert full_desk.sound()


def test_texts_embedded_before_are_not_embedded_again(full_desk, monkeypatch):
    full_desk.run()
    other = full_desk.store.create_collection("Other").id

    def refuse(texts):
        raise AssertionError(texts)

    monkeypatch.setattr(full_desk.ingest.embedder, "embed_passages", refuse)
    assert full_desk.ingest.run(find([full_desk.folder]), other).added == 3


def test_many_small_and_one_large_file_are_embedded_in_slices(desk, monkeypatch):
    lines = [f"Line {number} says something about the leave of employee {number}." for number in
             range(3000)]  # fmt: skip
    desk.write("large.txt", "\n\n".join(lines))
    for number in range(30):
        desk.write(f"{number:02}.md", LEAVE.replace("sixteen", str(number)))
    sizes = []
    embed = desk.ingest.embedder.embed_passages

    def counted(texts):
        sizes.append(len(texts))
        return embed(texts)

    monkeypatch.setattr(desk.ingest.embedder, "embed_passages", counted)
    seen = []
    report = desk.run(progress=seen.append)
    assert report.added == 31
    assert max(sizes) <= 128 < sum(sizes) == report.passages
    assert seen[-1].files_done == seen[-1].files_total == 31
    assert seen[-1].bytes_done == seen[-1].bytes_total
    assert seen[-1].seconds_left == 0
    assert seen[0].files_done in (0, 1)
    assert any(0 < state.bytes_done < state.bytes_total for state in seen)
    assert desk.sound()


def test_a_cancelled_run_leaves_a_sound_home_and_is_continued(desk, monkeypatch):
    monkeypatch.setattr("indexer.ingest.pipeline._SLICE", 4)  # cancelling is noticed between slices
    for number in range(40):
        desk.write(f"{number:02}.md", LEAVE.replace("sixteen", str(number)))
    done = []
    report = desk.run(progress=done.append, cancelled=lambda: len(done) >= 5)
    assert 0 < report.added < 40
    assert desk.sound()
    rest = desk.run()
    assert report.added + rest.added == 40
    assert desk.run(cancelled=lambda: True).unchanged == 0


@pytest.fixture
def scan(desk, monkeypatch):
    monkeypatch.setattr("indexer.ingest.pipeline._LOOK_SECONDS", 0.05)
    (desk.folder / "scan.pdf").write_bytes(pdf([PICTURE] * 10))
    return desk


def test_while_a_long_scan_is_read_its_pages_are_counted_and_time_left_is_told(
    scan, slow_recognition
):
    slow_recognition(0.1)
    seen = []
    assert scan.run(progress=seen.append).added == 1
    reading = [state for state in seen if state.page_of]
    pages = [state.page for state in reading]
    assert pages == sorted(pages)
    assert {state.page_of for state in reading} == {10}
    assert any(0 < page < 10 for page in pages)
    assert all(state.current.endswith("scan.pdf") for state in reading)
    assert all(state.seconds_left is not None for state in reading if state.page)
    assert (seen[-1].page_of, seen[-1].seconds_left) == (0, 0)
    assert scan.found("scanned") == 1


def test_a_long_scan_can_be_stopped_between_its_pages(scan, slow_recognition):
    calls = slow_recognition(0.3)
    seen = []
    report = scan.run(progress=seen.append, cancelled=lambda: any(s.page for s in seen))
    assert (report.added, report.failed) == (0, ())
    assert 0 < len(list(calls.iterdir())) < 10
    assert scan.sound()


def test_a_failure_of_the_embedder_stops_the_run_and_leaves_a_sound_home(full_desk, monkeypatch):
    def fail(texts):
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(full_desk.ingest.embedder, "embed_passages", fail)
        with pytest.raises(RuntimeError, match="out of memory"):
            full_desk.run()
    assert full_desk.sound()
    assert full_desk.run().added == 3


def test_a_plan_says_what_a_run_would_do_and_writes_nothing(full_desk):
    full_desk.run(full_desk.folder / "more")
    full_desk.write("more/plan.md", PLAN + "It covers teeth as well.")
    full_desk.write("movie.mp4", "\0\1\2" * 100)
    full_desk.write("copy.md", TRAVEL)
    before = full_desk.store.documents([full_desk.collection])
    plan = full_desk.ingest.plan(find([full_desk.folder]), full_desk.collection)
    assert [Path(name).name for name in plan.added] == ["leave.md"]
    assert [Path(name).name for name in plan.updated] == ["plan.md"]
    assert plan.unchanged == 2
    assert [Path(failure.path).name for failure in plan.failed] == ["movie.mp4"]
    assert full_desk.store.documents([full_desk.collection]) == before
    assert len(full_desk.ingest.plan(find([full_desk.folder]), None).added) == 4


def test_a_collection_of_another_embedder_is_refused(full_desk):
    full_desk.run()
    full_desk.store.use_generation(full_desk.collection, "another")
    with pytest.raises(OtherGenerationError, match="another"):
        full_desk.run()


def test_two_runs_over_the_same_folder_at_once(desk, tiny_embedder):
    for number in range(20):
        desk.write(f"{number:02}.md", LEAVE.replace("sixteen", str(number)))
    reports = []

    def work():
        store = Store.open(desk.home)
        ingest = Ingest(store, tiny_embedder)
        reports.append(ingest.run(find([desk.folder]), desk.collection))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(report.added for report in reports) == 20
    assert sum(report.unchanged for report in reports) == 20
    assert desk.store.documents([desk.collection]).total == 20
    assert desk.sound()


def test_a_collection_is_brought_in_step_with_its_folder(full_desk):
    full_desk.run()
    full_desk.write("copy.md", LEAVE)
    (full_desk.folder / "leave.md").unlink()
    full_desk.write("more/plan.md", PLAN + "It covers teeth as well.")
    (full_desk.folder / "more" / "travel.md").unlink()
    roots = [full_desk.folder]
    report = in_step(full_desk.ingest, roots, roots, full_desk.collection)
    assert report.deleted == 1
    assert full_desk.titles() == ["Health plan", "Parental leave"]
    assert full_desk.found("teeth") == 1
    assert full_desk.sound()


def test_a_copy_is_indexed_once_its_twin_is_deleted_or_changed(full_desk):
    full_desk.write("more/zcopy.md", LEAVE)
    full_desk.run()
    leave = full_desk.folder / "leave.md"
    leave.unlink()
    report = in_step(full_desk.ingest, [full_desk.folder], [leave], full_desk.collection)
    assert (report.added, report.deleted) == (1, 1)
    assert full_desk.found("leave") == 1


def test_what_cannot_be_read_is_listed_once_and_not_tried_again_by_itself(full_desk, monkeypatch):
    broken = full_desk.folder / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing more")
    roots = [full_desk.folder]
    assert len(in_step(full_desk.ingest, roots, roots, full_desk.collection).failed) == 1
    parsed, parse = [], ParserPool.parse_and_cut

    def noted(pool, path, *more):
        parsed.append(path)
        return parse(pool, path, *more)

    monkeypatch.setattr(ParserPool, "parse_and_cut", noted)
    other = full_desk.write("leave.md", LEAVE + "It is paid in full.")
    assert in_step(full_desk.ingest, roots, [other], full_desk.collection).updated == 1
    assert len(parsed) == 1
    # Handed in again, it is tried again, and is still one.
    assert len(full_desk.run(broken).failed) == 1
    assert full_desk.store.documents([full_desk.collection], state="failed").total == 1


def test_an_unplugged_folder_loses_no_document(full_desk):
    full_desk.run()
    full_desk.folder.rename(full_desk.folder.with_name("unplugged"))
    roots = [full_desk.folder]
    report = in_step(full_desk.ingest, roots, roots, full_desk.collection)
    assert report.deleted == 0
    assert len(full_desk.titles()) == 3


def test_a_watched_folder_is_followed(full_desk):
    stop = threading.Event()
    reports = watch(lambda: full_desk.ingest, [full_desk.folder], full_desk.collection, stop)
    assert next(reports).added == 3
    change = threading.Timer(0.5, lambda: full_desk.write("new.md", "# New\n\nA new page."))
    change.start()
    assert next(reports).added == 1
    threading.Timer(0.5, (full_desk.folder / "new.md").unlink).start()
    assert next(reports).deleted == 1
    stop.set()
    assert list(reports) == []


def test_what_changes_while_a_watched_folder_is_read_for_the_first_time_is_followed(
    full_desk, monkeypatch
):
    stop = threading.Event()
    monkeypatch.setattr(watching, "in_step", in_step_and(full_desk, monkeypatch))
    reports = watch(lambda: full_desk.ingest, [full_desk.folder], full_desk.collection, stop)
    assert next(reports).added == 3
    threading.Timer(30, stop.set).start()  # it would wait for ever
    assert next(reports).updated == 1
    assert full_desk.found("twenty") == 1


def in_step_and(desk, monkeypatch):
    """Brings a folder in step and then, for once, changes a file in it."""

    def in_step_and_change(*given):
        report = in_step(*given)
        monkeypatch.setattr(watching, "in_step", in_step)
        desk.write("leave.md", LEAVE.replace("sixteen", "twenty"))
        return report

    return in_step_and_change


def test_indexing_loads_no_torch_where_nothing_is_to_be_embedded():
    program = (
        "import sys, indexer.ingest.ingest, indexer.ingest.watch; print('torch' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=root, check=True, capture_output=True, text=True
    )
    assert said.stdout.strip() == "False"


def test_what_a_link_leads_to_outside_is_not_indexed_while_watching(full_desk, tmp_path):
    full_desk.run()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("The secret of the board.")
    (full_desk.folder / "link.txt").symlink_to(outside / "secret.txt")
    (full_desk.folder / "linked").symlink_to(outside)
    changed = [full_desk.folder / "link.txt", full_desk.folder / "linked"]
    report = in_step(full_desk.ingest, [full_desk.folder], changed, full_desk.collection)
    assert (report.added, full_desk.found("secret")) == (0, 0)


def test_a_file_renamed_to_where_another_was_once_is_moved_there(full_desk):
    full_desk.run()
    leave, travel = full_desk.folder / "leave.md", full_desk.folder / "more" / "travel.md"
    travel.write_text(LEAVE)  # a copy: the travel document goes
    full_desk.run()
    leave.rename(travel)
    assert full_desk.run().updated == 1
    assert full_desk.run().updated == 0
    (document,) = full_desk.store.documents([full_desk.collection], text="leave").rows
    assert document.path == str(travel)


def test_one_file_has_one_name_however_it_is_reached(full_desk):
    full_desk.run()
    assert full_desk.run(full_desk.folder / "more" / "..").unchanged == 3


def test_a_machine_that_starts_no_process_is_not_the_files_fault(full_desk, monkeypatch):
    def refused(*given, **options):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("indexer.sandbox.worker.subprocess.Popen", refused)
    with pytest.raises(NoParserError, match="end other programs"):
        full_desk.run()
    assert full_desk.store.documents([full_desk.collection]).total == 0


def test_a_long_heading_does_not_fill_the_disk(desk):
    """211 KB of Markdown made a database of 619 MB."""
    line = " ".join(f"word{number}" for number in range(2_500))
    desk.write("long.md", f"# {line}\n\n{line}\n")
    desk.run()
    size = sum(file.stat().st_size for file in desk.home.glob("footnote.db*"))
    assert size < 60 * 2 * len(line)
    assert desk.found("word2400") > 0


def test_a_document_is_cut_where_it_can_be_stopped(full_desk, monkeypatch):
    """Cutting a line of four million characters in the job's own process could not be cancelled."""

    def here(*_):
        raise AssertionError("cut in this process")

    monkeypatch.setattr("indexer.chunking._ranges", here)
    assert full_desk.run().added == 3


def test_a_long_document_is_cancelled_while_it_is_read(desk):
    desk.write("long.txt", "\u201c a " * 700_000)
    looks = []

    def cancelled():
        looks.append(1)
        return len(looks) > 4

    assert desk.run(cancelled=cancelled).added == 0
    assert desk.sound()


def test_the_first_reading_of_a_watched_folder_is_told_of_and_can_be_stopped(full_desk):
    stop, told = threading.Event(), []

    def look_on(state):
        told.append(state)
        stop.set()

    report = list(
        watch(
            lambda: full_desk.ingest,
            [full_desk.folder],
            full_desk.collection,
            stop,
            progress=look_on,
        )
    )
    assert told[0].files_total > 1
    assert sum(one.added for one in report) < told[0].files_total
