"""Running out of memory for real."""

from __future__ import annotations

import contextlib
from typing import NoReturn

from . import dialects

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_UNLIMITED = 1 << 50
"""What the kernel shows for no limit is a number above this, or the word `max`."""
_WITHOUT_LIMIT = 2 << 30
_STEP = 16 << 20


def exhaust() -> NoReturn:
    """Take memory until the kernel ends this process at the container's limit.

    Without a limit, or where swap lets it live on, it ends itself with the same code.
    """
    dialects.decoder("info", "Loading all of the model into memory")
    # Swap may add as much again as the limit itself.
    most = 2 * limit if (limit := _limit()) else _WITHOUT_LIMIT
    taken = [b"\xff" * _STEP for _ in range(most // _STEP + 1)]
    dialects.decoder("error", f"out of memory after {len(taken) * _STEP} bytes")
    raise SystemExit(137)


def _limit() -> int | None:
    for path in _LIMITS:
        with contextlib.suppress(OSError, ValueError), open(path) as file:
            limit = int(file.read())
            if limit < _UNLIMITED:
                return limit
    return None
