"""What may go wrong in a conversation about speech, on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import websocket
from .websocket import WebSocket


class Fault(NamedTuple):
    """Happens in place of the first reply on the path `instead_of`."""

    instead_of: str
    happen: Callable[[WebSocket], None]


def _close(code: int, reason: str) -> Callable[[WebSocket], None]:
    return lambda socket: socket.close(code, reason)


def _say_nothing(socket: WebSocket) -> None:
    while True:
        socket.receive()


HTTP = {f"http-{code}": code for code in (400, 401, 403, 404, 429, 500, 503)}
"""The upgrade is refused with this status."""

STATUSES = {
    f"status-{name}": name
    for name in (
        *("BabbleTimeout", "BadRequest", "Error", "Forbidden"),
        *("NoMatch", "ServiceUnavailable", "TooManyRequests"),
    )
}
"""Every result has this `RecognitionStatus`."""

BREAKS = {
    "close-1000": Fault("speech.endDetected", _close(websocket.NORMAL, "")),
    "close-1007": Fault(
        "turn.start", _close(websocket.INVALID_DATA, "a rehearsed bad request")
    ),
    "close-1011": Fault(
        "turn.start", _close(websocket.SERVER_ERROR, "a rehearsed error")
    ),
    "cut": Fault("speech.phrase", WebSocket.reset),
    "half-way": Fault("speech.phrase", _say_nothing),
    "reset": Fault("turn.start", WebSocket.reset),
    "silent": Fault("turn.start", _say_nothing),
}
"""The conversation ends or stops where the service would have replied."""

NAMES = frozenset((*HTTP, *STATUSES, *BREAKS))
