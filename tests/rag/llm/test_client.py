"""The door to language models, against a real HTTP server with scripted faults."""

import json

import pytest
from scripted_server import Reply, scripted_server

from rag.llm.client import (
    InterruptedAnswerError,
    LanguageModelError,
    MalformedReplyError,
    Message,
    OpenAIChat,
    RateLimitedError,
    RefusedKeyError,
    RejectedRequestError,
    ServerFailedError,
    TimedOutError,
    UnknownModelError,
    UnreachableError,
    complete,
)

QUESTION = [Message("system", "Be brief."), Message("user", "How long is the warranty?")]


def ask(*replies, seconds=5.0):
    waits = []
    with scripted_server(*replies) as script:
        model = OpenAIChat(script.url, "sk-secret", "tiny", seconds, waits.append)
        try:
            return complete(model, QUESTION, 100), script, waits
        except LanguageModelError as error:
            return error, script, waits


def test_the_reply_streams_piece_by_piece():
    with scripted_server(Reply(("Two ", "years ", "[1]."))) as script:
        model = OpenAIChat(script.url, "sk-secret", "tiny")
        assert list(model.stream(QUESTION, 100)) == ["Two ", "years ", "[1]."]
    request = script.requests[0]
    assert (request["model"], request["max_tokens"], request["stream"]) == ("tiny", 100, True)
    assert request["messages"][1] == {"role": "user", "content": "How long is the warranty?"}
    assert script.keys == ["Bearer sk-secret"]


@pytest.mark.parametrize(
    ("reply", "error", "hint"),
    [
        (Reply(status=401), RefusedKeyError, "OPENAI_API_KEY"),
        (Reply(status=403), RefusedKeyError, "OPENAI_API_KEY"),
        (Reply(status=404), UnknownModelError, "'tiny'"),
        (Reply(status=400), RejectedRequestError, "too long"),
        (Reply(status=500), ServerFailedError, "log"),
        (Reply(end="error"), ServerFailedError, "out of memory"),
        (Reply(end="garbage"), MalformedReplyError, "OpenAI-compatible"),
        (Reply(body="<html>Welcome</html>"), MalformedReplyError, "/v1"),
        (Reply(body="{}"), MalformedReplyError, "/v1"),
    ],
)
def test_every_fault_is_named_and_says_what_to_do(reply, error, hint):
    got, _, _ = ask(reply)
    assert type(got) is error
    assert hint in str(got)
    assert "sk-secret" not in str(got)


def data(**delta):
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})


@pytest.mark.parametrize(
    "chunks",
    [
        ("[]", "7", '"text"', "null", "{}", '{"choices": null}', '{"choices": []}'),
        ('{"choices": [{}]}', '{"choices": [{"delta": null}]}', '{"choices": [null]}'),
        (data(content=None), data(role="assistant"), data(role="system"), data(content="")),
        (data(content=None, tool_calls=[{"index": 0, "function": {"name": "rm"}}]),),
        (data(content=None, reasoning_content="Let me think."),),
    ],
)
def test_pieces_without_a_word_are_passed_over(chunks):
    got, _, _ = ask(Reply(("Two years.",), chunks=chunks))
    assert got == "Two years."


@pytest.mark.parametrize(
    "chunk",
    [
        '{"choices": 7}', '{"choices": "abc"}', '{"choices": {"0": 1}}',
        data(content=7), data(content=["a"]), data(content={"text": "a"}),
        '{"choices": [{"delta": {"content": "a"}, "finish_reason": 7}]}',
    ],
)  # fmt: skip
def test_pieces_of_another_shape_are_named(chunk):
    got, _, _ = ask(Reply(("Two years.",), chunks=(chunk,)))
    assert type(got) is MalformedReplyError


def test_a_model_that_calls_a_tool_is_told_from_one_that_answers():
    call = {"index": 0, "delta": {"tool_calls": []}, "finish_reason": "tool_calls"}
    got, _, _ = ask(Reply(chunks=(json.dumps({"choices": [call]}),), end="eof"))
    assert type(got) is MalformedReplyError
    assert "tool" in str(got)


def test_an_answer_that_was_withheld_is_named():
    stop = {"index": 0, "delta": {}, "finish_reason": "content_filter"}
    got, _, _ = ask(Reply(chunks=(data(content="Two"), json.dumps({"choices": [stop]})), end="eof"))
    assert (type(got), got.partial) == (InterruptedAnswerError, "Two")


def test_a_server_that_does_not_stream_is_understood():
    whole = {"choices": [{"message": {"content": "Two years."}, "finish_reason": "stop"}]}
    assert ask(Reply(body=json.dumps(whole)))[0] == "Two years."


def test_an_error_that_calls_itself_a_success_is_repeated_to_the_reader():
    got, _, _ = ask(Reply(body=json.dumps({"error": {"message": "quota is used up"}})))
    assert type(got) is ServerFailedError
    assert "quota is used up" in str(got)


@pytest.mark.parametrize("end", ["silent", "alive", "thinking"])
def test_a_server_that_says_nothing_is_given_up_whatever_it_sends(end):
    got, _, _ = ask(Reply(("Two ",) if end != "silent" else (), end=end), seconds=0.2)
    assert type(got) is TimedOutError
    assert got.partial == ("Two " if end != "silent" else "")


@pytest.mark.parametrize("end", ["endless", "line"])
def test_an_answer_without_end_is_cut_off(end, monkeypatch):
    # How long the real limit takes to read is a matter of the machine, and of who else is at work.
    monkeypatch.setattr("rag.llm.stream.MOST_BYTES", 4 << 20)
    got, _, _ = ask(Reply(("Two years.",), end=end))
    assert type(got) is InterruptedAnswerError
    assert got.partial.startswith("Two years.")
    assert len(got.partial) < 50_000
    assert "limit" in str(got)


def test_a_gigabyte_that_is_no_stream_is_not_read():
    got, _, _ = ask(Reply(body='{"x": "' + "x" * (8 << 20) + '"}'))
    assert type(got) is InterruptedAnswerError


def test_a_silent_server_is_given_up():
    got, _, _ = ask(Reply(end="hang"), seconds=0.3)
    assert type(got) is TimedOutError
    assert got.partial == ""


@pytest.mark.parametrize("end", ["drop", "garbage", "error", "length", "eof"])
def test_what_had_come_before_the_break_is_kept(end):
    got, _, _ = ask(Reply(("The warranty ", "is two"), end=end))
    assert type(got) is InterruptedAnswerError
    assert got.partial == "The warranty is two"


def test_a_silence_in_mid_answer_keeps_what_had_come():
    got, _, _ = ask(Reply(("The warranty ",), end="hang"), seconds=0.3)
    assert type(got) is TimedOutError
    assert got.partial == "The warranty "


def test_nobody_listening():
    with scripted_server(Reply()) as script:
        url = script.url
    with pytest.raises(UnreachableError, match="server is running"):
        complete(OpenAIChat(url, "", "tiny"), QUESTION, 10)


def test_rate_limits_are_waited_for_as_told():
    busy = Reply(status=429, headers=(("Retry-After", "7"),))
    text, script, waits = ask(busy, Reply(status=503), Reply(("Two years.",)))
    assert text == "Two years."
    assert waits == [7.0, 2.0]
    assert len(script.requests) == 3


def test_rate_limits_are_not_waited_for_forever():
    got, script, waits = ask(Reply(status=429, headers=(("Retry-After", "86400"),)))
    assert type(got) is RateLimitedError
    assert len(script.requests) == 3
    assert max(waits) <= 30


def test_models_that_know_other_options_are_asked_again():
    body = json.dumps({"error": {"message": "unsupported", "param": "max_tokens"}})
    text, script, _ = ask(Reply(status=400, body=body), Reply(("Two years.",)))
    assert text == "Two years."
    assert script.requests[1]["max_completion_tokens"] == 100
    assert "temperature" not in script.requests[1]


@pytest.mark.parametrize("named", ["max_completion_tokens", "max_tokens"])
def test_models_that_know_none_of_the_options_are_asked_twice_and_no_more(named):
    first = json.dumps({"error": {"message": "unsupported", "param": "temperature"}})
    again = json.dumps({"error": {"message": "too large", "param": named}})
    replies = (Reply(status=400, body=first), Reply(status=400, body=again), Reply(("Two.",)))
    got, script, _ = ask(*replies)
    assert type(got) is RejectedRequestError
    assert len(script.requests) == 2


def test_a_model_without_a_name_is_asked_for():
    with pytest.raises(UnknownModelError, match="FOOTNOTE_MODEL"):
        complete(OpenAIChat("http://127.0.0.1:1/v1", "", ""), QUESTION, 10)


def test_a_server_that_never_stops_is_stopped():
    with scripted_server(Reply(("<think>" + "on and " * 50,) * 50)) as script:
        pieces = OpenAIChat(script.url, "", "m").stream([Message("user", "?")], max_tokens=10)
        with pytest.raises(InterruptedAnswerError, match="far beyond its length limit"):
            list(pieces)


@pytest.mark.parametrize(
    "chunk",
    ['"text"', '{"choices": "text"}', '{"choices": [1.5]}', '{"choices": [{"delta": "text"}]}',
     '{"choices": [{"delta": {"content": true}}]}', '{"choices": [{"delta": {"content": [1]}}]}'],
)  # fmt: skip
def test_chunks_of_the_wrong_types_are_no_reply(chunk):
    with (
        scripted_server(Reply(body=f"data: {chunk}\n\n")) as script,
        pytest.raises(MalformedReplyError),
    ):
        complete(OpenAIChat(script.url, "", "m"), [Message("user", "?")], max_tokens=10)


def test_half_a_character_is_no_text():
    with scripted_server(Reply(("Two \ud83d", " years."))) as script:
        got = complete(OpenAIChat(script.url, "", "m"), [Message("user", "?")], max_tokens=10)
    assert got == "Two ? years."
