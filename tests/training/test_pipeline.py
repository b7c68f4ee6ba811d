"""The loop: documents → examples → adapter → proof → promotion → the way back."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
from authors import Author
from click.testing import CliRunner
from scripted_server import scripted_server

from embedder.spec import EmbedderSpec
from footnote.cli.main import main
from footnote.home import Home
from footnote.jobs import queue
from footnote.runs import service
from footnote.runs.service import TrainingOptions
from indexer.doctor.repair import examine
from indexer.ingest.sources import find
from rag.history import History
from training.data.examples import Example, read_examples, write_examples
from training.data.split import SplitChangedError, TooLittleToLearnError, split_collection
from training.evaluation.asking import ProofQuestion
from training.evaluation.questions import (
    labelled_questions,
    logged_questions,
    placed,
    reader_questions,
)
from training.fit.batches import plan
from training.fit.config import ADAPTER_RATE, WHOLE_RATE, Recipe, RecipeError
from training.fit.log import history
from training.fit.trainer import Trainer
from training.promote import NothingBeforeError

QUICK = Recipe(steps=4, batch=4, rank=2, alpha=4, learning_rate=3e-4, warmup=1, evaluate_every=2)


@pytest.fixture
def home(papers_home):
    return papers_home


def number_of(home) -> int:
    return home.collection("papers").id


def ordered(home, **changes):
    return service.order(home, TrainingOptions("papers", recipe=QUICK, **changes))


# The loop


def test_the_loop_promotes_what_is_proved_and_the_way_back_is_one_step(home, always_better):
    number = number_of(home)
    old = home.store.generation(number)
    run = ordered(home)
    result = service.learning(home, run).run()
    assert result.promoted
    assert result.embedder == run.id
    assert run.outcome == "promoted"
    assert result.examples == len(read_examples(run.examples))
    new = home.store.generation(number)
    assert new != old
    assert home.searcher.search("deductible rules", home.scope(["papers"]), mode="dense")
    assert examine(home.store, home.index_folder, new) == []
    again = TrainingOptions("papers", recipe=replace(QUICK, rank=8, alpha=16))
    assert service.order(home, again).request.recipe == QUICK  # its adapter is trained further
    whole = service.order(home, TrainingOptions("papers", overrides={"whole": True})).request.recipe
    assert (whole.whole, whole.learning_rate) == (True, WHOLE_RATE)
    named = TrainingOptions("papers", overrides={"whole": True, "learning_rate": ADAPTER_RATE})
    assert service.order(home, named).request.recipe.learning_rate == ADAPTER_RATE
    assert service.names_in_use(home)[run.id] == ["papers"]

    trained_on = {one.document for one in read_examples(run.examples)}
    taken = split_collection(home.store, number)
    asked = {c.passage for c in run.proof.comparisons}
    texts = {s.passage.id: s.passage.text for s in taken.sources}
    assert all(c.question in texts[c.passage] for c in run.proof.comparisons)  # whole sentences
    of_proof = {s.passage.document for s in taken.sources if s.passage.id in asked}
    assert of_proof
    assert not of_proof & trained_on

    assert service.rollback(home, "papers") == "tiny"
    assert home.store.generation(number) == old
    assert run.outcome == "rolled back"
    assert home.searcher.search("deductible rules", home.scope(["papers"]), mode="dense")
    with pytest.raises(NothingBeforeError):
        service.rollback(home, "papers")


def test_a_run_made_worse_on_purpose_is_not_promoted(home, monkeypatch):
    """Shuffled positives, at a rate that breaks the embedder, and no look that gives it back."""
    monkeypatch.setattr(Trainer, "_look", lambda self: None)
    monkeypatch.setattr("training.evaluation.proof.FEWEST_QUESTIONS", 3)
    recipe = replace(QUICK, steps=30, learning_rate=0.05, projection_rate=0.05, patience=99)
    run = service.order(home, TrainingOptions("papers", recipe=recipe, general=0.0))
    before = home.store.generation(number_of(home))
    examples = service.learning(home, run).examples()
    positives = [one.positive for one in examples]
    random.Random(1).shuffle(positives)
    wrong = [replace(e, positive=p, negatives=()) for e, p in zip(examples, positives, strict=True)]
    write_examples(run.examples, wrong)
    result = service.learning(home, run).run()
    assert not result.promoted
    assert run.outcome == "rejected"
    assert run.proof.queries >= 3
    assert run.proof.dense_gain.mean < 0
    assert home.store.generation(number_of(home)) == before
    counted = home.store.connection.execute("SELECT DISTINCT fingerprint FROM vectors").fetchall()
    assert [row[0] for row in counted] == [before]


class StopAt:
    """Cancels at the first report of a stage."""

    def __init__(self, stage, done=0):
        self.stage, self.done, self.seen, self.stopped = stage, done, [], False

    def progress(self, state):
        self.seen.append(state.stage)
        if state.stage == self.stage and state.done >= self.done:
            self.stopped = True

    def cancelled(self):
        return self.stopped


@pytest.mark.parametrize("stage", ["training", "embedding", "switching"])
def test_a_cancelled_run_goes_on_where_it_was_and_the_old_answers_meanwhile(
    home, always_better, stage, monkeypatch
):
    number = number_of(home)
    old = home.store.generation(number)
    run = ordered(home)
    watch = StopAt(stage)
    # The proof's pool would be the whole of so small a collection: leave the switch some work.
    for place in ("training.pipeline.run.POOL", "indexer.search.pool.POOL"):
        monkeypatch.setattr(place, 20)
    result = service.learning(home, run, watch=watch).run()
    assert watch.stopped
    assert not result.promoted
    assert home.store.generation(number) == old
    assert home.searcher.search("deductible", home.scope(["papers"]), mode="dense")
    result = service.learning(home, run).run()
    assert result.promoted
    assert run.outcome == "promoted"


def test_a_run_does_not_go_on_where_the_proof_would_ask_what_it_has_learnt(home, always_better):
    run = ordered(home)
    service.learning(home, run, watch=StopAt("training")).run()
    trained_on = {one.document for one in read_examples(run.examples)}
    before = split_collection(home.store, number_of(home))
    home.store.delete({source.passage.document for source in before.part("proof")})
    now = split_collection(home.store, number_of(home))
    assert trained_on & {source.passage.document for source in now.part("proof")}
    with pytest.raises(SplitChangedError, match="begin a new run"):
        service.learning(home, run).run()


def test_questions_asked_during_promotion_and_rollback_all_get_answers(home, always_better):
    scope = home.scope(["papers"])
    stop, found, failed = threading.Event(), [], []

    def ask():
        while not stop.is_set():
            try:
                found.append(len(home.searcher.search("rules of travel", scope)))
            except Exception as error:  # noqa: BLE001 - whatever it is, the test must say so
                failed.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    service.learning(home, ordered(home)).run()
    service.rollback(home, "papers")
    stop.set()
    asking.join()
    assert not failed
    assert len(found) > 5
    assert min(found) > 0


def test_documents_that_come_after_a_promotion_are_embedded_by_the_new_one(
    home, always_better, tmp_path
):
    run = ordered(home)
    service.learning(home, run).run()
    (tmp_path / "late.md").write_text("# Late\n\nA late paper about parental vermilion leave.")
    home.index(find([tmp_path / "late.md"]), "papers")
    number = number_of(home)
    fingerprint = home.registry.spec(run.id).fingerprint
    assert home.store.generation(number) == fingerprint
    assert home.store.unembedded(number, fingerprint, 5) == []
    service.rollback(home, "papers")
    old = home.store.generation(number)
    assert home.store.unembedded(number, old, 5) == []
    assert examine(home.store, home.index_folder, old) == []


def test_readers_thumbs_and_a_file_of_questions_reach_the_proof(home, tmp_path):
    number = number_of(home)
    taken = split_collection(home.store, number)
    held = taken.part("proof")
    answer = home.answerer.ask(held[0].passage.text.split(".")[0] + "?", home.scope(["papers"]))
    history = History(home.store)
    conversation = history.start([number], "x")
    turn = history.add(conversation.id, answer)
    assert reader_questions(home.store, number) == []
    history.rate(turn.id, 1)
    thanked = reader_questions(home.store, number)
    assert {q.passage for q in thanked} == {f.passage for f in answer.footnotes}
    asked = [Example("anything at all?", s.passage.text[:80]) for s in held]
    assert len(labelled_questions(home.store, number, asked)) == len(held)

    file = tmp_path / "questions.csv"
    rows = "".join(f'"What of {n}?","{s.passage.text[:60]}"\n' for n, s in enumerate(held))
    file.write_text("question,passage\n" + rows)
    run = ordered(home, questions=file, promote=False)
    proof = service.learning(home, run).run().proof
    assert sum(c.origin == "labelled" for c in proof.comparisons) == len(held)


def test_peoples_questions_are_learnt_looked_at_and_proved_each_in_its_part(home, tmp_path):
    number = number_of(home)
    taken = split_collection(home.store, number)
    kept = {part: taken.part(part) for part in ("train", "development", "proof")}
    questions = [
        Example(f"{part} {n}?", source.passage.text, source="labelled")
        for part, sources in kept.items()
        for n, source in enumerate(sources)
    ]
    file = tmp_path / "faq.jsonl"
    write_examples(file, questions)
    asked = kept["train"][0].passage.text.split(".")[0] + "?"
    answer = replace(home.answerer.ask(asked, home.scope(["papers"])), confidence=0.99)
    history = History(home.store)
    turn = history.add(history.start([number], "x").id, answer)
    logged = logged_questions(home.store, number)
    assert [one.passage for one in logged] == [answer.footnotes[0].passage]

    work = service.learning(home, ordered(home, data=(file,), promote=False))
    people = work.material.people(taken)
    for part, sources in kept.items():
        own = {one.passage.id for one in sources}
        assert own <= {one.passage for one in people[part]} <= own
    learnt = [one for one in work.examples(taken) if one.source in ("labelled", "log")]
    assert [one.query for one in learnt] == [one.query for one in people["train"]]
    assert "log" in {one.source for one in learnt}
    assert {one.query for one in people["development"]} <= {
        one.query for one in work.material.looked_at(taken)
    }
    history.rate(turn.id, -1)
    assert logged_questions(home.store, number) == []


def test_a_whole_document_that_was_handed_in_stands_for_its_passage(home):
    sources = split_collection(home.store, number_of(home)).sources
    first, second = sources[0], sources[1]
    text = f"A title\n{first.passage.text}\n\n{second.passage.text}"
    asked = " ".join(second.passage.text.split()[:6])
    (found,) = placed(home.store, number_of(home), [Example(asked, text)])
    assert (found.passage, found.document) == (second.passage.id, second.passage.document)


def test_with_enough_of_them_peoples_questions_stand_alone(home, tmp_path, monkeypatch):
    monkeypatch.setattr("training.pipeline.material.PEOPLE_ENOUGH", 3)
    monkeypatch.setattr("training.pipeline.material.FEWEST_QUESTIONS", 2)
    taken = split_collection(home.store, number_of(home))
    file = tmp_path / "faq.jsonl"
    # A question that finds nothing by itself is the one that there is most to learn from.
    rows = [Example(f"zz{n}", one.passage.text) for n, one in enumerate(taken.sources)]
    write_examples(file, [replace(one, source="labelled") for one in rows])
    work = service.learning(home, ordered(home, data=(file,)))
    assert {one.source for one in work.material.looked_at(taken)} == {"labelled"}
    assert {one.source for one in work.examples(taken)} == {"labelled"}
    again = work.material.again(taken)
    assert again
    assert len(work.examples(taken)) + len(again) == len(taken.part("train"))
    assert not {one.query for one in again} & {one.query for one in work.examples(taken)}
    assert work.material.people_suffice(taken)
    marked = {one.text for one in work.material.proof_questions(taken) if one.again}
    assert marked == {one.query for one in again}
    proof = work.run().proof
    assert marked == {one.question for one in proof.comparisons if one.again}
    held = {one.passage.id for one in taken.part("proof")}
    assert {one.passage for one in proof.comparisons if not one.again} <= held
    assert proof.again == len(marked)


def test_files_of_examples_alone_are_learnt_and_asked_about(home, tmp_path):
    file = tmp_path / "faq.csv"
    passages = [one.text for one in split_collection(home.store, number_of(home)).sources]
    rows = "".join(
        f'"Where is number {number} told of?","{text}"\n' for number, text in enumerate(passages)
    )
    file.write_text("question,passage\n" + rows)
    result = CliRunner().invoke(
        main,
        ["--home", str(home.path), "train", "--data", str(file), "--steps", "2", "--batch", "4",
         "--no-promote", "--json"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    run = service.runs(home).get(json.loads(result.stdout)["run"])
    assert run.request.collection == "faq"
    parts = split_collection(home.store, home.collection("faq").id, run.request.recipe.seed)
    held_out = {one.passage.id for one in parts.part("proof")}
    asked = [one.passage for one in run.proof.comparisons if one.origin == "labelled"]
    assert asked
    assert set(asked) <= held_out
    labelled = [one for one in read_examples(run.examples) if one.source == "labelled"]
    assert labelled
    assert not {one.passage for one in labelled} & held_out

    mine_alone = tmp_path / "papers.csv"
    mine_alone.write_text("question,passage\nWhat?,Something that no paper says.\n")
    refused = CliRunner().invoke(
        main, ["--home", str(home.path), "train", "--data", str(mine_alone)]
    )
    assert refused.exit_code == 1
    assert "papers" in refused.stderr
    assert home.store.documents([number_of(home)], limit=1).total == 24


def test_an_example_of_a_held_out_document_is_not_trained_on(home, tmp_path):
    taken = split_collection(home.store, number_of(home))
    held, free = (taken.part(part)[0].passage.document for part in ("proof", "train"))
    file = tmp_path / "more.jsonl"
    # Texts that stand in no passage: the document that each names decides.
    write_examples(
        file,
        [
            Example("How far is the moon?", "Some 384,000 kilometres away.", document=held),
            Example("How far is the sun?", "Some 150 million kilometres.", document=free),
        ],
    )
    work = service.learning(home, ordered(home, data=(file,)))
    allowed = work.material.people(taken)["train"]
    assert [one.query for one in allowed] == ["How far is the sun?"]


def test_a_held_out_passage_is_no_negative_and_its_task_goes_with_a_query(home, tmp_path):
    taken = split_collection(home.store, number_of(home))
    held, free, other = (
        taken.part("proof")[0], taken.part("train")[0], taken.part("train")[-1]
    )  # fmt: skip
    file = tmp_path / "written.jsonl"
    negatives = (held.text, held.passage.text, other.text)
    write_examples(file, [Example("What?", free.text, negatives, task="T", source="written")])
    work = service.learning(home, ordered(home, data=(file,)))
    allowed = work.material.people(taken)["train"]
    assert [one.negatives for one in allowed] == [(other.text,)]
    assert allowed[0].task == "T"
    (question,) = labelled_questions(home.store, number_of(home), allowed)
    assert question.origin == "written"


def test_a_question_counts_whose_passage_was_not_drawn_for_the_pool(home, monkeypatch):
    for place in ("training.pipeline.run.POOL", "indexer.search.pool.POOL"):
        monkeypatch.setattr(place, 5)
    number = number_of(home)
    taken = split_collection(home.store, number)
    drawn = {one.id for one in home.store.sample_passages(number, 5)}
    left = next(s.passage for s in taken.part("proof") if s.passage.id not in drawn)
    work = service.learning(home, ordered(home, promote=False))
    asked = [ProofQuestion("What is the right of every employee?", left.id, "reader")]
    work.material._questions = asked
    proof = work.run().proof
    assert (proof.real, proof.offered) == (1, 1)
    assert [one.passage for one in proof.comparisons if one.origin == "reader"] == [left.id]


def test_the_command_prints_the_contract(home):
    result = CliRunner().invoke(
        main,
        ["--home", str(home.path), "train", "-c", "papers", "--steps", "2", "--batch", "4",
         "--no-promote", "--json"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found.keys() >= {"run", "examples", "steps", "proof", "promoted", "embedder"}
    assert found["proof"].keys() >= {"queries", "before", "after", "keyword", "interval"}
    assert not found["promoted"]
    assert found["embedder"] == "tiny"

    for arguments, said in (
        (["-c", "nothing"], "no collection"),
        (["-c", "papers", "--source", "magic"], "magic"),
        (["--resume", "../x"], "no run"),
    ):
        failed = CliRunner().invoke(main, ["--home", str(home.path), "train", *arguments])
        assert failed.exit_code == 1
        assert said in failed.stderr
    assert CliRunner().invoke(main, ["--home", str(home.path), "train"]).exit_code == 2


def test_a_run_is_a_job_in_its_own_process(home):
    run = ordered(home, promote=False)
    identifier = queue.submit(home, "train", {"run": run.id})
    while (found := queue.job(home, identifier)).active:
        time.sleep(0.2)
    assert (found.state, found.error) == ("done", "")
    assert found.result["run"] == run.id
    assert run.proof is not None


def test_two_processes_train_as_one_does(home, tmp_path):
    """As `accelerate launch` starts them; here on the processor, by torch's own launcher."""
    losses = []
    for processes in (1, 2):
        run = ordered(home, promote=False)
        service.learning(home, run).examples()
        subprocess.run(
            [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}",
             "--master-port=29677", "-m", "footnote.runs.multi_gpu", str(home.path), run.id],
            check=True, capture_output=True, timeout=240,
        )  # fmt: skip
        assert (run.embedder / "spec.json").exists()
        losses.append([row["loss"] for row in history(run.folder)])
    assert len(losses[0]) == QUICK.steps
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_two_machines_with_a_copy_of_the_home_each_train_as_one_does(home, tmp_path):
    """What the second needs is in its own copy; what comes of it lies in the first."""
    run = ordered(home, promote=False)
    service.learning(home, run).examples()
    shutil.copytree(home.path, tmp_path / "copy")
    shutil.copytree(home.path, tmp_path / "alone")
    alone = Home.open(tmp_path / "alone")
    service.learning(alone, service.runs(alone).get(run.id)).train()
    machines = [
        subprocess.Popen(
            [sys.executable, "-m", "torch.distributed.run", "--nnodes=2", f"--node-rank={rank}",
             "--nproc-per-node=1", "--master-addr=127.0.0.1", "--master-port=29678",
             "-m", "footnote.runs.multi_gpu", str(place), run.id],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for rank, place in enumerate((home.path, tmp_path / "copy"))
    ]  # fmt: skip
    assert [machine.wait(300) for machine in machines] == [0, 0]
    assert (run.embedder / "spec.json").exists()
    together, by_one = (
        [row["loss"] for row in history(one.folder)]
        for one in (run, service.runs(alone).get(run.id))
    )
    assert together == pytest.approx(by_one, rel=1e-3)


def test_each_machine_adapts_on_its_own_disk(home, monkeypatch):
    """The first of a machine's processes does, also where it is not the first of all."""
    from accelerate import Accelerator

    class Second(Accelerator):
        is_main_process = property(lambda self: False)

    monkeypatch.setattr("training.fit.whitening.FEWEST", 5)
    monkeypatch.setattr("training.fit.trainer.team_on", lambda device: Second(cpu=True))
    run = ordered(home, promote=False)
    service.learning(home, run).train()
    assert (run.folder / "adapted" / "spec.json").exists()
    assert not run.embedder.exists()


def test_a_run_that_comes_to_what_it_began_with_takes_nothing_away(home, always_better):
    recipe = replace(QUICK, adapt=False)
    first = service.order(home, TrainingOptions("papers", recipe=recipe))
    assert service.learning(home, first).run().promoted
    answers = home.store.generation(number_of(home))
    nothing = replace(recipe, learning_rate=1e-12, projection_rate=0.0)
    second = service.order(home, TrainingOptions("papers", recipe=nothing, promote=False))
    work = service.learning(home, second)
    work.train()
    spec = EmbedderSpec.read(second.embedder / "spec.json")
    assert spec.fingerprint == answers
    home.store.drop_generation(number_of(home), answers)  # as is done when it is rejected
    assert home.store.unembedded(number_of(home), answers, 1) == []


def test_sources_that_give_nothing_are_named(home):
    run = ordered(home, kinds=("question",))
    with pytest.raises(TooLittleToLearnError, match="question"):
        service.learning(home, run).run()
    assert not run.examples.exists()
    with pytest.raises(RecipeError):
        plan([], 4, 2, 0)


def test_a_rejected_run_leaves_no_embedder_and_says_what_answers(home):
    run = ordered(home)
    result = service.learning(home, run).run()
    assert (result.promoted, run.outcome) == (False, "rejected")
    assert result.embedder == "tiny"
    assert result.kept == run.kept is not None
    assert run.id not in home.registry.names()
    again = service.learning(home, run).run()
    assert again.proof == result.proof
    assert run.id not in home.registry.names()


def test_a_higher_rank_is_as_strong(home):
    options = TrainingOptions("papers", recipe=QUICK, overrides={"rank": 8})
    assert service.order(home, options).request.recipe.alpha == 16


def test_passages_that_ask_for_themselves_are_told_apart_by_dropout(home):
    run = ordered(home, kinds=("dropout",), promote=False)
    assert run.request.recipe.dropout > 0
    service.learning(home, run).run()
    assert all(row["loss"] > 0.01 for row in history(run.folder))


@pytest.mark.parametrize("earliest", [1, 8])  # before and after its first checkpoint
def test_a_run_killed_at_a_random_step_comes_to_the_same_end(home, earliest):
    recipe = replace(QUICK, steps=60, evaluate_every=7, patience=99)
    whole, killed = (
        service.order(home, TrainingOptions("papers", recipe=recipe, promote=False))
        for _ in range(2)
    )
    service.learning(home, whole).train()
    command = [sys.executable, "-m", "footnote", "--home", str(home.path), "train"]
    process = subprocess.Popen([*command, "--resume", killed.id], stdout=subprocess.DEVNULL)
    after = random.randint(1, 40)
    while len(history(killed.folder)) < after and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (killed.embedder / "spec.json").exists()
    service.learning(home, killed).train()
    losses = [[row["loss"] for row in history(run.folder)] for run in (whole, killed)]
    assert len(losses[0]) == recipe.steps
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert whole.kept == killed.kept


def test_what_a_language_model_wrote_is_trained_on_and_asked(home, tmp_path, monkeypatch):
    file = tmp_path / "written.jsonl"
    command = ["--home", str(home.path)]
    with scripted_server(answer=Author()) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("FOOTNOTE_MODEL", "tiny")
        made = CliRunner().invoke(
            main, [*command, "synth", "-c", "papers", "-o", str(file), "-n", "24", "--json"]
        )
    assert made.exit_code == 0, made.output
    result = CliRunner().invoke(
        main, [*command, "train", "-c", "papers", "--data", str(file), "--steps", "2",
               "--batch", "4", "--no-promote", "--json"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    run = service.runs(home).get(found["run"])
    taken = split_collection(home.store, number_of(home))
    parts = {source.passage.id: taken.parts[source.unit] for source in taken.sources}
    written = [one for one in read_examples(run.examples) if one.source == "written"]
    assert written
    assert {parts[one.passage] for one in written} == {"train"}
    asked = [one.passage for one in run.proof.comparisons if one.origin == "written"]
    assert asked
    assert {parts[number] for number in asked} == {"proof"}
    assert found["proof"]["real"] == len(asked)
    assert found["proof"]["offered"] >= len(written) + len(asked)
