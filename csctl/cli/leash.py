"""The leash: a csctl that another one started lives no longer than the other's pipe."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import csctl
from csctl.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

_STDIN = 0
_CHUNK = 1 << 20


def take(asked_by: str, size: int) -> str | None:
    """Let stdin be its next `size` bytes, and SIGTERM come when the pipe ends.

    The bytes are read as they are asked for, which raises UsageError where they do not
    come. Returns what is to be said where the other csctl is another version.
    """
    rope = os.dup(_STDIN)
    # No program that we start may take from the pipe.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, _STDIN)
    os.close(nothing)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(_Text(rope, size), _CHUNK))
    if asked_by == csctl.__version__:
        return None
    return f"csctl: note: csctl {csctl.__version__} is here, and {asked_by} asks"


class _Text(io.RawIOBase):
    """So many bytes of the pipe, which holds us once they are read."""

    def __init__(self, rope: int, size: int) -> None:
        self._rope, self._left = rope, size
        self._hold_once_read()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        if not self._left:
            return 0
        room = memoryview(buffer)[: self._left]
        count = os.readv(self._rope, [room])
        if not count:
            raise UsageError("the csctl that asked ended before it had said all")
        self._left -= count
        self._hold_once_read()
        return count

    def _hold_once_read(self) -> None:
        if not self._left:
            args = (self._rope,)
            threading.Thread(target=_hold, args=args, name="leash", daemon=True).start()


def _hold(rope: int) -> None:
    while os.read(rope, 1):
        pass
    # To the main thread, so that a call in which it waits is interrupted.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
