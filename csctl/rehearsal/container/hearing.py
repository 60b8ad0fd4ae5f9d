"""Speech over WebSockets: who is let in, and how much is heard at once.

Facts: speech-protocol.md section 2.1 for the paths.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from . import faults, websocket
from .conversation import Conversation
from .recogniser import Recogniser
from .server import Answer, Connection, Request, Takeover
from .websocket import Closed, WebSocket

PATHS = {
    f"/speech/recognition/{mode}/cognitiveservices/v1": mode
    for mode in ("interactive", "conversation", "dictation")
}


class Limits(NamedTuple):
    """What one container can do at most; 0 is no limit."""

    streams: int = 0
    """Connections at once; more are refused with 429."""
    capacity: float = 0
    """Seconds of audio decoded in a second, of all connections together."""


class Hearing:
    """All conversations about speech that a container holds."""

    def __init__(
        self,
        recogniser: Recogniser,
        fault: str,
        limits: Limits,
        count: Callable[[float], None],
    ) -> None:
        """`count` is told the seconds of audio that were heard."""
        self._recogniser = recogniser
        self._fault = fault
        self._limits = limits
        self._count = count
        self._lock = threading.Lock()
        self._streams = 0
        self._decoded_at = 0.0

    def answer(self, request: Request) -> Answer | Takeover:
        """What a GET on one of the paths gives."""
        if not websocket.is_wanted(request):
            # As a request without an upgrade was seen to be answered.
            return Answer(404)
        if not websocket.is_well_formed(request):
            return Answer(400)
        if self._fault in faults.HTTP:
            return Answer(faults.HTTP[self._fault])
        with self._lock:
            if 0 < self._limits.streams <= self._streams:
                return Answer(429)
            self._streams += 1
        return lambda connection: self._hold(connection, request)

    def _hold(self, connection: Connection, request: Request) -> None:
        socket = WebSocket(connection)
        conversation = Conversation(
            socket,
            PATHS[request.path],
            request.query,
            self._recogniser,
            self._fault,
            self._spend,
        )
        try:
            with contextlib.suppress(Closed):
                socket.accept(request)
                conversation.go_on()
        finally:
            with self._lock:
                self._streams -= 1

    def _spend(self, seconds: float) -> None:
        """Count that much audio, and take the time that decoding it takes."""
        self._count(seconds)
        if not self._limits.capacity:
            return
        with self._lock:
            begins = max(self._decoded_at, time.monotonic())
            self._decoded_at = ends = begins + seconds / self._limits.capacity
        time.sleep(max(0.0, ends - time.monotonic()))
