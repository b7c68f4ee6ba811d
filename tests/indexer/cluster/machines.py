"""A cluster in threads: the real workers, without Ray, and as mortal as one likes."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor

from indexer.cluster.workers import Adder, Encoder, Reader


class Gone(Exception):
    """A worker was killed."""


class Threaded:
    """A worker whose calls are carried out in a thread; killed where `killed` says so."""

    def __init__(self, worker, killed):
        self._worker, self._killed, self._dead = worker, killed, False
        self._thread = ThreadPoolExecutor(1)

    def call(self, method, parts):
        done = Future()

        def work():
            try:
                answer = getattr(self._worker, method)(*parts)
                assert isinstance(answer, bytes)
                self._dead = self._dead or (method != "ready" and self._killed())
                if self._dead:
                    raise Gone
                done.set_result(answer)
            except BaseException as error:  # noqa: BLE001
                done.set_exception(error)

        self._thread.submit(work)
        return done

    def lost(self, error):
        return isinstance(error, Gone)

    def end(self):
        self._thread.submit(getattr(self._worker, "close", lambda: None))
        self._thread.shutdown(wait=False)


class Machines:
    """Two readers and two encoders; every `mortal`th call takes its worker along."""

    readers = encoders = 2

    def __init__(self, cache, mortal=0):
        self._cache, self._mortal, self._calls, self.killed = str(cache), mortal, 0, 0
        self._lock = threading.Lock()

    def reader(self, parcel, limits):
        return Threaded(Reader(parcel, limits, self._cache), self._kills)

    def encoder(self, parcel):
        return Threaded(Encoder(parcel, 0, self._cache), self._kills)

    def adder(self, trained):
        return Threaded(Adder(trained), self._kills)

    def _kills(self):
        with self._lock:
            self._calls += 1
            killed = bool(self._mortal) and self._calls % self._mortal == 0
            self.killed += killed
        return killed
