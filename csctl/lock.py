"""Locks between processes of csctl.

A lock is a file under `flock`: the kernel frees it when its holder ends, however that
happens, so that there is no stale lock. The text inside only says who holds it.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from csctl.errors import CsctlError, LockHeld

_POLL_SECONDS = 0.05
_GLANCE_SECONDS = 0.25
"""Longer than `holder` holds a lock to see whether it is free."""


@contextmanager
def hold(path: Path, what: str, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lock at `path` on `what`; its directory is made where missing.

    Raises LockHeld, after `wait_seconds` of trying, with the holder's own words.
    """
    descriptor = _open(path)
    try:
        deadline = time.monotonic() + max(wait_seconds, _GLANCE_SECONDS)
        while not _try(descriptor):
            if time.monotonic() >= deadline:
                raise LockHeld(
                    f"another csctl is at work on {what}: {holder(path) or 'unknown'}",
                    remedy="wait until it is done, or end it",
                )
            time.sleep(_POLL_SECONDS)
        _write_holder(descriptor)
        yield
    finally:
        os.close(descriptor)


def holder(path: Path) -> str | None:
    """Who holds the lock at `path`; None where nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if _try(descriptor):
            return None
        return os.pread(descriptor, 500, 0).decode(errors="replace").strip()
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except PermissionError:
            # A lock file that root made: reading is enough to lock it.
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as exc:
        raise CsctlError(
            f"lock {path} cannot be opened: {exc.strerror}",
            remedy=f"check free space and permissions of {path.parent}",
        ) from exc


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_holder(descriptor: int) -> None:
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    verb = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    text = f"pid {os.getpid()}, csctl {verb}, since {since}\n"
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)
    except OSError:
        pass  # A full disk or a read-only descriptor: the lock holds without words.
