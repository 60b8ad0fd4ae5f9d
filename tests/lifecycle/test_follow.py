"""Following a log on a real Engine, whatever befalls its container meanwhile."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from csctl.container.log_line import LogLine
from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, EngineUnavailable, NotManaged
from csctl.lifecycle.follow import Entry, Mark, follow
from csctl.secret import Secret
from tests.engines import PrivateEngine, load_image
from tests.faults.recorder import recording
from tests.lifecycle import talker

_SECONDS = 60.0
_COUNTING = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
for number in range(10**9):
    print(number, file=(sys.stdout, sys.stderr)[number % 2], flush=True)
    time.sleep(0.002)
"""


@pytest.fixture
def engine(engine_host: str, rehearsal_image: str) -> Engine:  # noqa: ARG001
    return _connect(engine_host)


def _connect(url: str) -> Engine:
    return connect(None, None, {"DOCKER_HOST": url})


class Following:
    """A thread that follows a log, and what it was told."""

    def __init__(
        self, connect: Callable[[], Engine], name: str, tail: int | None = None
    ) -> None:
        self.told: list[Entry] = []
        self.error: CsctlError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(connect, name, tail))
        self._thread.start()

    def _run(self, connect: Callable[[], Engine], name: str, tail: int | None) -> None:
        try:
            for entries in follow(connect, name, self._stop, tail=tail):
                self.told += entries
        except CsctlError as error:
            self.error = error

    def stop(self) -> None:
        """End it; that it ends is asserted."""
        self._stop.set()
        self.wait_for_end()

    def wait_for_end(self) -> None:
        self._thread.join(_SECONDS)
        assert not self._thread.is_alive()

    def texts(self) -> list[str]:
        return [entry.text for entry in self.told]

    def marks(self) -> list[str]:
        """Marks without the time at their end."""
        return [
            entry.text.rstrip("0123456789:Z ")
            for entry in self.told
            if isinstance(entry, Mark)
        ]

    def runs(self) -> list[list[int]]:
        """The numbers that a counting container said, from mark to mark."""
        runs: list[list[int]] = [[]]
        for entry in self.told:
            if isinstance(entry, Mark):
                runs.append([])
            else:
                runs[-1].append(int(entry.text))
        return [run for run in runs if run]

    def wait_for(self, true: Callable[[], object]) -> None:
        end = time.monotonic() + _SECONDS
        while not true():
            assert time.monotonic() < end, self.told[-20:]
            time.sleep(0.02)

    def wait_for_more(self, lines: int = 100) -> None:
        """Until so many new entries came."""
        wanted = len(self.told) + lines
        self.wait_for(lambda: len(self.told) >= wanted)


@contextmanager
def following(
    connect: Callable[[], Engine], name: str, tail: int | None = None
) -> Iterator[Following]:
    one = Following(connect, name, tail)
    try:
        yield one
    finally:
        one.stop()


def _consecutive(numbers: list[int]) -> bool:
    """Whether no number is missing and none twice. Two streams may mix up a little."""
    ordered = sorted(numbers)
    return all(after == before + 1 for before, after in pairwise(ordered))


def test_a_restart_loses_no_line_and_doubles_none(
    engine: Engine, unique_name: str
) -> None:
    spec = talker.spec(unique_name, _COUNTING)
    with talker.running(engine, spec), following(lambda: engine, unique_name) as log:
        log.wait_for_more()
        engine.restart(unique_name)
        log.wait_for(lambda: "restarted" in log.marks())
        log.wait_for_more()
        engine.stop(unique_name)
        log.wait_for(lambda: log.texts()[-1] == "exited, exit code 3")
        whole = engine.log(unique_name)
    assert sum(isinstance(entry, LogLine) for entry in log.told) == len(whole)
    # The first end is only seen by who looks before the new beginning.
    assert log.marks()[-2:] == ["restarted", "exited, exit code"]
    assert all(run[0] in (0, 1) and _consecutive(run) for run in log.runs())


def test_a_replacement_goes_on_with_all_lines_of_the_new_container(
    engine: Engine, unique_name: str
) -> None:
    old = talker.saying(unique_name, "the old one")
    new = talker.saying(unique_name, "the new one", "goes on")
    try:
        engine.create(old)
        engine.start(unique_name)
        with following(lambda: engine, unique_name, tail=1) as log:
            log.wait_for_more(1)
            engine.remove(unique_name)
            log.wait_for(lambda: "there is no container now" in log.texts())
            engine.create(new)
            engine.start(unique_name)
            log.wait_for(lambda: "goes on" in log.texts())
    finally:
        engine.remove(unique_name)
    replaced = log.marks().index("replaced by a new container")
    assert log.texts()[0] == "the old one"
    assert log.texts().count("the old one") == 1
    assert log.texts()[-2:] == ["the new one", "goes on"]
    assert replaced == len(log.marks()) - 1


def test_a_container_that_comes_back_is_told_from_where_it_was_left(
    engine: Engine, unique_name: str
) -> None:
    aside, other = f"{unique_name}.csctl-old", talker.saying(unique_name, "the other")
    first = talker.saying(unique_name, "the first")
    try:
        engine.create(first)
        engine.start(unique_name)
        with following(lambda: engine, unique_name) as log:
            log.wait_for_more(1)
            engine.rename(unique_name, aside)
            engine.stop(aside)
            engine.create(other)
            engine.start(unique_name)
            log.wait_for(lambda: "the other" in log.texts())
            engine.remove(unique_name)
            engine.rename(aside, unique_name)
            engine.start(unique_name)
            log.wait_for(lambda: log.texts().count("the first") == 2)
            engine.stop(unique_name)
            log.wait_for(lambda: log.marks()[-1].startswith("exited"))
    finally:
        engine.remove(aside)
        engine.remove(unique_name)
    assert log.texts().count("the first") == 2
    assert log.texts().count("the other") == 1


# The SDK leaves a socket open that found nobody to connect to.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.xdist_group("mortal-engine")
def test_an_engine_that_is_killed_and_comes_back_is_waited_for(
    private_engine: Callable[[], PrivateEngine],
    rehearsal_archive: Path,
    unique_name: str,
) -> None:
    mortal = private_engine()
    load_image(mortal.url, rehearsal_archive)
    engine = _connect(mortal.url)
    spec = talker.spec(unique_name, _COUNTING)
    spec = dataclasses.replace(spec, restart="always")
    with talker.running(engine, spec), following(lambda: engine, unique_name) as log:
        log.wait_for_more()
        mortal.kill()
        log.wait_for(lambda: "the Engine does not answer" in log.texts())
        mortal.up()
        log.wait_for(lambda: "the Engine answers again" in log.marks())
        log.wait_for_more()
    assert log.marks()[:2] == ["the Engine does not answer", "the Engine answers again"]
    # Whether containers go on without their Engine is the Engine's affair.
    together = [number for run in log.runs() for number in run]
    assert _consecutive(together) or all(map(_consecutive, log.runs()))


def test_keys_and_what_a_terminal_would_obey_are_taken_out(
    engine: Engine, unique_name: str
) -> None:
    script = (
        "import os; print('key', os.environ['ApiKey'], '\\x1b[2J', flush=True);"
        "print('ApiKey=unknown', flush=True)"
    )
    environment = {"ApiKey": Secret("c4nary/+key")}
    spec = talker.spec(unique_name, script, environment=environment)
    with talker.running(engine, spec), following(lambda: engine, unique_name) as log:
        log.wait_for(lambda: "exited, exit code 0" in log.texts())
    assert log.texts()[:2] == ["key *** ", "ApiKey=***"]


def test_the_tail_bounds_what_is_told_of_the_past(
    engine: Engine, unique_name: str
) -> None:
    spec = talker.spec(unique_name, "for n in range(50): print(n)")
    with talker.running(engine, spec):
        with following(lambda: engine, unique_name) as log:
            log.wait_for(lambda: "exited, exit code 0" in log.texts())
        with following(lambda: engine, unique_name, tail=2) as tail:
            tail.wait_for(lambda: tail.marks())
    assert log.texts()[:-1] == [str(number) for number in range(50)]
    assert tail.texts() == ["48", "49", "exited, exit code 0"]


def test_a_foreign_container_is_left_alone(engine: Engine, unique_name: str) -> None:
    spec = dataclasses.replace(talker.saying(unique_name, "private"), labels={})
    with talker.running(engine, spec):
        log = Following(lambda: engine, unique_name)
        log.wait_for_end()
    assert isinstance(log.error, NotManaged)
    assert log.told == []


def test_an_engine_that_never_answers_is_said_once(unique_name: str) -> None:
    tries = threading.Semaphore(0)

    def refuse() -> Engine:
        tries.release()
        raise EngineUnavailable("no Engine answers")

    with following(refuse, unique_name) as log:
        for _ in range(2):
            assert tries.acquire(timeout=_SECONDS)
    assert log.texts() == ["the Engine does not answer"]


def test_a_quiet_log_and_a_stopped_container_cost_no_requests(
    engine_host: str, engine: Engine, unique_name: str, tmp_path: Path
) -> None:
    with (
        recording(engine_host, tmp_path) as recorder,
        talker.running(engine, talker.saying(unique_name, "quiet")),
        following(lambda: _connect(recorder.url), unique_name) as log,
    ):
        log.wait_for_more(1)
        recorder.forget()
        time.sleep(1.5)
        assert recorder.asked == []
        engine.stop(unique_name)
        log.wait_for(lambda: recorder.paths("/events") and log.marks())
        time.sleep(0.5)
        recorder.forget()
        time.sleep(1.2)
        assert recorder.asked == []
        engine.start(unique_name)
        log.wait_for(lambda: log.texts().count("quiet") == 2)
