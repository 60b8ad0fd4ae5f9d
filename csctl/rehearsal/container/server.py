"""A small HTTP server: one answer per connection, from one function.

What that function wants to say in another protocol than HTTP, it says itself.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from typing import BinaryIO, NamedTuple

PORT = 5000
_LONGEST_HEAD = 1 << 16
_TIMEOUT_SECONDS = 10
_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Request(NamedTuple):
    """The head of a request."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """By names in lower case; of a repeated one, the last."""


class Answer(NamedTuple):
    """A status code and what follows it."""

    status: int
    body: str = ""
    content_type: str = "text/html"

    @classmethod
    def json(cls, status: int, value: object) -> Answer:
        """A value as JSON, spelled as the real container spells it."""
        body = json.dumps(value, separators=(",", ":"))
        return cls(status, body, "application/json")


class Connection(NamedTuple):
    """A client's connection; what it sends is read through `reader` alone."""

    socket: socket.socket
    reader: BinaryIO


Takeover = Callable[[Connection], None]
"""Holds the whole conversation that follows a request. Called exactly once."""

Handler = Callable[[Request], Answer | Takeover]
"""From a GET to the answer, or to what goes on without this server."""


def listen(handler: Handler, port: int = PORT) -> int:
    """Answer from now on, from threads of their own; the port, chosen for a 0.

    Raises OSError.
    """
    listener = socket.create_server(("0.0.0.0", port), backlog=128)
    threading.Thread(target=_accept, args=(listener, handler), daemon=True).start()
    chosen: int = listener.getsockname()[1]
    return chosen


def _accept(listener: socket.socket, handler: Handler) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(
            target=_converse, args=(connection, handler), daemon=True
        ).start()


def _converse(connection: socket.socket, handler: Handler) -> None:
    connection.settimeout(_TIMEOUT_SECONDS)
    with connection, connection.makefile("rb") as reader:
        try:
            head = _read_head(reader)
            if not head:
                return
            reply = _reply(head, handler)
            if isinstance(reply, bytes):
                connection.sendall(reply)
            else:
                reply(Connection(connection, reader))
        except OSError:
            return


def _read_head(reader: BinaryIO) -> bytes:
    data = b""
    while len(data) < _LONGEST_HEAD and (line := reader.readline(_LONGEST_HEAD)):
        data += line
        if not line.strip():
            break
    return data


def _reply(head: bytes, handler: Handler) -> bytes | Takeover:
    request = _parse(head)
    if request is None:
        return _encode(Answer(400))
    if request.method not in {"GET", "HEAD"}:
        return _encode(Answer(405))
    answer = handler(request)
    if not isinstance(answer, Answer):
        return answer
    reply = _encode(answer)
    if request.method == "HEAD":
        return reply.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    return reply


def _parse(head: bytes) -> Request | None:
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    path, _, query = words[1].partition("?")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return Request(words[0], path, query, headers)


def _encode(answer: Answer) -> bytes:
    body = answer.body.encode()
    head = (
        f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}\r\n"
        f"Server: Kestrel\r\n"
        f"Content-Type: {answer.content_type}; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"Connection: close\r\n\r\n"
    )
    return head.encode() + body
