"""Meters: what running containers use of CPU and memory, as the Engine streams it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from queue import SimpleQueue

from csctl.container.observed import Container, Sample
from csctl.engine.engine import Engine
from csctl.engine.stream import Stream
from csctl.errors import ContainerNotFound, EngineError, NotReady
from csctl.lifecycle.lookup import managed

_AGAIN_SECONDS = 3.0
"""A stream that ended by itself is not opened again sooner after it was opened."""
_JOIN_SECONDS = 1.0

Tell = Callable[[str, Sample], None]


class Meters:
    """Follows containers, each in a thread of its own, which costs next to nothing."""

    def __init__(self, engine: Engine, tell: Tell) -> None:
        """`tell` is called in other threads, and never after `close`."""
        self._engine = engine
        self._tell = tell
        self._meters: dict[str, _Meter] = {}

    def follow(self, names: Collection[str]) -> None:
        """From now on follow exactly these containers.

        One whose stream ended is followed anew, though not at once again and again.
        """
        for name in self._meters.keys() - set(names):
            self._meters.pop(name).end()
        for name in names:
            meter = self._meters.get(name)
            if meter is None or meter.may_begin_again:
                self._meters[name] = _Meter(self._engine, name, self._tell)

    def close(self) -> None:
        """Follow none any more; their threads have ended then."""
        meters = list(self._meters.values())
        self._meters.clear()
        for meter in meters:
            meter.end()
        deadline = time.monotonic() + _JOIN_SECONDS
        for meter in meters:
            meter.join(deadline)


class _Meter:
    """One container's stream, and the thread that reads it."""

    def __init__(self, engine: Engine, name: str, tell: Tell) -> None:
        self._engine, self._name, self._tell = engine, name, tell
        self._began = time.monotonic()
        self._ended = False
        self._stream: Stream[Sample] | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def may_begin_again(self) -> bool:
        over = not self._thread.is_alive()
        return over and time.monotonic() - self._began >= _AGAIN_SECONDS

    def end(self) -> None:
        """Tell nothing any more."""
        # Whichever comes first, this or the opening: one of both sees the other.
        self._ended = True
        if self._stream is not None:
            self._stream.close()

    def join(self, deadline: float) -> None:
        """Wait for its thread until a moment of the monotonic clock."""
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _read(self) -> None:
        try:
            self._stream = self._engine.stats(self._name)
            if self._ended:
                self._stream.close()
            for sample in self._stream:
                if self._ended:
                    return
                self._tell(self._name, sample)
        except EngineError:
            return  # It was removed, or the Engine is gone: both are told elsewhere.


@contextmanager
def gauge(
    engine: Engine, names: Collection[str]
) -> Iterator[Callable[[], Sequence[Sample]]]:
    """Yield what gives the samples of containers since it was asked last."""
    came: SimpleQueue[Sample] = SimpleQueue()
    meters = Meters(engine, lambda _, sample: came.put(sample))
    meters.follow(names)
    try:
        yield lambda: [came.get() for _ in range(came.qsize())]
    finally:
        meters.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A running container, and what it uses."""

    container: Container
    sample: Sample


def read(engine: Engine, names: Sequence[str] = ()) -> list[Reading]:
    """Read the meters of the named containers once, or of all that serve.

    Takes one to two seconds, with Podman five. Who ends meanwhile is left out. Raises
    ContainerNotFound, NotManaged, NotReady for a named one that does not run.
    """
    containers = [_running(engine, name) for name in dict.fromkeys(names)]
    if not names:
        serving = [row.name for row in engine.containers() if row.serves]
        found = engine.inspect_all(serving).values()
        containers = sorted(filter(_runs, found), key=attrgetter("name"))
    if not containers:
        return []
    with ThreadPoolExecutor(len(containers)) as pool:
        samples = pool.map(partial(_sample, engine), containers)
        return [
            Reading(container=container, sample=sample)
            for container, sample in zip(containers, samples, strict=True)
            if sample is not None
        ]


def _running(engine: Engine, name: str) -> Container:
    container = managed(engine, name)
    if not _runs(container):
        raise NotReady(
            f"{name} is {container.state}, and only a running container uses anything",
            remedy=f"start it: csctl start {name}",
        )
    return container


def _runs(container: Container) -> bool:
    # One that restarts again and again has no meter of its own to read.
    return container.state in ("running", "paused")


def _sample(engine: Engine, container: Container) -> Sample | None:
    try:
        with closing(engine.stats(container.id)) as stream:
            return next(iter(stream), None)
    except ContainerNotFound:
        return None
