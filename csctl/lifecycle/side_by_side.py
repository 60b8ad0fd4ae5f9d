"""Several generators at once, their events as one stream."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from csctl.errors import CsctlError

Result = TypeVar("Result")
Item = TypeVar("Item")

_WORKERS = 32
_FAREWELL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Told(Generic[Item]):
    """One job's event."""

    job: str
    event: Item


@dataclass(frozen=True, slots=True)
class Ended(Generic[Result]):
    """One job's result, the error that ended it, or that it was cancelled."""

    job: str
    result: Result | None
    error: CsctlError | None
    cancelled: bool = False


Work = Callable[[], Generator[Item, None, Result]]


def side_by_side(
    jobs: Mapping[str, Work[Item, Result]],
    cancel: threading.Event | None = None,
) -> Iterator[Told[Item] | Ended[Result]]:
    """Run all jobs, at most 32 at a time; yield what each tells and how it ended.

    A single job runs in the caller's own thread, so that Ctrl-C reaches it where it
    stands. Closing the iterator stops every job at its next event, and waits for that;
    `cancel`, once set, does the same, and how each job ended is still told.
    An exception that is no CsctlError ends all of them and is raised.
    """
    cancel = cancel or threading.Event()
    if len(jobs) == 1:
        (name, work), *_ = jobs.items()
        yield from _alone(name, work, cancel)
        return
    told: queue.SimpleQueue[Told[Item] | Ended[Result] | BaseException] = (
        queue.SimpleQueue()
    )
    waiting: queue.SimpleQueue[tuple[str, Work[Item, Result]]] = queue.SimpleQueue()
    for item in jobs.items():
        waiting.put(item)
    threads = [
        threading.Thread(target=_work, args=(waiting, told, cancel), daemon=True)
        for _ in range(min(_WORKERS, len(jobs)))
    ]
    for thread in threads:
        thread.start()
    try:
        left = len(jobs)
        while left:
            item_ = told.get()
            if isinstance(item_, BaseException):
                raise item_
            left -= isinstance(item_, Ended)
            yield item_
    finally:
        cancel.set()
        for thread in threads:
            thread.join(_FAREWELL_SECONDS)


def _alone(
    name: str, work: Work[Item, Result], cancel: threading.Event
) -> Iterator[Told[Item] | Ended[Result]]:
    generator = work()
    try:
        while not cancel.is_set():
            try:
                event = next(generator)
            except StopIteration as stop:
                yield Ended(name, stop.value, None)
                return
            except CsctlError as error:
                yield Ended(name, None, error)
                return
            yield Told(name, event)
        yield Ended(name, None, _closed(generator), cancelled=True)
    finally:
        generator.close()


def _closed(generator: Generator[Item, None, Result]) -> CsctlError | None:
    """End a job where it stands; what went wrong as it cleaned up."""
    try:
        generator.close()
    except CsctlError as error:
        return error
    return None


def _work(
    waiting: queue.SimpleQueue[tuple[str, Work[Item, Result]]],
    told: queue.SimpleQueue[Told[Item] | Ended[Result] | BaseException],
    cancel: threading.Event,
) -> None:
    while True:
        try:
            name, work = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            for item in _alone(name, work, cancel):
                told.put(item)
        except BaseException as exc:
            told.put(exc)
