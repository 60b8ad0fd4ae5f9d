"""HTTP: requests and answers as values, and a server that carries them."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

JSON = "application/json; charset=utf-8"
_IDLE_SECONDS = 60
_LONGEST_BODY = 1 << 30


class Request(NamedTuple):
    """What was asked."""

    method: str
    path: str
    """Without the query, percent signs decoded."""
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    base: str
    """Scheme and host, as the client named them."""

    def asked(self, name: str) -> str | None:
        """A value of the query."""
        return dict(self.query).get(name)


class Answer(NamedTuple):
    """What is said, and how much of it really comes."""

    status: int
    body: bytes | Iterable[bytes] = b""
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    """Of a body that comes in pieces."""
    cut: bool = False
    """Whether the connection breaks in the middle of the body."""

    @classmethod
    def json(cls, status: int, value: Any, *headers: tuple[str, str]) -> Answer:
        """A value as JSON."""
        body = json.dumps(value, ensure_ascii=False).encode()
        return cls(status, body, (("Content-Type", JSON), *headers))

    @classmethod
    def text(cls, status: int, kind: str, text: str, *more: tuple[str, str]) -> Answer:
        """Text of some content type."""
        return cls(status, text.encode(), (("Content-Type", kind), *more))


class Dropped(Exception):
    """The connection ends without an answer."""


Application = Callable[[Request], Answer]


class Server(ThreadingHTTPServer):
    """Answers from threads of their own, on loopback."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, application: Application) -> None:
        """Listen; 0 is any free port. Raises OSError."""
        super().__init__(("127.0.0.1", port), _Conversation)
        self.application = application

    def server_bind(self) -> None:
        """Listen; without asking the DNS for this host's name, as the base class."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        """Answer from now on, in the background."""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Conversation(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        try:
            request = self._request()
            answer = self.server.application(request)
        except Dropped:
            self.close_connection = True
            return
        except ValueError as error:
            self.close_connection = True
            answer = Answer.text(400, "text/plain", str(error))
        self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer
    do_OPTIONS = _answer

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        headers = {name.lower(): text for name, text in self.headers.items()}
        return Request(
            method=self.command,
            path=unquote(parts.path),
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers=headers,
            body=b"".join(self._body(headers)),
            base=f"http://{headers.get('host', 'localhost')}",
        )

    def _body(self, headers: Mapping[str, str]) -> Iterator[bytes]:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            length = int(headers.get("content-length", 0))
            if not 0 <= length <= _LONGEST_BODY:
                raise ValueError("The request's body is too large.")
            yield self.rfile.read(length)
            return
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers

    def _send(self, answer: Answer) -> None:
        whole = answer.body if isinstance(answer.body, bytes) else None
        length = answer.length if whole is None else len(whole)
        self.close_connection |= answer.cut
        head = self._head(answer, length or 0)
        if self.command == "HEAD":
            self.wfile.write(head)
            return
        if whole is not None:
            # Head and body in one packet.
            end = len(whole) // 2 if answer.cut else len(whole)
            self.wfile.write(head + whole[:end])
            return
        self.wfile.write(head)
        for piece in _first_half(answer) if answer.cut else answer.body:
            assert isinstance(piece, bytes)
            self.wfile.write(piece)

    def _head(self, answer: Answer, length: int) -> bytes:
        reason = HTTPStatus(answer.status).phrase
        headers = [("Date", self.date_time_string()), *answer.headers]
        if answer.status != HTTPStatus.NO_CONTENT:
            headers.append(("Content-Length", str(length)))
        if self.close_connection:
            headers.append(("Connection", "close"))
        lines = [f"HTTP/1.1 {answer.status} {reason}"]
        lines += [f"{name}: {text}" for name, text in headers]
        return "\r\n".join([*lines, "", ""]).encode()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the journal keeps what came."""


def _first_half(answer: Answer) -> Iterator[bytes]:
    left = (answer.length or 0) // 2
    for piece in answer.body:
        assert isinstance(piece, bytes)
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return
