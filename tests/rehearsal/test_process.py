"""Processes found by their command line, and ended."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from csctl.rehearsal import process

PYTHON = Path(sys.executable).name
STUBBORN = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); "
SLEEP = "import time; print(flush=True); time.sleep(60)"
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Runs Python code that prints a line when it is ready."""
    started = []

    def run(code: str, *argv: str) -> subprocess.Popen[bytes]:
        one = subprocess.Popen(
            [sys.executable, "-c", code, *argv], stdout=subprocess.PIPE
        )
        started.append(one)
        assert one.stdout is not None
        one.stdout.readline()
        return one

    yield run
    for one in started:
        one.kill()
        one.communicate()


def test_a_process_is_known_by_program_and_path(start: Start, tmp_path: Path) -> None:
    one = start(SLEEP, str(tmp_path / "file"))

    assert process.named(PYTHON, tmp_path) == [one.pid]
    assert process.named("other", tmp_path) == []
    assert process.named(PYTHON, tmp_path / "file") == []
    assert process.named(PYTHON, tmp_path.with_name(tmp_path.name[:-1])) == []


def test_a_child_that_looks_like_its_parent_is_not_another_one(
    start: Start, tmp_path: Path
) -> None:
    fork = "import os; os.fork() or (print(flush=True), os.read(0, 1)); " + SLEEP

    one = start(fork, str(tmp_path / "file"))

    assert process.named(PYTHON, tmp_path) == [one.pid]
    children = process.children([one.pid])
    assert len(children) == 1
    process.kill(children)


def test_ending_asks_first(start: Start, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    polite = f"import signal, sys; signal.signal(15, lambda *_: sys.exit(9)); {SLEEP}"
    one = start(polite, str(mark))

    process.end([one.pid], seconds=10)

    assert one.wait() == 9


def test_ending_kills_what_does_not_listen(start: Start) -> None:
    one = start(STUBBORN + SLEEP)
    begin = time.monotonic()

    process.end([one.pid], seconds=0.2)

    assert one.wait() == -9
    assert time.monotonic() - begin >= 0.2


def test_killing_does_not_ask(start: Start) -> None:
    one = start(STUBBORN + SLEEP)

    process.kill([one.pid])

    assert one.wait() == -9


def test_a_process_that_is_gone_is_ended_already(start: Start) -> None:
    one = start(SLEEP)
    one.kill()
    one.wait()

    process.end([one.pid], seconds=10)
