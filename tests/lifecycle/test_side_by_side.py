"""Jobs side by side: what they tell, how they end, and how they are cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator

import pytest

from csctl.errors import CsctlError
from csctl.lifecycle.side_by_side import Ended, Told, side_by_side

_BREATH = 0.005  # A job waits for something between two events.

Job = Generator[int, None, str]

FEW = pytest.mark.parametrize("jobs", [1, 3, 40])


class Endless:
    """Jobs that go on until they are closed, and note that they were."""

    def __init__(self) -> None:
        self.begun = 0
        self.closed = 0
        self._lock = threading.Lock()

    def __call__(self) -> Job:
        with self._lock:
            self.begun += 1
        try:
            while True:
                yield 0
                time.sleep(_BREATH)
        finally:
            with self._lock:
                self.closed += 1


def _ends(number: int) -> Job:
    yield number
    if number == 2:
        raise CsctlError("two is not wanted")
    return f"result {number}"


@FEW
def test_each_job_tells_and_ends(jobs: int) -> None:
    works = {str(n): lambda n=n: _ends(n) for n in range(jobs)}
    items = list(side_by_side(works))
    assert {one for one in items if isinstance(one, Told)} == {
        Told(str(n), n) for n in range(jobs)
    }
    ends = {one.job: one for one in items if isinstance(one, Ended)}
    assert ends.keys() == works.keys()
    for name, end in ends.items():
        assert not end.cancelled
        if name == "2":
            assert end.result is None
            assert str(end.error) == "two is not wanted"
        else:
            assert (end.result, end.error) == (f"result {name}", None)


@FEW
def test_cancelling_ends_every_job_and_says_so(jobs: int) -> None:
    endless, cancel = Endless(), threading.Event()
    ends = {}
    for item in side_by_side({str(n): endless for n in range(jobs)}, cancel):
        if isinstance(item, Ended):
            ends[item.job] = item
        else:
            cancel.set()
    assert len(ends) == jobs
    assert all(end.cancelled and end.error is None for end in ends.values())
    assert endless.begun == endless.closed > 0


@FEW
def test_what_is_cancelled_before_it_begins_does_nothing(jobs: int) -> None:
    touched = []

    def work() -> Job:
        touched.append(1)
        yield 0
        return "done"

    cancel = threading.Event()
    cancel.set()
    ends = list(side_by_side({str(n): work for n in range(jobs)}, cancel))
    assert len(ends) == jobs
    assert all(isinstance(end, Ended) and end.cancelled for end in ends)
    assert touched == []


@FEW
def test_an_error_while_cleaning_up_is_told(jobs: int) -> None:
    def work() -> Job:
        try:
            while True:
                yield 0
                time.sleep(_BREATH)
        except GeneratorExit:
            raise CsctlError("the old container does not start") from None

    cancel = threading.Event()
    ends = []
    for item in side_by_side({str(n): work for n in range(jobs)}, cancel):
        if isinstance(item, Ended):
            ends.append(item)
        else:
            cancel.set()
    failed = [str(end.error) for end in ends if end.error is not None]
    assert len(ends) == jobs
    assert "the old container does not start" in failed
    assert all(end.cancelled for end in ends)


@FEW
def test_closing_the_iterator_closes_every_job(jobs: int) -> None:
    endless = Endless()
    stream = side_by_side({str(n): endless for n in range(jobs)})
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]
    assert endless.begun == endless.closed > 0


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_bug_ends_all_jobs_and_is_raised(jobs: int) -> None:
    endless = Endless()

    def bug() -> Job:
        yield 0
        raise ZeroDivisionError

    works: dict[str, Callable[[], Job]] = {"bug": bug}
    works |= {str(n): endless for n in range(jobs - 1)}
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(works))
    assert endless.begun == endless.closed
