"""A small HTTP server: one answer per connection, from one function."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from typing import NamedTuple

PORT = 5000
_LONGEST_HEAD = 1 << 16
_TIMEOUT_SECONDS = 10
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}


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


Handler = Callable[[str], Answer]
"""From the path of a GET, without its query, to the answer."""


def listen(handler: Handler) -> None:
    """Answer from now on, from threads of their own. Raises OSError."""
    listener = socket.create_server(("0.0.0.0", PORT), backlog=128)
    threading.Thread(target=_accept, args=(listener, handler), daemon=True).start()


def _accept(listener: socket.socket, handler: Handler) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(
            target=_converse, args=(connection, handler), daemon=True
        ).start()


def _converse(connection: socket.socket, handler: Handler) -> None:
    connection.settimeout(_TIMEOUT_SECONDS)
    with connection:
        try:
            head = _read_head(connection)
            if head:
                connection.sendall(_reply(head, handler))
        except OSError:
            return


def _read_head(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data and len(data) < _LONGEST_HEAD:
        received = connection.recv(4096)
        if not received:
            break
        data += received
    return data


def _reply(head: bytes, handler: Handler) -> bytes:
    words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return _encode(Answer(400))
    method, target, _ = words
    if method not in {"GET", "HEAD"}:
        return _encode(Answer(405))
    reply = _encode(handler(target.partition("?")[0]))
    return reply.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if method == "HEAD" else reply


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
