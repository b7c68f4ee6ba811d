"""The threads that wait for a language model."""

from __future__ import annotations

import time

from training.synthesis.workers import WorkerPool


def test_the_threads_have_ended_when_the_calls_have():
    ended = []

    class Slow(WorkerPool[int, int]):
        def _serve(self, todo, done):
            super()._serve(todo, done)
            time.sleep(0.05)
            ended.append(True)

    jobs = iter([1, 2, 3])
    found = dict(Slow(lambda job: 2 * job, 2).run(lambda flying: next(jobs, None)))
    assert found == {1: 2, 2: 4, 3: 6}
    assert len(ended) == 2
