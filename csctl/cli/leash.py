"""The leash: a csctl that another one started lives no longer than the other's pipe."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading

import csctl
from csctl.errors import UsageError

_STDIN = 0


def take(asked_by: str, size: int) -> str | None:
    """Let stdin be its next `size` bytes, and SIGTERM come when the pipe ends.

    Returns what is to be said where the other csctl is another version. Raises
    UsageError where the bytes do not come.
    """
    rope = os.dup(_STDIN)
    text = _read(rope, size)
    # No program that we start may take from the pipe.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.close(nothing)
    sys.stdin = io.TextIOWrapper(io.BytesIO(text))
    threading.Thread(target=_hold, args=(rope,), name="leash", daemon=True).start()
    if asked_by == csctl.__version__:
        return None
    return f"csctl: note: csctl {csctl.__version__} is here, and {asked_by} asks"


def _read(rope: int, size: int) -> bytes:
    text = b""
    while len(text) < size:
        data = os.read(rope, size - len(text))
        if not data:
            raise UsageError("the csctl that asked ended before it had said all")
        text += data
    return text


def _hold(rope: int) -> None:
    while os.read(rope, 1):
        pass
    # To the main thread, so that a call in which it waits is interrupted.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
