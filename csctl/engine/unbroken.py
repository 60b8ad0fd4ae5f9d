"""Requests that a signal does not tear apart.

The Engine goes on with what it was asked even when nobody waits for the answer any
more; whoever cleans up then would be overtaken by it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from signal import SIGHUP, SIGINT, SIGTERM


@contextmanager
def unbroken() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP wait until the block ends; then they come."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python's signals come to the main thread alone.
        return
    waiting: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: waiting.append(number))
        for number in (SIGINT, SIGTERM, SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in dict.fromkeys(waiting):
            signal.raise_signal(late)
