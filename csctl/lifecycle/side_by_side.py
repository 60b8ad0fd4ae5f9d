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
    """One job's result, or the error that ended it."""

    job: str
    result: Result | None
    error: CsctlError | None


Work = Callable[[], Generator[Item, None, Result]]


def side_by_side(
    jobs: Mapping[str, Work[Item, Result]],
) -> Iterator[Told[Item] | Ended[Result]]:
    """Run all jobs, at most 32 at a time; yield what each tells and how it ended.

    A single job runs in the caller's own thread, so that Ctrl-C reaches it where it
    stands. Closing the iterator stops every job at its next event, and waits for that.
    An exception that is no CsctlError ends all of them and is raised.
    """
    if len(jobs) == 1:
        (name, work), *_ = jobs.items()
        yield from _alone(name, work)
        return
    told: queue.SimpleQueue[Told[Item] | Ended[Result] | BaseException] = (
        queue.SimpleQueue()
    )
    waiting: queue.SimpleQueue[tuple[str, Work[Item, Result]]] = queue.SimpleQueue()
    for item in jobs.items():
        waiting.put(item)
    cancel = threading.Event()
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


def _alone(name: str, work: Work[Item, Result]) -> Iterator[Told[Item] | Ended[Result]]:
    generator = work()
    try:
        while True:
            try:
                event = next(generator)
            except StopIteration as stop:
                yield Ended(name, stop.value, None)
                return
            except CsctlError as error:
                yield Ended(name, None, error)
                return
            yield Told(name, event)
    finally:
        generator.close()


def _work(
    waiting: queue.SimpleQueue[tuple[str, Work[Item, Result]]],
    told: queue.SimpleQueue[Told[Item] | Ended[Result] | BaseException],
    cancel: threading.Event,
) -> None:
    while not cancel.is_set():
        try:
            name, work = waiting.get_nowait()
        except queue.Empty:
            return
        stream = _alone(name, work)
        try:
            for item in stream:
                told.put(item)
                if cancel.is_set():
                    break
        except BaseException as exc:
            told.put(exc)
        finally:
            stream.close()  # type: ignore[attr-defined]
