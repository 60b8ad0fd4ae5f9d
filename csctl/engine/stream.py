"""Answers of the Engine that grow while they are read: events and statistics."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Generic, TypeVar

import docker.errors
import requests
from docker.types import CancellableStream

from csctl.engine.log_stream import lines
from csctl.engine.translate import engine_errors, unavailable

Item = TypeVar("Item")


class Stream(Generic[Item]):
    """Values until the Engine has no more of them, goes away, or `close`.

    One thread reads it, any other may close it; then its reader sees the end.
    """

    def __init__(
        self,
        what: str,
        answer: requests.Response,
        decode: Callable[[Iterable[Any]], Iterable[Item]],
        *,
        endless: bool = False,
    ) -> None:
        """`what` begins the sentence of an error; an `endless` one has no good end."""
        self._what = what
        self._answer = answer
        # Chunk by chunk: the Engine sends one for each value.
        self._chunks = CancellableStream(answer.iter_content(None), answer)
        self._decode = decode
        self._endless = endless
        self._closed = False

    def __iter__(self) -> Iterator[Item]:
        """Raises EngineUnavailable where an endless one ends by itself."""
        try:
            with engine_errors(self._what):
                yield from self._decode(values(self._chunks))
            if self._endless and not self._closed:
                raise unavailable(self._what, EOFError("it hung up"))
        finally:
            # Else its connection stays with the Engine until it is collected.
            self._answer.close()

    def close(self) -> None:
        """End it. A second time does nothing."""
        self._closed = True
        # Over ssh the SDK cannot, and a stream that just ended has no socket.
        with suppress(docker.errors.DockerException, OSError, AttributeError):
            self._chunks.close()


def values(chunks: Iterable[bytes]) -> Iterator[Any]:
    """The JSON values of a stream, one a line; a line cut off is the end."""
    for line in lines(chunks):
        try:
            yield json.loads(line)
        except ValueError:
            return


def open_stream(
    api: docker.APIClient, what: str, path: str, parameters: Mapping[str, str]
) -> requests.Response:
    """Ask for an answer that grows. Raises EngineError."""
    # The SDK's own way gives no hold of a stream of statistics to close it by.
    url = f"{api.base_url}/v{api.api_version}/{path}"
    with engine_errors(what):
        answer = api.get(url, params=parameters, stream=True, timeout=None)
        try:
            answer.raise_for_status()
        except requests.HTTPError as exc:
            raise docker.errors.create_api_error_from_http_exception(exc) from exc
        return answer
