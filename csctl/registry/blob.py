"""Blobs as streams, which go on by themselves where a connection broke off."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator

import httpx

from csctl.errors import DownloadError, RegistryUnavailable
from csctl.http import retry
from csctl.registry.answer import Answer
from csctl.registry.connection import Connection, translated

PATIENCE = 60.0
"""So many seconds may pass without a byte."""
_ATTEMPTS = 8
_LONGEST_WAIT = 30.0
_CONNECT_SECONDS = 10.0
_RANGE = re.compile(r"bytes (\d{1,20})-")


class BlobStream:
    """The bytes of one blob from an offset on, over as many connections as it takes.

    What counts is progress: after a byte that was not there before, a connection may
    break off as often as it did until then.
    """

    def __init__(
        self,
        connection: Connection,
        registry: str,
        repository: str,
        digest: str,
        *,
        offset: int,
        patience: float,
        sleep: Callable[[float], None],
    ) -> None:
        self._connection = connection
        self._registry = registry
        self._repository = repository
        self._digest = digest
        self._position = offset
        self._patience = patience
        self._sleep = sleep

    def chunks(self) -> Generator[bytes, None, None]:
        """What comes. Raises RegistryError, DownloadError for a shorter blob."""
        with translated():
            attempt, since = 0, time.monotonic()
            while True:
                pause = None
                try:
                    for chunk in self._once():
                        self._position += len(chunk)
                        attempt, since = 0, time.monotonic()
                        yield chunk
                    return
                except httpx.TransportError as exc:
                    over = time.monotonic() - since >= self._patience
                    if over or attempt + 1 >= _ATTEMPTS or not retry.is_passing(exc):
                        raise
                except _BusyError as exc:
                    if attempt + 1 >= _ATTEMPTS:
                        exc.answer.judge(self._registry, self._wanted)
                    pause = retry.pause(attempt, exc.answer.headers)
                self._sleep(retry.pause(attempt) if pause is None else pause)
                attempt += 1

    @property
    def _wanted(self) -> str:
        return f"blob {self._digest} of {self._repository}"

    def _once(self) -> Iterator[bytes]:
        # Unpacked on the way, a blob would not have its sum.
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if self._position:
            headers["Range"] = f"bytes={self._position}-"
        url = self._connection.base.join(f"/v2/{self._repository}/blobs/{self._digest}")
        wait = min(_LONGEST_WAIT, self._patience / 2)
        timeout = httpx.Timeout(wait, connect=min(wait, _CONNECT_SECONDS))
        with self._connection.stream(
            url, self._repository, headers, timeout
        ) as response:
            if isinstance(response, Answer):
                self._judge(response)
            else:
                yield from _behind(response.iter_raw(), self._skipped(response))

    def _judge(self, answer: Answer) -> None:
        if answer.status == 416:
            raise DownloadError(
                f"registry {self._registry} says that {self._wanted} has no more than"
                f" {self._position} bytes",
                remedy="try again; if it stays so, do not trust this registry",
            )
        if retry.is_passing_status(answer.status):
            raise _BusyError(answer)
        answer.judge(self._registry, self._wanted)

    def _skipped(self, response: httpx.Response) -> int:
        """Bytes to leave out, where the registry does not go on but begins anew."""
        if response.status_code == 200:
            return self._position
        match = _RANGE.match(response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != self._position:
            raise RegistryUnavailable(
                f"registry {self._registry} gives another part of {self._wanted} than"
                " was asked for",
                remedy="is a proxy in between? Tell whoever runs it",
            )
        return 0


class _BusyError(Exception):
    """The registry may answer otherwise a little later."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def _behind(chunks: Iterator[bytes], skipped: int) -> Iterator[bytes]:
    for chunk in chunks:
        if skipped < len(chunk):
            yield chunk[skipped:] if skipped else chunk
        skipped = max(0, skipped - len(chunk))
