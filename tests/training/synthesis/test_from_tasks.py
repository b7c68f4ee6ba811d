"""Writing training data with a language model, against a real HTTP server with scripted faults."""

import dataclasses
import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from authors import Author, after, chat, keys
from scripted_server import Reply, scripted_server

from rag.llm.client import OpenAIChat
from training.data.examples import read_examples
from training.synthesis.from_tasks import TaskSynthesis
from training.synthesis.output_file import OutputFileError, journal_path
from training.synthesis.progress import CallPolicy, StoppedError
from training.synthesis.tasks import FAMILIES


def write(answer, path, count=12, pauses=None, concurrency=4, **options):
    """Run the two steps; the report (or the error that stopped it) and the requests that came."""
    replies = (answer,) if isinstance(answer, Reply) else ()
    with scripted_server(*replies, answer=None if replies else answer) as script:
        model = chat(script, sleep=lambda _: None, **options)
        pace = CallPolicy(concurrency, sleep=(pauses if pauses is not None else []).append)
        try:
            return TaskSynthesis(model, path, count).run(pace), script.requests
        except StoppedError as error:
            return error, script.requests


@pytest.fixture
def path(tmp_path):
    return tmp_path / "examples.jsonl"


def test_examples_of_all_families_are_written(path):
    report, requests = write(Author(), path, 60)
    examples = read_examples(path)
    assert (report.examples, report.added, report.rejected) == (60, 60, {})
    assert report.calls == len(requests)
    assert report.file == str(path)
    assert {e.source for e in examples} == {family.name for family in FAMILIES}
    assert len({e.document for e in examples}) == 60
    for example in examples:
        assert example.task.startswith(("Find texts about", "Retrieve "))
        assert len(example.negatives) == (example.source not in ("short-short", "long-long"))


def test_the_model_is_sampled_as_published_and_each_example_is_a_new_conversation(path):
    _, requests = write(Author(), path)
    assert all((one["temperature"], one["top_p"]) == (1.0, 1.0) for one in requests)
    assert all(len(one["messages"]) == 1 for one in requests)
    assert sum("Brainstorm" in one["messages"][0]["content"] for one in requests) == 4


def test_calls_are_made_at_once_and_no_more_than_needed(path):
    author, at_once, most = Author(), [], []

    def answer(request):
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(0.02)
        at_once.pop()
        return author(request)

    report, requests = write(answer, path, 20, concurrency=5)
    assert max(most) == 5
    assert len(requests) == 20 + 4
    assert report.examples == 20


def test_what_cannot_be_used_is_counted_by_reason_and_more_is_asked_for(path):
    author, turn = Author(), iter(range(10_000))

    def answer(request):
        prompt = request["messages"][-1]["content"]
        if prompt.startswith("Brainstorm"):
            return author(request)
        match next(turn) % 4:
            case 0:
                return Reply(("Certainly!",))
            case 1:
                return Reply(('{"query": "?"}',))
            case 2:
                return Reply((json.dumps(dict.fromkeys(keys(prompt), "same")),))
        return author(request)

    report, _ = write(answer, path, 10, concurrency=1)
    assert report.examples == 10
    assert report.rejected == {"not JSON": 10, "wrong keys": 10, "same text twice": 10}


def test_repetitions_are_dropped(path):
    author, first = Author(), {}

    def answer(request):
        prompt = request["messages"][-1]["content"]
        if prompt.startswith("Brainstorm"):
            return author(request)
        kind = keys(prompt)
        reply = first.setdefault((kind, "unit" in prompt), author(request))
        return author(request) if author.draw.random() < 0.3 else reply

    report, _ = write(answer, path, 15)
    assert report.rejected["duplicate"] > 5
    assert len({e.key for e in read_examples(path)}) == 15


def test_a_repeat_goes_on_and_asks_for_nothing_twice(path):
    author = Author()
    write(author, path, 5)
    first = path.read_text()
    report, requests = write(author, path, 9)
    assert path.read_text().startswith(first)
    assert (report.examples, report.added) == (9, 4)
    assert len(requests) == 4  # the tasks that were brainstormed serve again
    report, requests = write(author, path, 9)
    assert (report.examples, report.added, report.calls, requests) == (9, 0, 0, [])


def test_lines_cut_short_are_healed(path):
    write(Author(), path, 5)
    with path.open("a") as file:
        file.write('{"query": "cut sh')
    with journal_path(path).open("a") as file:
        file.write('{"done": "ta')
    report, _ = write(Author(), path, 7)
    assert report.examples == len(read_examples(path)) == 7


def test_a_killed_run_loses_only_what_was_in_flight(path):
    author, written = Author(), threading.Event()

    def answer(request):
        if path.exists() and path.read_text().count("\n") >= 5:
            written.set()
            return Reply(end="hang")
        return author(request)

    program = (
        "import sys; from pathlib import Path; from rag.llm.client import OpenAIChat;"
        "from training.synthesis.progress import CallPolicy;"
        "from training.synthesis.from_tasks import TaskSynthesis;"
        "model = OpenAIChat(sys.argv[1], '', 'tiny', temperature=1.0);"
        "TaskSynthesis(model, Path(sys.argv[2]), 50).run(CallPolicy(int(sys.argv[3])))"
    )
    with scripted_server(answer=answer) as script:
        command = [sys.executable, "-c", program, script.url, str(path), "4"]
        with subprocess.Popen(command, cwd=Path(__file__).parents[3]) as process:
            assert written.wait(30)
            process.send_signal(signal.SIGKILL)
    there = len(read_examples(path))
    assert there >= 5
    report, requests = write(Author(), path, 12)
    assert (report.examples, report.added) == (12, 12 - there)
    assert len(requests) == 12 - there
    assert len({e.document for e in read_examples(path)}) == 12


def test_two_at_once_and_foreign_files_are_refused(path):
    author = Author()
    busy = []

    def answer(request):
        if not busy:
            busy.append(1)
            with pytest.raises(OutputFileError, match="another"):
                TaskSynthesis(None, path, 3).run()
        return author(request)

    write(answer, path, 3)
    assert busy
    with pytest.raises(OutputFileError, match="--seed 0, not with --tasks --seed 7"):
        TaskSynthesis(None, path, 3, seed=7).run()
    mine = path.with_name("mine.jsonl")
    mine.write_text("{}\n")
    with pytest.raises(OutputFileError, match="choose another file"):
        TaskSynthesis(None, mine, 3).run()
    assert mine.read_text() == "{}\n"
    with pytest.raises(OutputFileError, match="No such file"):
        TaskSynthesis(None, path.parent / "nowhere" / "x.jsonl", 3).run()


@pytest.mark.parametrize(
    ("fault", "hint", "most"),
    [
        (Reply(status=401), "OPENAI_API_KEY", 4),
        (Reply(status=404), "'tiny'", 4),
        (Reply(status=500), "look at its log", 20),
        (Reply(status=429), "accepts no more requests", 100),
    ],
)
def test_faults_that_last_stop_the_run_and_keep_what_there_is(path, fault, hint, most):
    pauses = []
    error, requests = write(after(10, Author(), fault), path, 50, pauses)
    assert isinstance(error, StoppedError)
    assert hint in str(error)
    assert "6 examples are kept" in str(error)
    assert "repeat the command" in str(error)
    assert len(requests) <= 10 + most
    assert bool(pauses) == (fault.status == 429)
    report, _ = write(Author(), path, 8)
    assert report.examples == 8


def test_a_server_that_is_gone_stops_the_run(path):
    with scripted_server(answer=Author()) as script:
        url = script.url
        TaskSynthesis(chat(script), path, 3).run()
    with pytest.raises(StoppedError, match=r"server is running\. 3 examples are kept"):
        TaskSynthesis(OpenAIChat(url, "", "tiny"), path, 9).run()


def test_a_busy_server_is_waited_for_longer_each_time_and_nothing_is_lost(path):
    author, turn, pauses = Author(), iter(range(10_000)), []

    def answer(request):
        busy = 5 <= next(turn) < 14  # three attempts of OpenAIChat are one of ours
        return Reply(status=429) if busy else author(request)

    report, _ = write(answer, path, 10, pauses, concurrency=1)
    assert report.examples == 10
    assert report.rejected == {}
    assert pauses == [15.0, 30.0, 60.0]


def test_single_faults_cost_single_examples(path):
    author, turn = Author(), iter(range(10_000))
    faults = {
        6: Reply(end="hang"),
        8: Reply(status=500),
        10: Reply(("{",), end="length"),
        12: Reply(body="{}"),
        14: Reply(status=400),
    }
    report, _ = write(
        lambda request: faults.get(next(turn)) or author(request),
        path,
        20,
        concurrency=1,
        timeout=0.5,
    )
    assert report.examples == 20
    assert report.rejected == {
        "timed out": 1,
        "server failed": 1,
        "broken off": 1,
        "not the protocol": 1,
        "request rejected": 1,
    }


def test_a_model_that_cannot_do_it_is_given_up(path):
    error, requests = write(after(6, Author(), Reply(("Yes, of course!",))), path, 60)
    assert "takes a model that writes valid JSON" in str(error)
    assert "not JSON" in str(error)
    assert len(requests) < 70


def test_of_a_list_of_tasks_that_ran_too_long_the_whole_ones_are_taken(path):
    author = Author()

    def answer(request):
        if not request["messages"][-1]["content"].startswith("Brainstorm"):
            return author(request)
        return Reply(('["Find recipes for a dish.",\n"Find songs by', " the"), end="length")

    report, _ = write(answer, path, 6)
    assert (report.examples, report.rejected) == (6, {})


def test_an_interrupted_run_can_be_repeated(path):
    def impatient(state):
        if state.examples == 3:
            raise KeyboardInterrupt

    with scripted_server(answer=Author()) as script:
        with pytest.raises(StoppedError, match=r"interrupted\. 3 examples are kept"):
            TaskSynthesis(chat(script), path, 30).run(CallPolicy(2, impatient))
        assert TaskSynthesis(chat(script), path, 6).run().examples == 6


def test_progress_and_estimate(path):
    states = []
    with scripted_server(answer=Author()) as script:
        synthesis = TaskSynthesis(chat(script), path, 10)
        estimate = synthesis.estimate()
        report = synthesis.run(CallPolicy(2, states.append))
        assert synthesis.estimate().calls == 0
    assert estimate.calls == report.calls == 14
    assert estimate.tokens_in > 1000
    assert estimate.cost(1.0, 0.0) == pytest.approx(estimate.tokens_in / 1e6)
    assert {state.stage for state in states} == {"brainstorming tasks", "writing examples"}
    assert (states[-1].done, states[-1].total, states[-1].examples) == (10, 10, 10)
    assert states[-1].per_minute > 0
    assert states[-1].seconds_left == 0


def test_the_report_has_the_keys_that_scripts_read(path):
    report, _ = write(Author(), path, 3)
    assert json.loads(json.dumps(dataclasses.asdict(report)))["rejected"] == {}
