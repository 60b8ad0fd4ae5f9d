"""csctl in children of a process that has loaded all of it, each struck by strace.

A child waits until strace holds it: the calls that are counted are those of its work
alone, and hundreds of them take minutes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGKILL

from tests.faults.site import ROOT

_SERVE = """
import json, os, signal, sys
import csctl.bundle.load, csctl.engine.connection, csctl.cli.bundle
from csctl.cli.main import run
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        job = json.loads(line)
        out = os.open(job["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1); os.dup2(out, 2); os.close(out)
        os.kill(os.getpid(), signal.SIGSTOP)
        code = 70
        try:
            code = run(job["words"])
            sys.stdout.flush()
        finally:
            os._exit(code)
    os.waitpid(pid, os.WUNTRACED)
    print(pid, flush=True)
    sys.stdin.readline()
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
KILL = "signal=SIGKILL"
ERRORS = ("error=EIO", "error=ENOSPC")
_SECONDS = 120
_CALL = re.compile(r"^(\d+) +(\w+)\(")


@dataclass(frozen=True, slots=True)
class Point:
    """One call of many, and what befalls it."""

    call: str
    number: int
    fault: str
    """`signal=SIGKILL`, or an error such as `error=EIO`."""

    def __str__(self) -> str:
        return f"{self.fault} at {self.call} number {self.number}"


@dataclass(frozen=True, slots=True)
class _Call:
    """One line of a trace: the call of a thread, and which of its many it is."""

    thread: str
    call: str
    number: int
    line: str


@dataclass(frozen=True, slots=True)
class Struck:
    """How a run ended; `trace` is what strace wrote of it."""

    code: int
    out: str
    trace: str

    @property
    def injected(self) -> bool:
        """Whether the fault came to be."""
        return "(INJECTED)" in self.trace or self.code == -SIGKILL

    def calls(self, folder: Path) -> Iterator[tuple[str, int]]:
        """The calls of the first thread that name something below a folder."""
        first = None
        for one in self._all():
            first = first or one.thread
            if one.thread == first and str(folder) in one.line:
                yield one.call, one.number

    def changes(self, folder: Path) -> Iterator[tuple[str, int]]:
        """Those of all threads, without what only opens a file to read it.

        Each thread counts for itself, as it does for strace.
        """
        for one in self._all():
            if str(folder) in one.line and "O_RDONLY" not in one.line:
                yield one.call, one.number

    def _all(self) -> Iterator[_Call]:
        counts = Counter[tuple[str, str]]()
        for line in self.trace.splitlines():
            if (match := _CALL.match(line)) is not None:
                thread, call = match.groups()
                counts[thread, call] += 1
                yield _Call(thread, call, counts[thread, call], line)


@dataclass(frozen=True, slots=True)
class Forge:
    """Runs csctl, one command after another."""

    process: subprocess.Popen[str]
    folder: Path

    def run(
        self, words: Sequence[str], calls: Sequence[str], point: Point | None = None
    ) -> Struck:
        """Run a command to its end, traced, and struck at a point if there is one."""
        out, trace = self.folder / "out", self.folder / "trace"
        pid = int(self._ask(json.dumps({"words": words, "out": str(out)})))
        asked = [
            *("strace", "-f", "-y", "-qq", "-s0", "-o", str(trace)),
            "-p",
            str(pid),
        ]
        asked += ["-e", f"trace={','.join(calls) if point is None else point.call}"]
        if point is not None:
            fault = f"inject={point.call}:{point.fault}:when={point.number}"
            asked += ["-e", fault]
        with subprocess.Popen(asked, stderr=subprocess.PIPE, text=True) as strace:
            _await_tracer(pid, strace)
            os.kill(pid, SIGCONT)
            strace.communicate(timeout=_SECONDS)
        code = int(self._ask("go on"))
        return Struck(code, out.read_text(), trace.read_text(errors="replace"))

    def _ask(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(line, file=self.process.stdin, flush=True)
        return self.process.stdout.readline()


def _await_tracer(pid: int, strace: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _SECONDS
    status = Path(f"/proc/{pid}/status")
    while "TracerPid:\t0\n" in status.read_text():
        assert strace.poll() is None, strace.communicate()[1]
        assert time.monotonic() < deadline, "strace does not take hold"
        time.sleep(0.005)


@contextmanager
def forge(folder: Path, environ: Mapping[str, str]) -> Iterator[Forge]:
    """A process that runs csctl in children; `folder` is for what they write."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Forge(process, folder)
        finally:
            process.kill()
