"""A container's log: chunks as lines, and a log that grows while it is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

import docker.errors
import requests
from docker.types import CancellableStream

from csctl.container.log_line import LogLine, parse
from csctl.engine.translate import engine_errors

_LINE_LIMIT = 1 << 20
_HEAD = 8
_STAMP = re.compile(rb"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d:\d\d) ")


class LogStream:
    """Stamped lines until the container stops, the Engine goes away, or `close`.

    One thread reads it, any other may close it.
    """

    def __init__(self, what: str, answer: requests.Response, *, framed: bool) -> None:
        """`what` begins the sentence of an error; a terminal's log has no frames."""
        self._what, self._answer, self._framed = what, answer, framed
        # The SDK's own way takes four times as long for a line.
        self._chunks = CancellableStream(answer.iter_content(None), answer)

    def __iter__(self) -> Iterator[LogLine]:
        chunks = frames(self._chunks) if self._framed else self._chunks
        try:
            with engine_errors(self._what):
                yield from map(parse, lines(stamped_once(chunks)))
        finally:
            # Else its connection stays with the Engine until it is collected.
            self._answer.close()

    def close(self) -> None:
        """End it; whoever reads it sees its end."""
        # Over ssh the SDK cannot, and a stream that just ended has no socket.
        with suppress(docker.errors.DockerException, OSError, AttributeError):
            self._chunks.close()


def frames(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What the container wrote to one of its two streams at a time.

    The Engine puts eight bytes before each frame; the last four are its length.
    """
    rest = b""
    for chunk in chunks:
        data, at = rest + chunk, 0
        while len(data) - at >= _HEAD:
            end = at + _HEAD + int.from_bytes(data[at + 4 : at + _HEAD])
            if end > len(data):
                break
            yield data[at + _HEAD : end]
            at = end
        rest = data[at:]


def lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines that chunks of any size hold; one without an end is cut at 1 MiB."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.rstrip(b"\r").decode(errors="replace")
        if len(rest) > _LINE_LIMIT:
            yield rest.decode(errors="replace")
            rest = b""
    if rest:
        yield rest.decode(errors="replace")


def stamped_once(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Chunks with a stamp before each line: the Engine stamps parts of a long one."""
    inside = False
    for chunk in chunks:
        yield _STAMP.sub(b"", chunk) if inside else chunk
        inside = not chunk.endswith(b"\n")
