"""Calls over workers that die: each is carried out once for its caller, or said to break them."""

import threading
from concurrent.futures import Future, wait

import pytest

from indexer.cluster.pool import ClusterError, WorkerLostError, WorkerPool


class Gone(Exception):
    pass


class Threaded:
    """A worker in a thread of its own; `behave` gets (number of worker, method, part)."""

    def __init__(self, number, behave):
        self.number, self.behave, self.ended = number, behave, False

    def call(self, method, parts):
        done = Future()

        def work():
            try:
                done.set_result(self.behave(self.number, method, *parts))
            except BaseException as error:  # noqa: BLE001
                done.set_exception(error)

        threading.Thread(target=work).start()
        return done

    def lost(self, error):
        return isinstance(error, Gone)

    def end(self):
        self.ended = True


def pool_of(behave, count=2):
    made = []

    def start():
        made.append(Threaded(len(made), behave))
        return made[-1]

    return WorkerPool(start, count), made


def test_calls_are_spread_and_answered():
    seen = set()

    def behave(number, method, *parts):
        if method == "ready":
            return b""
        seen.add(number)
        return parts[0] * 2

    pool, made = pool_of(behave)
    with pool:
        answers = [pool.submit("double", b"%d" % n) for n in range(50)]
        assert [one.result(10) for one in answers] == [b"%d%d" % (n, n) for n in range(50)]
    assert seen == {0, 1}
    assert all(worker.ended for worker in made)


def test_what_a_lost_worker_was_at_is_done_by_another_and_answered_once():
    def behave(number, method, *parts):
        if method != "ready" and number < 6 and int(parts[0]) % 7 == number:
            raise Gone
        return parts[0] if parts else b""

    pool, made = pool_of(behave)
    with pool:
        answers = [pool.submit("same", b"%d" % n) for n in range(100)]
        assert [int(one.result(10)) for one in answers] == list(range(100))
    assert pool.lost > 0
    assert len(made) == 2 + pool.lost


def test_what_breaks_every_worker_is_given_up_and_the_rest_goes_on():
    def behave(number, method, *parts):
        if parts == (b"13",):
            raise Gone
        return b"fine"

    pool, _ = pool_of(behave)
    with pool:
        answers = [pool.submit("same", b"%d" % n) for n in range(20)]
        wait(answers, 10)
    with pytest.raises(WorkerLostError, match="one after the other"):
        answers[13].result()
    assert sum(one.exception() is None for one in answers) == 19


def test_what_a_call_raises_is_its_callers_alone():
    def behave(number, method, *parts):
        if parts == (b"1",):
            raise ValueError("no")
        return b""

    pool, made = pool_of(behave)
    with pool:
        with pytest.raises(ValueError, match="no"):
            pool.submit("same", b"1").result(10)
        assert pool.submit("same", b"2").result(10) == b""
    assert len(made) == 2


def test_workers_that_cannot_begin_say_why():
    def behave(number, method, *parts):
        raise ValueError("another version")

    pool, _ = pool_of(behave)
    with pool, pytest.raises(ValueError, match="another version"):
        pool.submit("same", b"1").result(10)


def test_where_all_workers_are_lost_at_once_it_ends_with_an_error():
    def behave(number, method, *parts):
        raise Gone

    pool, made = pool_of(behave)
    with pool, pytest.raises(ClusterError, match="logs and memory"):
        pool.submit("same", b"1").result(10)
    assert len(made) < 50


def test_leaving_gives_up_what_is_not_done():
    go_on = threading.Event()

    def behave(number, method, *parts):
        if method != "ready":
            go_on.wait(10)
        return b""

    pool, _ = pool_of(behave, count=1)
    with pool:
        answers = [pool.submit("same", b"1") for _ in range(5)]
    go_on.set()
    wait(answers, 10)
    assert any(one.cancelled() or one.exception() for one in answers)
