"""What becomes of runs: switched to by hand, given up, removed; and how long they take."""

from dataclasses import replace

import pytest
from scripted_server import scripted_server

from embedder.errors import FootnoteError
from footnote.accounts import audit
from footnote.jobs import queue
from footnote.runs import estimate, service
from footnote.runs.example_pages import ExamplePages, save
from footnote.runs.service import TrainingOptions
from footnote.worker.kinds import WORK
from indexer.ingest.sources import find
from rag.llm.client import OpenAIChat
from tests.homes import write_papers
from tests.training.synthesis.test_from_tasks import Author
from training.data.examples import Example, read_examples, write_examples
from training.data.split import split_collection
from training.evaluation.metrics import Interval
from training.fit.config import Recipe
from training.pipeline import DEVELOPMENT, DEVELOPMENT_POOL

QUICK = Recipe(steps=4, batch=4, rank=2, alpha=4, warmup=1, evaluate_every=2)


@pytest.fixture
def home(papers_home):
    return papers_home


@pytest.fixture
def kept(home, monkeypatch):
    """A run that was proved to be better and left for a person to switch to."""
    from training.fit import whitening
    from training.pipeline import run as pipeline

    monkeypatch.setattr(whitening, "FEWEST", 5)  # so that each run comes to another embedder
    real = pipeline.prove

    def better(*arguments):
        gain = Interval(0.1, 0.05, 0.2)
        return replace(real(*arguments), queries=99, dense_gain=gain, fused_gain=gain)

    monkeypatch.setattr(pipeline, "prove", better)
    run = service.order(home, TrainingOptions("papers", recipe=QUICK, promote=False))
    service.learning(home, run).run()
    assert run.outcome == "kept"
    return run


def in_use(home):
    return home.store.generation(home.collection("papers").id)


def vectors_of(home, run):
    fingerprint = home.registry.spec(run.id).fingerprint
    rows = home.store.connection.execute(
        "SELECT count(*) FROM vectors WHERE fingerprint = ?", (fingerprint,)
    )
    return rows.fetchone()[0]


def test_a_kept_run_is_switched_to_by_hand_and_back_and_again(home, kept):
    assert service.may_switch(kept)
    service.allow_switch(home, kept)
    assert service.carry_out(home, kept, by="ann").promoted
    assert in_use(home) == home.registry.spec(kept.id).fingerprint
    with pytest.raises(service.TrainingError, match="answers already"):
        service.allow_switch(home, kept)
    service.rollback(home, "papers")
    service.allow_switch(home, kept)
    assert service.learning(home, kept).run().promoted
    noted = [(one.who, one.what, one.collection) for one in audit.entries(home.store).rows]
    assert noted == [("operator", "rollback", "papers"), ("ann", "promotion", "papers")]


def test_a_proof_against_another_embedder_is_not_believed(home, kept):
    other = service.order(home, TrainingOptions("papers", recipe=replace(QUICK, seed=1)))
    assert service.learning(home, other).run().promoted
    service.allow_switch(home, kept)
    assert kept.proof is None
    service.learning(home, kept).run()
    assert kept.proof.against == home.registry.spec(other.id).fingerprint


def test_a_rejected_run_leaves_its_proof_and_nothing_else(home, kept):
    assert vectors_of(home, kept)
    fingerprint = home.registry.spec(kept.id).fingerprint
    service.reject(home, kept)
    assert kept.id not in home.registry.names()
    left = home.store.connection.execute(
        "SELECT count(*) FROM vectors WHERE fingerprint = ?", (fingerprint,)
    )
    assert left.fetchone()[0] == 0
    assert (kept.outcome, kept.proof is None) == ("rejected", False)
    with pytest.raises(service.TrainingError):
        service.allow_switch(home, kept)
    service.remove(home, kept)
    assert list(service.runs(home)) == []


def test_what_a_collection_needs_is_not_removed(home, kept):
    service.allow_switch(home, kept)
    service.learning(home, kept).run()
    with pytest.raises(service.TrainingError, match="papers is searched with it"):
        service.remove(home, kept)
    later = service.order(home, TrainingOptions("papers", recipe=replace(QUICK, seed=1)))
    assert service.learning(home, later).run().promoted
    with pytest.raises(service.TrainingError, match="go back"):
        service.remove(home, kept)
    service.rollback(home, "papers")
    service.rollback(home, "papers")
    service.remove(home, kept)
    assert home.searcher.search("deductible", home.scope(["papers"]), mode="dense")


def test_neither_the_bundled_embedder_nor_the_one_in_use_is_removed(home):
    for name, why in (("bundled", "comes with"), ("tiny", "in use"), ("none", "no embedder")):
        with pytest.raises(FootnoteError, match=why):
            home.registry.remove(name)


def test_a_run_keeps_copies_of_the_files_that_it_was_given(home, tmp_path):
    given = tmp_path / "pairs.csv"
    given.write_text(
        "question,passage\nWhose right is travel?,It is the right of every employee.\n"
    )
    options = TrainingOptions("papers", data=(given, given), questions=given, recipe=QUICK)
    run = service.order(home, options)
    given.unlink()
    assert len(run.request.data) == 2
    for path in (*run.request.data, run.request.questions):
        assert read_examples(run.folder / "data" / path.rsplit("/", 1)[-1])


def test_one_long_document_among_short_ones_leaves_something_for_each_part(home, tmp_path):
    long = "\n\n".join(
        f"# Rule {n}\n\n" + f"The rule {n} of leave is long. " * 60 for n in range(80)
    )
    (tmp_path / "long.md").write_text(long)
    home.index(find([tmp_path / "long.md"]), "uneven")
    write_papers(tmp_path / "short", 8)
    home.index(find([tmp_path / "short"]), "uneven")
    taken = split_collection(home.store, home.collection("uneven").id)
    assert not taken.whole_documents
    assert set(taken.parts.values()) == {"train", "development", "proof"}


def test_examples_can_be_cancelled_and_are_then_made_anew(home):
    class Stop:
        def progress(self, state):
            self.seen = state.stage

        def cancelled(self):
            return True

    run = service.order(home, TrainingOptions("papers", recipe=QUICK))
    assert service.learning(home, run, watch=Stop()).examples() == []
    assert not run.examples.exists()
    assert service.learning(home, run).examples()


def test_a_file_of_examples_is_read_and_edited_by_page(tmp_path):
    path = tmp_path / "examples.jsonl"
    made = [Example(f"q{n}", f"ä {n}", source="ab"[n % 2]) for n in range(9)]
    write_examples(path, made)
    pages = ExamplePages(path)
    assert pages.counts == {"a": 5, "b": 4}
    assert pages.read(pages.numbers("b")[1:3]) == [made[3], made[5]]
    new = Example("new", "one")
    save(path, {3: replace(made[3], query="better")}, [0, 8], [new])
    found = read_examples(path)
    assert [one.query for one in found] == ["new", "q1", "q2", "better", "q4", "q5", "q6", "q7"]


def test_an_estimate_grows_with_what_there_is_to_do(home):
    number = home.collection("papers").id
    embedder = home.embedder_of(number)
    assert estimate.known_pace(home, embedder) is None
    pace = estimate.pace(home, embedder, estimate.sample(home.store, number))
    assert estimate.known_pace(home, embedder) == pace
    assert min(pace.embedding, pace.looking, pace.learning) > 0
    size = estimate.size(home, number, embedder, ("heading", "crop"))
    assert size.passages == home.store.count_passages(number)
    assert size.examples > 0
    assert size.passage_tokens > size.query_tokens > 0
    usual = Recipe()
    patient = usual.patience * usual.evaluate_every
    few, many = (
        estimate.estimate(pace, size, replace(usual, steps=steps)) for steps in (patient, 500)
    )
    assert few.total[0] < few.total[1] < many.total[1]
    assert few.training[0] == few.training[1]
    assert many.training[0] < many.training[1]
    assert estimate.size(home, number, embedder, ("crop",), made=7).examples == 0


def test_an_estimate_is_arithmetic():
    pace = estimate.Pace(embedding=1000, looking=500, learning=100)
    size = estimate.Size(passages=10_000, examples=50, passage_tokens=90, query_tokens=10)
    recipe = Recipe(
        steps=10, batch=10, negatives=1, evaluate_every=10, patience=1, tokens_in_memory=10**9
    )
    found = estimate.estimate(pace, size, recipe)
    assert found.examples == 50 * 100 / 1000
    look = ((DEVELOPMENT + DEVELOPMENT_POOL) * 90 + DEVELOPMENT * 10) / 500
    assert found.training == (10 * 10 * 190 / 100 + 2 * look,) * 2
    assert found.proof == (2000 * 90 + 2 * 450 * 100) / 1000
    assert found.switch == (8000 * 90 + 200 * 100) / 1000


def test_the_job_of_a_run_is_found(home):
    rows = [("a", "examples", "x", 1.0), ("b", "train", "x", 2.0), ("c", "train", "y", 3.0)]
    for identifier, kind, run, moment in rows:
        queue._table(home).insert(
            {
                "id": identifier,
                "kind": kind,
                "arguments": f'{{"run": "{run}"}}',
                "state": "done",
                "created_at": moment,
            }
        )
    assert queue.of_run(home, "x").id == "b"
    assert queue.of_run(home, "z") is None
    assert [job.id for job in queue.jobs(home, ("examples",))] == ["a"]
    assert len(queue.jobs(home)) == 3


class Control:
    """A job's control that is cancelled after so many reports."""

    def __init__(self, reports=10**9):
        self.left, self.seen = reports, []

    def progress(self, values):
        self.left -= 1
        self.seen.append(values)

    def cancelled(self):
        return self.left <= 0


def test_a_language_model_writes_in_a_job_that_can_be_stopped_and_goes_on(home, monkeypatch):
    with scripted_server(answer=Author()) as server:
        chat = OpenAIChat(server.url, "sk", "tiny", temperature=1.0)
        monkeypatch.setattr(home, "llm", chat, raising=False)
        monkeypatch.setattr(home, "_writing_model", lambda: chat)
        file = service.written(home, "papers")
        arguments = {"collection": "papers", "file": str(file), "count": 5}
        control = Control(3)
        assert WORK["write"](home, arguments, control) == {}
        assert {"done", "total", "examples", "seconds_left"} <= control.seen[0].keys()
        report = WORK["write"](home, arguments, Control())
    examples = read_examples(file)
    assert report["examples"] == len(examples)
    assert {one.source for one in examples} == {"written"}


def test_a_collection_that_has_grown_by_a_tenth_is_trained_on_again(home, tmp_path, monkeypatch):
    ordered = []
    monkeypatch.setattr(queue, "submit", lambda home, kind, wanted, *_: ordered.append(wanted))

    class Control:
        def progress(self, state): ...

        def cancelled(self):
            return False

    def add(folder, files):
        path = tmp_path / folder
        write_papers(path, files)
        WORK["index"](home, {"paths": [str(path)], "collection": "papers"}, Control())

    options = TrainingOptions("papers", recipe=QUICK, kinds=("crop",), promote=False, again=True)
    run = service.order(home, options)
    add("more", 40)
    assert not ordered  # the last run has not come to its end
    run.write_outcome("rejected")
    add("none", 0)
    [wanted] = ordered
    again = service.runs(home).get(wanted["run"]).request
    assert (again.kinds, again.recipe, again.promote, again.again) == (
        ("crop",), run.request.recipe, False, True
    )  # fmt: skip
    service.runs(home).get(wanted["run"]).write_outcome("rejected")
    add("few", 1)
    assert len(ordered) == 1  # it has not grown by a tenth since
