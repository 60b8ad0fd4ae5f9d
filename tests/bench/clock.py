"""Timing commands: the median of several runs, after one that warms the caches."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence


def run(argv: Sequence[str], environ: Mapping[str, str], allowed: int = 0) -> None:
    """Run a command that ends with 0 or with `allowed`; its output is thrown away."""
    done = subprocess.run(
        argv, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode not in (0, allowed):
        raise SystemExit(f"{' '.join(argv)}: {done.returncode}\n{done.stderr.decode()}")


def seconds(work: Callable[[], object], *, times: int) -> float:
    """The median of so many runs."""
    work()
    return statistics.median(once(work) for _ in range(times))


def once(work: Callable[[], object]) -> float:
    """One run. What others wrote before is on the disk by then, and not in its way."""
    os.sync()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turn(
    one: Callable[[], object], other: Callable[[], object], *, times: int
) -> tuple[float, float]:
    """The medians of two, run in turn, so that a busy machine slows both alike."""
    one()
    other()
    pairs = [(once(one), once(other)) for _ in range(times)]
    return (
        statistics.median(pair[0] for pair in pairs),
        statistics.median(pair[1] for pair in pairs),
    )
