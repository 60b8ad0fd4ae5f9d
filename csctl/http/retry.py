"""Which answers and failures are worth another try, and when."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ssl import SSLError
from typing import Protocol, TypeVar

import httpx

ATTEMPTS = 4
_PAUSE = 0.5
_LONGEST_PAUSE = 8.0
_LONGEST_WISH = 60.0


class Answered(Protocol):
    """What came back, whatever it says."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> httpx.Headers: ...


_Answer = TypeVar("_Answer", bound=Answered)


def is_passing(failure: httpx.TransportError) -> bool:
    """Whether the same request may succeed a little later.

    An unknown name and a refused TLS handshake stay what they are.
    """
    if isinstance(failure, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return False
    return not any(
        isinstance(cause, SSLError)
        or (isinstance(cause, socket.gaierror) and cause.errno != socket.EAI_AGAIN)
        for cause in causes(failure)
    )


def is_passing_status(status: int) -> bool:
    """Whether a status tells of a load or a fault that may be over soon."""
    return status in (408, 429) or status >= 500


def settle(
    once: Callable[[], _Answer],
    sleep: Callable[[float], None],
    *,
    attempts: int = ATTEMPTS,
    passing_status: Callable[[int], bool] = is_passing_status,
    passing: Callable[[httpx.TransportError], bool] = is_passing,
) -> _Answer:
    """Ask until an answer is worth judging, so many times at most.

    The last answer is given, and the last failure raised, whatever it is.
    """
    for attempt in range(attempts - 1):
        try:
            answer = once()
        except httpx.TransportError as exc:
            if not passing(exc):
                raise
            sleep(pause(attempt))
        else:
            if not passing_status(answer.status):
                return answer
            sleep(pause(attempt, answer.headers))
    return once()


def pause(attempt: int, headers: httpx.Headers | None = None) -> float:
    """Seconds to wait after the given attempt, counted from 0.

    The server's own wish in `Retry-After` counts, up to a minute; without one the
    pause doubles, with a part left to chance so that clients do not come in step.
    """
    wanted = wish(headers.get("Retry-After", "")) if headers else None
    if wanted is not None:
        return min(max(wanted, 0.0), _LONGEST_WISH)
    longest: float = min(_PAUSE * 2**attempt, _LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1)


def causes(failure: BaseException) -> Iterator[BaseException]:
    """The exceptions that led to this one."""
    cause = failure.__cause__ or failure.__context__
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def wish(text: str) -> float | None:
    """The seconds that a `Retry-After` asks for; None where it cannot be read."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()
