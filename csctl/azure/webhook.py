"""Receiving a web hook's events: the challenge answered, signatures verified.

Facts: rest-api.md section 8. By which method the challenge comes is not documented, so
GET and POST are taken; nor is the case of the event's name, so it is kept as it came
and compared in any.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import queue
import socket
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from csctl.errors import UsageError
from csctl.secret import Secret

EVENT: Final = "X-MicrosoftSpeechServices-Event"
SIGNATURE: Final = "X-MicrosoftSpeechServices-Signature"
_CHALLENGE = "challenge"
_TOKEN = "validationToken"
_LONGEST_BODY = 1 << 20
_LONGEST_TOKEN = 4096
_IDLE_SECONDS = 10
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenged:
    """The service asked whether this is its receiver, and was answered."""

    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened to an entity."""

    name: str
    """Such as `TranscriptionCompletion`, as the service spelled it."""
    body: Any
    """`self` and `invocationId`; of a ping the web hook itself."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A request that is none of the service's, or not proven to be one."""

    status: HTTPStatus
    reason: str


Received = Challenged | Event | Refused


def judge(
    headers: Mapping[str, str], query: str, body: bytes, secret: Secret
) -> Received:
    """What a request is. Names of headers count as they are written here."""
    name = headers.get(EVENT, "")
    if not name:
        return Refused(status=HTTPStatus.BAD_REQUEST, reason=f"no header {EVENT}")
    token = parse_qs(query).get(_TOKEN, [""])[0]
    challenges = name.lower() == _CHALLENGE
    if challenges and not (token.isprintable() and 0 < len(token) <= _LONGEST_TOKEN):
        return Refused(status=HTTPStatus.BAD_REQUEST, reason=f"no {_TOKEN} to answer")
    # The challenge has no body of its own: its token is what is signed.
    signed = token.encode() if challenges else body
    if (fault := _fault(headers.get(SIGNATURE), signed, secret)) is not None:
        return Refused(status=HTTPStatus.UNAUTHORIZED, reason=fault)
    if challenges:
        return Challenged(token=token)
    try:
        return Event(name=name, body=json.loads(body), at=datetime.now(UTC))
    except (ValueError, RecursionError):
        return Refused(status=HTTPStatus.BAD_REQUEST, reason="the body is no JSON")


def sign(payload: bytes, secret: Secret) -> str:
    """The signature of a payload, as the header has it."""
    digest = hmac.new(secret.reveal().encode(), payload, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _fault(given: str | None, payload: bytes, secret: Secret) -> str | None:
    if given is None:
        return f"not signed: no header {SIGNATURE}"
    try:
        right = hmac.compare_digest(
            base64.b64decode(given, validate=True),
            base64.b64decode(sign(payload, secret)),
        )
    except (binascii.Error, ValueError):
        right = False
    return None if right else "the signature is not one of this secret"


class Receiver:
    """Listens, and hands over what comes."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._known: deque[str] = deque(maxlen=_REMEMBERED)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port: int = self._server.server_address[1]
        return port

    def received(self) -> Iterator[Received]:
        """What comes, without end; an event that is sent once more is left out."""
        while True:
            one = self._server.arrived.get()
            if not self._is_known(one):
                yield one

    def _is_known(self, one: Received) -> bool:
        # Unique per notification, for telling repeated ones.
        body = one.body if isinstance(one, Event) else None
        number = body.get("invocationId") if isinstance(body, dict) else None
        if not isinstance(number, str):
            return False
        if number in self._known:
            return True
        self._known.append(number)
        return False


@contextmanager
def listening(address: str, port: int, secret: Secret) -> Iterator[Receiver]:
    """Listen there; port 0 is any free one. Raises UsageError."""
    try:
        server = _Server(address, port, secret)
    except OSError as exc:
        raise UsageError(
            f"cannot listen on {address} port {port}: {exc.strerror}",
            remedy="choose another --bind or --port",
        ) from exc
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Receiver(server)
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: str, port: int, secret: Secret) -> None:
        family, *_, place = socket.getaddrinfo(
            address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        self.address_family = family
        self.secret = secret
        self.arrived: queue.SimpleQueue[Received] = queue.SimpleQueue()
        super().__init__((str(place[0]), port), _Conversation)

    def server_bind(self) -> None:
        """Bind, without asking DNS for this host's name as the base class does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off is no news."""


class _Conversation(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "csctl"
    sys_version = ""
    timeout = _IDLE_SECONDS

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LONGEST_BODY:
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too large")
            return
        self._take(self.rfile.read(int(length)))

    def do_GET(self) -> None:
        if self.headers.get(EVENT, "").lower() != _CHALLENGE:
            self._say(HTTPStatus.METHOD_NOT_ALLOWED, "only POST")
            return
        self._take(b"")

    def _take(self, body: bytes) -> None:
        query = urlsplit(self.path).query
        headers = {name: self.headers.get(name) for name in (EVENT, SIGNATURE)}
        given = {name: text for name, text in headers.items() if text is not None}
        received = judge(given, query, body, self.server.secret)
        match received:
            case Challenged(token=token):
                self._say(HTTPStatus.OK, token)
            case Refused(status=status, reason=reason):
                self._say(status, reason)
            case Event():
                self._say(HTTPStatus.OK, "")
        self.server.arrived.put(received)

    def _say(self, status: HTTPStatus, text: str) -> None:
        body = text.encode()
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: whoever listens is told by `received`."""
