"""Workers as actors of Ray (https://docs.ray.io): on this machine, or on a cluster.

Ray starts processes, places them on machines and tells of those that are gone; who does what is
decided by `indexer.cluster.pool`. What is sent are bytes, which Ray does not pickle. Ray itself
trusts every machine of its cluster and whoever reaches its ports: a cluster belongs in a network
of its own.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.cluster.pool import ClusterError
from indexer.cluster.workers import Adder, Encoder, Reader

if TYPE_CHECKING:
    from indexer.cluster.workers import EmbedderParcel

LOCAL = "local"
# Set before Ray is imported: it counts its users by telling its makers of each start.
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


class NoRayError(ClusterError):
    """Ray is not installed, or its cluster is not reached."""


@dataclass(frozen=True, slots=True)
class RayMachines:
    """The machines of a running cluster (`indexer.cluster.driver.Machines`).

    On graphics processors there is an encoder for each; else one for each processor core, `most`
    at the most where it is given. Readers take what the encoders leave of the cores.
    """

    cores: int
    accelerators: int
    most: int = 0

    @property
    def readers(self) -> int:
        """One for each core."""
        return min(self.cores, self.most or self.cores)

    @property
    def encoders(self) -> int:
        """One for each graphics processor, or for each core where there is none."""
        there = self.accelerators or self.cores
        return min(there, self.most or there)

    def reader(self, parcel: EmbedderParcel, limits: dict[str, object]) -> _Actor:
        """Start a `Reader`; it is given no core of its own, for it waits as often as it works."""
        return _Actor(Reader, {"num_cpus": 0, "scheduling_strategy": "SPREAD"}, parcel, limits)

    def encoder(self, parcel: EmbedderParcel) -> _Actor:
        """Start an `Encoder` on a graphics processor or a core."""
        if self.accelerators:
            return _Actor(Encoder, {"num_gpus": 1, "num_cpus": 0}, parcel)
        return _Actor(Encoder, {"num_cpus": 1}, parcel, 1)

    def adder(self, trained: bytes) -> _Actor:
        """Start an `Adder` on a core."""
        return _Actor(Adder, {"num_cpus": 1}, trained)


class _Actor:
    """A worker of a pool as an actor (`indexer.cluster.pool.Worker`)."""

    def __init__(
        self, kind: type[Reader | Encoder | Adder], options: dict[str, Any], *given: Any
    ) -> None:
        import ray

        self._actor = ray.remote(**options)(kind).remote(*given)

    def call(self, method: str, parts: tuple[bytes, ...]) -> Future[bytes]:
        """Have a method carried out there."""
        answer = getattr(self._actor, method).remote(*parts).future()
        said: Future[bytes] = Future()
        answer.add_done_callback(lambda done: _pass_on(done, said))
        return said

    def lost(self, error: BaseException) -> bool:
        """Whether the actor, or what it said, is gone with its process or machine."""
        from ray import exceptions

        gone = (
            exceptions.RayActorError,
            exceptions.WorkerCrashedError,
            exceptions.OutOfMemoryError,
            exceptions.ObjectLostError,
        )
        return isinstance(error, gone)

    def end(self) -> None:
        """End its process."""
        import ray

        if ray.is_initialized():
            ray.kill(self._actor)


@contextmanager
def machines(address: str, most: int = 0) -> Iterator[RayMachines]:
    """The machines of the cluster at `address`, or of one that is started here (`local`).

    Raises `NoRayError`.
    """
    ray = _imported()
    _connect(ray, address)
    try:
        there = ray.cluster_resources()
        cores, accelerators = int(there.get("CPU", 0)), int(there.get("GPU", 0))
        if not cores:
            raise NoRayError(f"the cluster at {address} has no processor core to give")
        yield RayMachines(cores, accelerators, most)
    finally:
        ray.shutdown()


def _imported() -> Any:
    os.environ.update(_QUIET)
    try:
        import ray
    except ImportError as error:
        raise NoRayError(
            "Ray is not installed; install it with `pip install 'footnote[ray]'` on this machine"
            " and on those that are to work, or leave --ray out"
        ) from error
    return ray


def _connect(ray: Any, address: str) -> None:
    if address.startswith("ray://"):
        raise NoRayError(
            f"{address} is reached through Ray's client, which Footnote does not use: start it on a"
            " machine of the cluster, with `--ray auto`"
        )
    # So that workers on this machine find this very program, installed or not.
    ours = str(Path(__file__).parents[2])
    paths = [ours, *filter(None, [os.environ.get("PYTHONPATH", "")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    options: dict[str, Any] = {"include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            configure_logging=False,
            logging_level=logging.ERROR,
            **options,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise NoRayError(
            f"no Ray cluster is reached at {address} ({error}); start one with `ray start --head`"
            " and name its address, or give `local`"
        ) from error


def _pass_on(done: Future[Any], said: Future[bytes]) -> None:
    """What an actor said, or raised, in its own words."""
    error = done.exception()
    if error is None:
        said.set_result(done.result())
    else:
        said.set_exception(getattr(error, "cause", None) or error)
