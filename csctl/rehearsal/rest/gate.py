"""What stands before the service: faults that were asked for, the limit, the key.

Facts: rest-api.md sections 1, 2.5 and 2.6.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from .refusal import Refused, invalid, service, wrong_endpoint
from .wire import Answer, Dropped, Request

KEY = "rehearsal"
FREE_KEY = "rehearsal-free"
FORBIDDEN_KEY = "rehearsal-forbidden"
TOKEN = "rehearsal-token"
_WINDOW_SECONDS = 10.0
_PAGE = "<!doctype html><html><head><title>Sign in</title></head></html>"


class InvalidFault(Exception):
    """A fault that means nothing."""


class _Fault(NamedTuple):
    kind: str
    place: str

    def befalls(self, server: str, path: str) -> bool:
        """Whether this request is one that it waits for."""
        if self.place.startswith("/"):
            return path.startswith(self.place)
        return server == self.place


class Faults:
    """Waiting faults; each befalls one request, the first that it fits.

    Written as words: `429` (with Retry-After), `429-bare` (without), any other status
    code of 400 and above, `html` (a proxy's page), `cut` (the answer breaks off in the
    middle), `drop` (no answer at all); `@storage` or `@/path` says where, the API is
    meant without it; `*3` repeats.
    """

    def __init__(self, text: str) -> None:
        """Raises InvalidFault."""
        self._waiting: list[_Fault] = []
        self._lock = threading.Lock()
        self.add(text)

    def add(self, text: str) -> None:
        """More of them. Raises InvalidFault."""
        found = [fault for word in text.split() for fault in _read(word)]
        with self._lock:
            self._waiting += found

    def apply(
        self, server: str, request: Request, answer: Callable[[Request], Answer]
    ) -> Answer:
        """The answer, or what befalls it. Raises Dropped."""
        fault = self._take(server, request.path)
        match fault and fault.kind:
            case None:
                return answer(request)
            case "cut":
                return answer(request)._replace(cut=True)
            case "drop":
                raise Dropped
            case "html":
                return Answer.text(200, "text/html", _PAGE)
            case kind:
                return _failure(str(kind))

    def _take(self, server: str, path: str) -> _Fault | None:
        with self._lock:
            for fault in self._waiting:
                if fault.befalls(server, path):
                    self._waiting.remove(fault)
                    return fault
        return None


def _read(word: str) -> list[_Fault]:
    word, repeated, times = word.partition("*")
    kind, _, place = word.partition("@")
    numeric = kind.removesuffix("-bare")
    if kind not in ("cut", "drop", "html") and not (
        numeric.isdecimal() and 400 <= int(numeric) < 600
    ):
        raise InvalidFault(f"{word} is no fault")
    if repeated and not times.isdecimal():
        raise InvalidFault(f"{times!r} is no number")
    return [_Fault(kind, place or "api")] * int(times or 1)


def _failure(kind: str) -> Answer:
    status = int(kind.removesuffix("-bare"))
    code = {429: "TooManyRequests", 503: "ServiceUnavailable"}.get(
        status, "InternalServerError" if status >= 500 else "InvalidRequest"
    )
    try:
        message = HTTPStatus(status).phrase
    except ValueError:
        message = "Failed"
    headers = (("Retry-After", "1"),) if kind == "429" else ()
    return Answer.json(status, {"code": code, "message": message}, *headers)


class Limit:
    """So many requests in ten seconds."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def check(self) -> None:
        """Count one. Raises Refused where it is one too many."""
        if not self._most:
            return
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] <= now - _WINDOW_SECONDS:
                self._times.popleft()
            if len(self._times) < self._most:
                self._times.append(now)
                return
            wait = self._times[0] + _WINDOW_SECONDS - now
        refused = service(429, "TooManyRequests", "The rate limit is exceeded.")
        refused.headers["Retry-After"] = str(int(wait) + 1)
        raise refused


def check_key(request: Request) -> None:
    """Let in who may come in. Raises Refused."""
    key = request.headers.get("ocp-apim-subscription-key")
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if key is None and token:
        if token != TOKEN:
            raise Refused(
                401,
                {
                    "code": "Unauthorized",
                    "details": None,
                    "message": "Authentication is required to access the resource.",
                    "target": None,
                    "innerError": None,
                },
                Content_Type="text/plain; charset=utf-8",
            )
    elif key == FREE_KEY:
        raise invalid(
            "InvalidSubscription",
            'Only "Standard" subscriptions for the region of the called service are'
            " valid.",
        )
    elif key == FORBIDDEN_KEY:
        raise service(403, "Forbidden", "No permission to access this resource.")
    elif key != KEY:
        raise wrong_endpoint()
