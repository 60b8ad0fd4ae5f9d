"""Long bodies as streams, which go on by themselves where a connection broke off."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Final

import httpx

from csctl.errors import CsctlError
from csctl.http import body, retry

PATIENCE: Final = 60.0
"""So many seconds may pass without a byte."""
_ATTEMPTS = 8
_LONGEST_WAIT = 30.0
_CONNECT_SECONDS = 10.0
_RANGE = re.compile(r"bytes (\d{1,20})-")


class Busy(Exception):
    """The server may answer otherwise a little later."""

    def __init__(self, headers: httpx.Headers, error: CsctlError) -> None:
        super().__init__(error)
        self.headers = headers
        self.error = error
        """What is to be raised if it does not."""


class OtherPart(Exception):
    """The server gives another part than was asked for."""


def resumed(
    once: Callable[[int], Generator[bytes, None, None]],
    *,
    offset: int = 0,
    patience: float = PATIENCE,
    sleep: Callable[[float], None] = time.sleep,
) -> Generator[bytes, None, None]:
    """What comes from an offset on, over as many connections as it takes.

    `once` gives what one connection brings from a position on, and raises Busy or
    httpx's own errors. What counts is progress: after a byte that was not there before,
    a connection may break off as often as it did until then. The last error is raised.
    """
    position = offset
    attempt, since = 0, time.monotonic()
    while True:
        pause = None
        try:
            with closing(once(position)) as chunks:
                for chunk in chunks:
                    position += len(chunk)
                    attempt, since = 0, time.monotonic()
                    yield chunk
            return
        except httpx.TransportError as exc:
            over = time.monotonic() - since >= patience
            if over or attempt + 1 >= _ATTEMPTS or not retry.is_passing(exc):
                raise
        except Busy as exc:
            if attempt + 1 >= _ATTEMPTS:
                raise exc.error from None
            pause = retry.pause(attempt, exc.headers)
        sleep(retry.pause(attempt) if pause is None else pause)
        attempt += 1


def timeout(patience: float) -> httpx.Timeout:
    """How long one connection is waited for, so that another one still has time."""
    wait = min(_LONGEST_WAIT, patience / 2)
    return httpx.Timeout(wait, connect=min(wait, _CONNECT_SECONDS))


def headers(position: int) -> dict[str, str]:
    """What asks for a body from a position on, and unpacked nowhere on its way."""
    asked = {"Accept": "*/*", "Accept-Encoding": "identity"}
    return asked | ({"Range": f"bytes={position}-"} if position else {})


def rest(response: httpx.Response, position: int) -> Iterator[bytes]:
    """The body from a position on, also where the server begins anew.

    Raises OtherPart.
    """
    skipped = 0
    if response.status_code == httpx.codes.OK:
        skipped = position
    else:
        match = _RANGE.match(response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != position:
            raise OtherPart
    for chunk in body.raw(response):
        if skipped < len(chunk):
            yield chunk[skipped:] if skipped else chunk
        skipped = max(0, skipped - len(chunk))
