"""Processes found by their command line, as /proc shows them.

No file of process ids can be stale, nor name a process that came later.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# A killed process may be waiting for a busy disk first.
_KILL_SECONDS = 60


def named(program: str, root: Path) -> list[int]:
    """Ids of the processes of `program` that have a path below `root` as argument."""
    found = {
        pid
        for pid, argv in _all()
        if os.path.basename(argv[0]) == program
        and any(word.startswith(f"{root}/") for word in argv[1:])
    }
    # A child looks like its parent until it has become the program that it is to run.
    return [pid for pid in found if _parent(pid) not in found]


def children(parents: Iterable[int]) -> list[int]:
    """Ids of the processes which these started."""
    wanted = set(parents)
    return [pid for pid, _ in _all() if _parent(pid) in wanted]


def end(pids: Iterable[int], *, seconds: float) -> None:
    """Ask them to end, and kill those that have not after some seconds."""
    with _handles(pids) as handles:
        _signal(handles, signal.SIGTERM)
        stubborn = _await(handles, seconds)
        _signal(stubborn, signal.SIGKILL)
        _await(stubborn, _KILL_SECONDS)


def kill(pids: Iterable[int]) -> None:
    """End them at once."""
    with _handles(pids) as handles:
        _signal(handles, signal.SIGKILL)
        _await(handles, _KILL_SECONDS)


def _all() -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            if words != [b""]:
                yield int(folder.name), [os.fsdecode(word) for word in words]


def _parent(pid: int) -> int | None:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The name before it stands in parentheses and may hold anything.
    return int(status.rpartition(")")[2].split()[1])


@contextmanager
def _handles(pids: Iterable[int]) -> Iterator[list[int]]:
    """A handle stays with its process, where a number may pass on to another one."""
    handles = []
    try:
        for pid in pids:
            with suppress(ProcessLookupError):
                handles.append(os.pidfd_open(pid))
        yield handles
    finally:
        for handle in handles:
            os.close(handle)


def _signal(handles: Iterable[int], number: signal.Signals) -> None:
    for handle in handles:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, number)


def _await(handles: Iterable[int], seconds: float) -> set[int]:
    """Those that have not ended in time."""
    running = set(handles)
    poll = select.poll()
    for handle in running:
        poll.register(handle, select.POLLIN)
    deadline = time.monotonic() + seconds
    while running and (left := deadline - time.monotonic()) > 0:
        for handle, _ in poll.poll(left * 1000):
            poll.unregister(handle)
            running.discard(handle)
    return running
