"""Locks: one holder, named, freed by whatever ends it."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from csctl import lock
from csctl.errors import CsctlError, LockHeld
from tests.killing import child

_HOLD = """
import sys
sys.argv[1:] = sys.argv[1:] + ["--yes", "apply", "x.yaml"]
from pathlib import Path
from csctl import lock
path = Path(sys.argv.pop(1))
with lock.hold(path, "profile x"):
    print("ready", flush=True)
    sys.stdin.read()
"""


@contextmanager
def _held_elsewhere(path: Path) -> Iterator[int]:
    with child(_HOLD, path) as process:
        yield process.pid


def test_a_free_lock_is_held_and_freed(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "one.lock"
    assert lock.holder(path) is None
    with lock.hold(path, "it"):
        assert f"pid {os.getpid()}" in (lock.holder(path) or "")
    assert lock.holder(path) is None
    with lock.hold(path, "it"):
        pass


def test_a_held_lock_is_refused_with_its_holders_words(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    with _held_elsewhere(path) as pid:
        with pytest.raises(LockHeld) as caught, lock.hold(path, "profile x"):
            pytest.fail("two hold it")
        assert re.fullmatch(
            rf"another csctl is at work on profile x: pid {pid}, csctl apply, since"
            r" \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
            str(caught.value),
        )
        assert caught.value.remedy == "wait until it is done, or end it"


def test_two_threads_exclude_each_other_too(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    with (
        lock.hold(path, "it"),
        pytest.raises(LockHeld),
        lock.hold(path, "it"),
    ):
        pytest.fail("two hold it")


def test_a_killed_holder_frees_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    with child(_HOLD, path) as process:
        assert lock.holder(path) is not None
        process.kill()
        process.wait()
        assert lock.holder(path) is None
        with lock.hold(path, "it"):
            assert f"pid {os.getpid()}" in (lock.holder(path) or "")


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    with child(_HOLD, path) as process:
        timer = threading.Timer(0.5, process.kill)
        timer.start()
        with lock.hold(path, "it", wait_seconds=60):
            assert process.wait() == -signal.SIGKILL
        timer.join()


def test_waiting_takes_as_long_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    with _held_elsewhere(path):
        began = time.monotonic()
        with pytest.raises(LockHeld), lock.hold(path, "it", wait_seconds=0.6):
            pytest.fail("two hold it")
        assert time.monotonic() - began > 0.5


def test_looking_at_a_lock_keeps_nobody_from_taking_it(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            lock.holder(path)
            time.sleep(0)

    looker = threading.Thread(target=look)
    path.touch()
    looker.start()
    try:
        for _ in range(300):
            with lock.hold(path, "it"):
                pass
    finally:
        done.set()
        looker.join()


def test_the_words_of_a_former_longer_holder_do_not_stay(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    path.write_text("pid 1, " + "x" * 300)
    with lock.hold(path, "it"):
        assert "x" * 20 not in (lock.holder(path) or "")


def test_a_lock_that_cannot_be_opened_says_which(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "one.lock"
    with pytest.raises(CsctlError) as caught, lock.hold(path, "it"):
        pytest.fail("it cannot be held")
    assert str(caught.value).startswith(f"lock {path} cannot be opened: ")
    assert str(path.parent) in (caught.value.remedy or "")


def test_a_failure_under_a_lock_frees_it(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    with pytest.raises(KeyError), lock.hold(path, "it"):
        raise KeyError
    assert lock.holder(path) is None
