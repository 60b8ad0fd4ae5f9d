"""A small real HTTP server that answers as a test tells it, and remembers requests."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NO_TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of servers without TLS: reading all public CAs takes long."""


@dataclass(frozen=True)
class Reply:
    """One answer; `cut` ends the connection before the last byte of the body.

    `delay` is how many seconds it waits for, `stall` the last byte alone.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    delay: float = 0.0
    stall: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: Message
    body: bytes


def json_reply(
    document: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    """A reply with a JSON body."""
    content = {"Content-Type": "application/json", **(headers or {})}
    return Reply(status, json.dumps(document).encode(), content)


class Server:
    """Replies by path, in turn; the last one stays. Unknown paths give 404."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.host = url.partition("://")[2]
        self.asked: list[Asked] = []
        self._replies: dict[str, list[Reply]] = {}

    def on(self, path: str, *replies: Reply) -> None:
        self._replies[path] = list(replies)

    def paths(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def authorizations(self) -> list[str | None]:
        return [asked.headers["Authorization"] for asked in self.asked]

    def take(self, path: str) -> Reply:
        bare = path.partition("?")[0]
        replies = self._replies.get(path) or self._replies.get(bare)
        if not replies:
            return json_reply({"errors": [{"code": "NAME_UNKNOWN"}]}, 404)
        return replies.pop(0) if len(replies) > 1 else replies[0]


class _Http(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Clients that hang up are part of the tests."""


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[Server]:
    """A server on a free loopback port; with TLS where a certificate is given."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nothing to see."""

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            server.asked.append(Asked(self.command, self.path, self.headers, body))
            reply = server.take(self.path)
            time.sleep(reply.delay)
            self.send_response(reply.status)
            headers = {"Content-Length": str(len(reply.body)), **reply.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body[:-1])
                time.sleep(reply.stall)
                self.wfile.write(b"" if reply.cut else reply.body[-1:])

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    with _Http(("127.0.0.1", 0), Handler) as http:
        scheme = "http"
        if certificate is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            http.socket = context.wrap_socket(http.socket, server_side=True)
        server = Server(f"{scheme}://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
