"""The server's half of RFC 6455 on one connection: the handshake, whole messages."""

from __future__ import annotations

import binascii
import contextlib
import hashlib
import socket
import struct
from typing import NamedTuple, NoReturn

from .server import Connection, Request

NORMAL = 1000
PROTOCOL_ERROR = 1002
INVALID_DATA = 1007
TOO_BIG = 1009
SERVER_ERROR = 1011

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LONGEST_MESSAGE = 1 << 20
_LONGEST_CONTROL = 125
_IDLE_SECONDS = 300
_GOODBYE_SECONDS = 2
_GOODBYE_READS = 256

_CONTINUATION, _TEXT, _BINARY = 0x0, 0x1, 0x2
_CLOSE, _PING, _PONG = 0x8, 0x9, 0xA


class Closed(Exception):
    """The conversation is over: the other side has gone, or was told to go."""


class _Frame(NamedTuple):
    final: bool
    opcode: int
    payload: bytes


def is_wanted(request: Request) -> bool:
    """Whether the client asks for a WebSocket."""
    upgrade = request.headers.get("upgrade", "")
    return request.method == "GET" and upgrade.lower() == "websocket"


def is_well_formed(request: Request) -> bool:
    """Whether the handshake can be answered: version 13, and a key."""
    version = request.headers.get("sec-websocket-version")
    return version == "13" and "sec-websocket-key" in request.headers


class WebSocket:
    """A connection on which both sides send messages. Broken, it raises Closed."""

    def __init__(self, connection: Connection) -> None:
        self._socket, self._reader = connection
        self._socket.settimeout(_IDLE_SECONDS)
        # Replies are small, and each is due at once.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def accept(self, request: Request) -> None:
        """Answer a well-formed handshake. Of subprotocols the first one is spoken."""
        key = request.headers["sec-websocket-key"].encode("latin-1")
        proof = binascii.b2a_base64(hashlib.sha1(key + _GUID).digest(), newline=False)
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Connection: Upgrade",
            "Server: Kestrel",
            "Upgrade: websocket",
            f"Sec-WebSocket-Accept: {proof.decode()}",
        ]
        if offered := request.headers.get("sec-websocket-protocol"):
            lines.append(f"Sec-WebSocket-Protocol: {offered.partition(',')[0].strip()}")
        self._write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def receive(self) -> str | bytes:
        """The next message; what it wants of the connection itself is done."""
        kind, size = _CONTINUATION, 0
        parts: list[bytes] = []
        while True:
            frame = self._read_frame()
            if frame.opcode >= _CLOSE:
                self._obey(frame)
                continue
            if (frame.opcode == _CONTINUATION) != bool(parts):
                self.close(PROTOCOL_ERROR, "a message within a message")
            kind = frame.opcode or kind
            parts.append(frame.payload)
            size += len(frame.payload)
            if size > _LONGEST_MESSAGE:
                self.close(TOO_BIG)
            if frame.final:
                return self._message(kind, b"".join(parts))

    def send(self, text: str) -> None:
        """Send a text message."""
        self._send_frame(_TEXT, text.encode())

    def close(self, code: int, reason: str = "") -> NoReturn:
        """Say goodbye, wait a moment for the client's, and raise Closed."""
        short = reason.encode()[: _LONGEST_CONTROL - 2].decode(errors="ignore")
        self._send_frame(_CLOSE, struct.pack("!H", code) + short.encode())
        self._hang_up()

    def reset(self) -> NoReturn:
        """Break the connection off, as a crash would, and raise Closed."""
        linger = struct.pack("ii", 1, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        raise Closed

    def _message(self, kind: int, payload: bytes) -> str | bytes:
        if kind == _BINARY:
            return payload
        try:
            return payload.decode()
        except UnicodeDecodeError:
            self.close(INVALID_DATA, "a text message is not UTF-8")

    def _obey(self, frame: _Frame) -> None:
        if frame.opcode == _CLOSE:
            # The client's own code goes back to it.
            self._send_frame(_CLOSE, frame.payload[:2])
            self._hang_up()
        if frame.opcode == _PING:
            self._send_frame(_PONG, frame.payload)

    def _hang_up(self) -> NoReturn:
        # Closed at once, with data unread, TCP would reset the connection, and the
        # client might never see the last words.
        with contextlib.suppress(OSError):
            self._socket.settimeout(_GOODBYE_SECONDS)
            self._socket.shutdown(socket.SHUT_WR)
            for _ in range(_GOODBYE_READS):
                if not self._socket.recv(1 << 16):
                    break
        raise Closed

    def _read_frame(self) -> _Frame:
        first, second = self._read(2)
        opcode, size = first & 0x0F, second & 0x7F
        if first & 0x70 or opcode not in (0, 1, 2, 8, 9, 10) or not second & 0x80:
            self.close(PROTOCOL_ERROR, "no frame of a client")
        if opcode >= _CLOSE and (size > _LONGEST_CONTROL or not first & 0x80):
            self.close(PROTOCOL_ERROR, "a control frame is too long")
        if size == 126:
            (size,) = struct.unpack("!H", self._read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._read(8))
        if size > _LONGEST_MESSAGE:
            self.close(TOO_BIG)
        mask = self._read(4)
        return _Frame(bool(first & 0x80), opcode, unmask(self._read(size), mask))

    def _read(self, size: int) -> bytes:
        try:
            data = self._reader.read(size)
        except OSError as error:
            raise Closed from error
        if len(data) < size:
            raise Closed
        return data

    def _send_frame(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", 0x80 | opcode, 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 127, size)
        self._write(head + payload)

    def _write(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Closed from error


def unmask(payload: bytes, mask: bytes) -> bytes:
    """The payload without its mask of four bytes, or with it."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    whole = int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")
    return whole.to_bytes(size, "little")
