"""A child process that is killed while it works."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).parents[1]


@contextmanager
def child(code: str, *argv: object) -> Iterator[subprocess.Popen[str]]:
    """A Python program that runs until the block ends; it first says `ready`."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, argv)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def kill_after(seconds: float, code: str, *argv: object) -> None:
    """Run a program and kill it some time after it said `ready`."""
    with child(code, *argv) as process:
        time.sleep(seconds)
        process.kill()
        process.wait()
        assert process.returncode == -signal.SIGKILL, "it ended by itself"
