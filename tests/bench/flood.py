"""The logs screen while a container floods its log: memory, and how soon a key tells.

`python -m tests.bench.flood [SECONDS]`; DOCKER_HOST names the Engine.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from csctl.engine.connection import connect
from tests.lifecycle import talker
from tests.tmux import Pane

_NAME = "bench-flood"
_FLOOD, _TRICKLE = 10_000, 10
"""Lines a second. On a busy machine the difference of the two tells."""
_QUIET_SECONDS = 15.0
_SETTLE_SECONDS = 5.0
_BETWEEN_KEYS = 0.3
_BOUND = 0.15
_LINE = re.compile(r"line (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """What a run came to."""

    rate: int
    seconds: float
    start: float
    end: float
    """Resident memory in MB."""
    cpu: float
    """Percent of one core."""
    shown: float
    """Lines a second that came to the screen."""
    keys: tuple[float, ...]
    """Seconds from key to screen, sorted."""

    def __str__(self) -> str:
        p50 = statistics.median(self.keys)
        p99 = self.keys[min(len(self.keys) - 1, round(0.99 * len(self.keys)))]
        return (
            f"{self.rate} lines a second for {self.seconds:.0f} s,"
            f" {self.shown:.0f} shown\n"
            f"resident memory: {self.start:.1f} MB, then {self.end:.1f} MB\n"
            f"CPU: {self.cpu:.0f} % of one core\n"
            f"key to screen: p50 {1000 * p50:.0f} ms, p99 {1000 * p99:.0f} ms"
            f" ({len(self.keys)} keys; aimed at {1000 * _BOUND:.0f} ms)"
        )


def flood(seconds: float, rate: int) -> Flood:
    """Watch so many lines a second in tmux, and press keys meanwhile."""
    engine = connect(None, None, os.environ)
    said = int((seconds + 60) * rate)
    argv = [sys.executable, "-m", "csctl", "tui"]
    environ = {**os.environ, "PYTHONPATH": os.fspath(Path.cwd())}
    with (
        talker.running(engine, talker.flooding(_NAME, rate=rate, count=said)),
        Pane(argv, environ, columns=160, rows=48) as pane,
    ):
        pane.wait_for(_NAME)
        pane.press("/")
        pane.wait_for("regular expression")
        pane.type(_NAME)
        pane.wait_for("1 of ")
        pane.press("Enter")
        time.sleep(_BETWEEN_KEYS)
        pane.press("l")
        pane.wait_for("following")
        time.sleep(_SETTLE_SECONDS)
        start, before = _resident(pane.pid), _cpu_seconds(pane.pid)
        first, began = _newest(pane), time.perf_counter()
        keys = tuple(sorted(_pressed(pane, began + seconds)))
        lasted = time.perf_counter() - began
        last = _newest(pane)
        used = _cpu_seconds(pane.pid) - before
        return Flood(
            rate=rate,
            seconds=lasted,
            start=start,
            end=_resident(pane.pid),
            cpu=100 * used / lasted,
            shown=(last - first) / lasted,
            keys=keys,
        )


def _pressed(pane: Pane, end: float) -> Iterator[float]:
    """Pause and follow in turn, until the time is over."""
    while time.perf_counter() < end:
        for key, shown in (("k", "paused"), ("G", "following")):
            began = time.perf_counter()
            pane.press(key)
            pane.wait_for(shown)
            yield time.perf_counter() - began
            time.sleep(_BETWEEN_KEYS)


def _newest(pane: Pane) -> int:
    """The number of the newest line on the screen."""
    return max(map(int, _LINE.findall(pane.text())))


def _resident(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1000


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    print(flood(_QUIET_SECONDS, _TRICKLE), flush=True)
    print(flood(float(sys.argv[1]) if sys.argv[1:] else 60.0, _FLOOD))
