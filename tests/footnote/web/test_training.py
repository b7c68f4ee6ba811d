"""The page Training, run by Streamlit's own test harness over a real home."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from footnote.home import Home
from footnote.jobs import queue
from footnote.runs import service
from footnote.runs.service import TrainingOptions
from footnote.web.server import shared_home
from footnote.web.training.charts import decimated
from footnote.web.training.examples import NEGATIVE, PASSAGE, QUESTION, edits
from footnote.web.training.order import ADAPT, TRAIN
from footnote.web.training.progress import details, doing, share
from footnote.web.training.proof import change, changes
from footnote.web.training.steps import standing
from training.data.examples import Example, ExampleFileError, read_examples
from training.evaluation.metrics import Interval
from training.evaluation.proof import Comparison, Proof
from training.evaluation.trusts import Trusts
from training.fit.config import Recipe

QUICK = Recipe(steps=4, batch=4, rank=2, alpha=4, warmup=1, evaluate_every=2)


@pytest.fixture
def home(papers_home, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_HOME", str(papers_home.path))
    return papers_home


@pytest.fixture
def submitted(monkeypatch):
    """What is handed in instead of being started."""
    found = []
    monkeypatch.setattr(
        queue, "submit", lambda home, kind, values, owner: found.append((kind, values))
    )
    return found


def training_page(**query):
    def page():
        from footnote.web.training import page

        page.show()

    app = AppTest.from_function(page, default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def order_page():
    """The page with the form of an order for adapting and training."""
    app = training_page()
    app.radio(key="way").set_value(TRAIN).run()
    assert not app.exception
    return app


def ordered(home, **changes):
    return service.order(home, TrainingOptions("papers", recipe=QUICK, promote=False, **changes))


def with_examples(home):
    run = ordered(home)
    service.learning(home, run).examples()
    return run


def proved(home, gain=0.1, outcome="kept"):
    """A run with a proof of four questions and nothing else, as if it had been trained."""
    run = with_examples(home)
    run.embedder.mkdir()
    (run.embedder / "spec.json").write_text("{}")
    ids = [passage.id for passage in home.store.sample_passages(number(home), 4)]
    ranks = [(5, 1), (1, 1), (2, 3), (40, 20)]
    rows = tuple(
        Comparison(
            f"Question {n}?", "pseudo", passage, 3, *ranks[n], *ranks[n], *2 * (ids[n - 1], passage)
        )
        for n, passage in enumerate(ids)
    )
    means, interval = {"dense": 0.5, "fused": 0.6}, Interval(gain, gain - 0.05, gain + 0.05)
    proof = Proof(99, means, means, {"ndcg@10": 0.4}, interval, interval, rows)
    run.write_proof(replace(proof, against=home.store.generation(number(home))))
    run.write_outcome(outcome)
    return run


def number(home):
    return home.collection("papers").id


def job(home, run, kind="train", state="running", progress="{}", error=""):
    import os

    queue._table(home).insert(
        {
            "id": f"{kind}-{state}",
            "kind": kind,
            "arguments": f'{{"run": "{run.id}"}}',
            "state": state,
            "progress": progress,
            "error": error,
            "created_at": 1.0,
            "pid": os.getpid(),
        }
    )


def asked(dialog, about):
    """A dialog alone: the harness runs no part of a page by itself."""

    def page(dialog, about):
        from importlib import import_module

        from footnote.web.server import session

        module, name = dialog.split(".")
        getattr(import_module(f"footnote.web.training.{module}"), name)(
            session.access().everything(), about
        )

    app = AppTest.from_function(page, default_timeout=60, args=(dialog, about)).run()
    assert not app.exception
    return app


def texts(app):
    parts = (app.markdown, app.caption, app.title, app.subheader, app.error, app.info, app.success)
    return "\n".join(element.value for part in parts for element in part).replace("\\", "")


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception


def test_an_empty_home_is_told_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path / "empty"))
    Home.open()
    app = training_page()
    assert "Add documents first" in texts(app)
    assert "Add documents" in [button.label for button in app.button]


def test_an_order_becomes_a_run_whose_examples_are_made(home, submitted, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_WRITER", "on")
    app = order_page()
    assert "papers** is searched with the model tiny" in texts(app)
    app.checkbox(key="kind-title").uncheck().run()
    app.button(key="order-it").click().run()
    (run,) = service.runs(home)
    assert run.request.kinds == ("writer", "heading", "crop", "definition", "question")
    assert (run.request.collection, run.request.start, run.request.promote) == (
        "papers",
        "tiny",
        False,
    )
    assert run.request.general == 0.5
    assert submitted == [("examples", {"run": run.id, "collection": run.request.collection})]
    assert app.query_params["run"] in (run.id, [run.id])


def test_files_of_ones_own_go_with_the_order(home, submitted):
    app = order_page()
    pairs = b"question,passage\nWhose right is travel?,It is the right of every employee.\n"
    app.file_uploader(key="data_files").set_value(("pairs.csv", pairs, "text/csv")).run()
    app.file_uploader(key="question_file").set_value(("asked.csv", pairs, "text/csv")).run()
    press(app, "order-it")
    (run,) = service.runs(home)
    assert read_examples(run.folder / "data" / "0-pairs.csv")[0].query == "Whose right is travel?"
    assert run.request.questions.endswith("1-asked.csv")


def test_a_file_of_no_use_is_named_with_the_reason(home, submitted):
    app = order_page()
    app.file_uploader(key="data_files").set_value(("mine.csv", b"a,b\n1,2\n", "text/csv")).run()
    press(app, "order-it")
    assert "mine.csv: its first line names no column" in texts(app)
    assert "/tmp" not in app.error[0].value
    assert not submitted


def test_adapting_needs_no_examples_and_goes_on_to_its_proof(home, submitted, monkeypatch):
    app = training_page()
    app.radio(key="way").set_value(ADAPT).run()
    press(app, "order-it")
    assert "too few to adapt to; it takes 50" in texts(app)
    monkeypatch.setattr("training.fit.whitening.FEWEST", 10)
    press(app, "order-it")
    (run,) = service.runs(home)
    assert (run.request.recipe.steps, run.request.general) == (0, 0.0)
    assert run.request.kinds == service.usual_kinds(home)  # of which the proof may ask
    assert submitted == [("train", {"run": run.id, "collection": run.request.collection})]
    app = training_page(run=run.id)
    assert "Adapted" not in texts(app)
    service.learning(home, run).train()
    app = training_page(run=run.id)
    assert "None needed" in texts(app)
    assert "Adapted" in texts(app)
    for card in ("show-1", "show-2", "show-3"):
        press(app, card)
    assert "adapts to the passages as they are" in texts(app)
    assert "Adapting needs no examples" in texts(app)
    assert "share count for less" in texts(app)


def test_one_button_learns_from_questions_and_goes_to_the_proof(home, submitted):
    app = training_page()
    assert app.button(key="order-it").label == "Learn and prove"
    press(app, "order-it")
    (run,) = service.runs(home)
    assert run.request.recipe.queries_alone
    assert submitted == [("train", {"run": run.id, "collection": run.request.collection})]
    service.learning(home, run).train()
    run.write_kept(1)
    app = training_page(run=run.id)
    press(app, "show-3")
    assert "brings questions nearer to their passages" in texts(app)


def test_how_long_it_takes_is_said_before_it_begins(home):
    app = training_page()
    press(app, "measure")
    assert "on this computer" in texts(app)
    assert "on this computer" in texts(training_page())  # measured once


def test_questions_by_a_language_model_are_offered_where_there_is_one(home, monkeypatch, submitted):
    assert "With a language model" in texts(order_page())
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    shared_home._open.cache_clear()
    app = order_page()
    assert "calls" in texts(app)
    assert "tokens in and" in texts(app)
    press(app, "write")
    kind, values = submitted[0]
    assert (kind, values["collection"], values["count"]) == ("write", "papers", 200)
    file = service.written(home, "papers")
    file.parent.mkdir()
    file.write_text(Example("Who may travel?", "Every employee.", source="written").to_json())
    app = order_page()
    assert app.checkbox(key="use_written").value
    press(app, "order-it")
    (run,) = service.runs(home)
    assert len(run.request.data) == 1


def test_examples_are_shown_by_page_with_counts_by_source(home, submitted):
    run = with_examples(home)
    app = training_page(run=run.id)
    total = len(read_examples(run.examples))
    assert f"1–20 of {total} examples" in texts(app)
    assert len(app.dataframe[0].value) == 20
    press(app, "first_example-Next")
    assert f"21–40 of {total} examples" in texts(app)
    pills = app.get("button_group")[0]
    assert "Headings" in str(pills.proto)
    press(app, "start")
    assert submitted == [("train", {"run": run.id, "collection": run.request.collection})]


def test_what_is_done_to_the_table_becomes_examples():
    some = [Example(f"q{n}", f"p{n}", ("n", "m"), source="crop") for n in range(3)]
    state = {
        "edited_rows": {0: {QUESTION: "better"}, 1: {NEGATIVE: ""}},
        "deleted_rows": [2],
        "added_rows": [{QUESTION: "new", PASSAGE: "one", NEGATIVE: "other"}],
    }
    found = edits(state, [20, 21, 22], some)
    assert found.changed[20] == replace(some[0], query="better")
    assert found.changed[21].negatives == ("m",)
    assert found.dropped == (22,)
    assert found.added == (Example("new", "one", ("other",), source="by hand"),)
    assert not edits({}, [20], some)
    with pytest.raises(ExampleFileError):
        edits({"edited_rows": {0: {PASSAGE: " "}}}, [20], some)


def test_work_in_progress_is_followed_and_can_be_stopped(home):
    run = with_examples(home)
    job(home, run, progress='{"stage": "embedding", "done": 30, "total": 60, "seconds_left": 120}')
    app = training_page(run=run.id)
    assert "30 of 60 passages · 2 minutes left for this part" in texts(app)
    press(app, "cancel-train-running")
    assert queue.of_run(home, run.id).state == "cancelling"
    assert "delete-run" not in [button.key for button in app.button]


def test_a_failure_is_told_and_the_run_goes_on(home, submitted):
    run = with_examples(home)
    (run.folder / "log.jsonl").write_text(
        '{"step": 1, "steps": 4, "loss": 2.0, "accuracy": 0.5, "development": 0.3, "seconds": 9}\n'
    )
    job(home, run, state="failed", error="the disk is full")
    app = training_page(run=run.id)
    assert "The disk is full." in texts(app)
    assert "Stopped after 1 step of 4" in texts(app)
    press(app, "go-on")
    assert submitted == [("train", {"run": run.id, "collection": run.request.collection})]


def test_a_proof_is_shown_question_by_question(home):
    run = proved(home)
    app = training_page(run=run.id)
    said = texts(app)
    assert "Better on documents that it was not trained on" in said
    assert said.index("Question 0?") < said.index("Question 2?") < said.index("Question 1?")
    assert "5th → 1st" in said
    assert said.count("**First now** · this passage") == 4
    (was,) = home.store.passages([run.proof.comparisons[3].passage]).values()
    assert f"**First before** · {home.store.document(was.document).title}: " in said
    app.segmented_control(key="proof_change").set_value("worse").run()
    assert "Question 2?" in texts(app)
    assert "Question 0?" not in texts(app)


def test_changes_past_the_tenth_place_count_least():
    far, near = Comparison("far", "", 1, 1, 90, 20, 1, 1), Comparison("near", "", 2, 1, 2, 1, 1, 1)
    proof = Proof(2, {}, {}, {}, Interval(0, 0, 0), Interval(0, 0, 0), (far, near))
    assert changes(proof, "dense", "better") == [near, far]
    assert changes(proof, "fused", "better") == []
    assert 0 < change(far, "dense") < change(near, "dense")


def test_what_is_proved_is_switched_to_or_given_up(home, submitted):
    run = proved(home)
    app = training_page(run=run.id)
    press(app, "switch")
    assert submitted == [("train", {"run": run.id, "collection": run.request.collection})]
    assert (run.request.promote, run.outcome) == (True, "")
    run = proved(home)
    app = training_page(run=run.id)
    press(app, "reject")
    assert run.outcome == "rejected"
    assert "switch" not in [button.key for button in app.button]


def test_what_is_not_better_offers_no_switch(home):
    app = training_page(run=proved(home, gain=0.01, outcome="rejected").id)
    assert "Not better for certain" in texts(app)
    assert "switch" not in [button.key for button in app.button]


def test_a_better_weight_of_meaning_is_offered_taken_and_taken_back(home):
    run = proved(home, gain=0.01, outcome="rejected")
    gain = Interval(0.02, 0.01, 0.03)
    run.write_proof(replace(run.proof, trusts=Trusts(None, 1.2, 1.0, 200), balance_gain=gain))
    before = home.store.fusion_weight(number(home), home.store.generation(number(home)))
    app = training_page(run=run.id)
    assert "worth +2.0 (+1.0 to +3.0)" in texts(app)
    press(app, "balance")
    assert run.outcome == "balanced"
    assert "how much meaning counts" in texts(app)
    now = home.store.fusion_weight(number(home), home.store.generation(number(home)))
    assert '"asked": 200' in now
    press(app, "go-back")
    assert run.outcome == "rolled back"
    assert home.store.fusion_weight(number(home), home.store.generation(number(home))) == before
    press(app, "balance")  # and it can be had again
    assert run.outcome == "balanced"


def test_runs_are_listed_opened_and_deleted(home):
    runs = [ordered(home) for _ in range(11)]
    app = training_page()
    assert "1–10 of 11 trainings" in texts(app)
    newest = next(iter(service.runs(home)))
    press(app, f"open-{newest.id}")
    assert app.title[0].value == "Training on papers"
    press(app, "delete-run")
    press(asked("switch.confirm_removal", newest), "confirm-delete")
    assert len(list(service.runs(home))) == len(runs) - 1


def test_the_way_back_is_asked_for_and_told(home):
    old = home.store.generation(number(home))
    home.store.use_generation(number(home), home.registry.spec("bundled").fingerprint)
    app = training_page()
    assert "the built-in model" in texts(app)
    press(app, f"back-{number(home)}")
    assert "are answered with the model before" in texts(app)
    press(asked("in_use.confirm_way_back", "papers"), "confirm-back")
    assert home.store.generation(number(home)) == old


def test_a_run_that_is_not_there_is_said_to_be_missing(home):
    assert "There is no run 'nothing'." in texts(training_page(run="nothing"))


def test_the_library_knows_nothing_of_trainings(home):
    run = with_examples(home)
    job(home, run)

    def page():
        from footnote.web.library import page

        page.show()

    assert not AppTest.from_function(page, default_timeout=60).run().exception


def test_progress_in_words(home):
    run = ordered(home)
    job(home, run, state="waiting")
    found = queue.of_run(home, run.id)
    assert details(found, now=61.0) == "Ordered 1 minute ago"
    assert "turn" in doing(found, behind=True)
    assert "ready" in doing(found, behind=False)
    found = replace(found, state="running")
    assert details(found, now=61.0) == "At work for 1 minute"
    assert "turn" not in doing(found, behind=False)
    assert share(found.progress) == 0
    assert standing(run, found).working


def test_curves_keep_their_ends_and_few_points():
    rows = [
        {"step": n + 1, "loss": float(n), "accuracy": 0.5, "development": 0.1 * n}
        for n in range(1000)
    ]
    points = decimated(rows, 100)
    assert len(points) == 100
    assert points[0]["loss"] == 4.5
    assert points[-1]["step"] == 1000
    assert decimated(rows[:1], 100)[0]["step"] == 1
