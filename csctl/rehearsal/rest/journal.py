"""What was asked, kept for whoever tests a client."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from typing import Any

from .wire import Request

_MOST = 20000
_LONGEST_TEXT = 64 << 10
_SECRET = ("ocp-apim-subscription-key", "authorization")


class Journal:
    """The requests of both servers, the oldest first; keys and tokens masked."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=_MOST)
        self._lock = threading.Lock()

    def add(self, server: str, request: Request) -> dict[str, Any]:
        """Note a request; whoever answers it adds the `status`."""
        entry = {
            "server": server,
            "method": request.method,
            "path": request.path,
            "query": [list(pair) for pair in request.query],
            "headers": {
                name: _masked(text) if name in _SECRET else text
                for name, text in request.headers.items()
            },
            "body": _text(request.body),
            "bytes": len(request.body),
            "sha256": hashlib.sha256(request.body).hexdigest(),
            "status": None,
        }
        with self._lock:
            self._entries.append(entry)
        return entry

    def entries(self) -> list[dict[str, Any]]:
        """What there is."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Forget it all."""
        with self._lock:
            self._entries.clear()


def _masked(text: str) -> str:
    scheme, mark, _ = text.partition(" ")
    return f"{scheme} ***" if mark else "***"


def _text(body: bytes) -> str | None:
    if len(body) > _LONGEST_TEXT:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
