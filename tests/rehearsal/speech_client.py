"""A raw client of the Speech WebSocket protocol, which checks each byte it gets.

The framing is written out here once more: a test of the server with the server's own
parser would find what both misread.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import math
import operator
import os
import socket
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_SECONDS = 30
RATE = 16000
CHUNK_SECONDS = 0.1


class ConnectionClosed(Exception):
    """The server said goodbye with `code`, or was gone without: 1006."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of the server."""

    path: str
    request_id: str
    body: Any


class SpeechClient:
    """One connection; `status` tells whether it was upgraded: 101."""

    def __init__(
        self,
        port: int,
        mode: str = "conversation",
        query: str = "language=en-us",
        host: str = "127.0.0.1",
        **headers: str,
    ) -> None:
        self._socket = socket.create_connection((host, port), _SECONDS)
        path = f"/speech/recognition/{mode}/cognitiveservices/v1?{query}"
        self.status, self.headers = self._upgrade(path, headers)

    def __enter__(self) -> SpeechClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Be gone, without a goodbye."""
        self._socket.close()

    def send_context(self, request_id: str, context: Any = None) -> None:
        """The JSON that begins a turn."""
        body = json.dumps(context or {"phraseDetection": {"language": "en-us"}})
        self.send_text(
            f"X-Timestamp:2026-11-21T00:29:40.285Z\r\nPath:speech.context\r\n"
            f"X-RequestId:{request_id}\r\n\r\n{body}"
        )

    def send_audio(self, request_id: str, data: bytes) -> None:
        """One message of audio; empty ends it."""
        head = f"Path:audio\r\nX-RequestId:{request_id}\r\nX-StreamId:1\r\n".encode()
        self.send_frame(0x2, struct.pack("!H", len(head)) + head + data)

    def say(self, request_id: str, audio: bytes, chunk: int = 3200) -> None:
        """A whole turn: context, audio as given with its header, the end."""
        self.send_context(request_id)
        for start in range(0, len(audio), chunk):
            self.send_audio(request_id, audio[start : start + chunk])
        self.send_audio(request_id, b"")

    def send_text(self, text: str) -> None:
        """A text message as it is."""
        self.send_frame(0x1, text.encode())

    def send_frame(self, opcode: int, payload: bytes, *, final: bool = True) -> None:
        """A masked frame."""
        mask = os.urandom(4)
        size = len(payload)
        first = (0x80 if final else 0) | opcode
        if size < 126:
            head = struct.pack("!BB", first, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", first, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", first, 0x80 | 127, size)
        masked = bytes(map(operator.xor, payload, mask * (size // 4 + 1)))
        self.send_bytes(head + mask + masked)

    def send_bytes(self, data: bytes) -> None:
        """Bytes that may be no frame at all; a broken connection shows in receiving."""
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(data)

    def receive_frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame. Raises ConnectionClosed."""
        first, second = self._read(2)
        assert first & 0x80, "the server never sends fragments"
        assert not second & 0x80, "the server never masks"
        size = second
        if size == 126:
            (size,) = struct.unpack("!H", self._read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._read(8))
        payload = self._read(size)
        if first & 0x0F == 0x8:
            code = struct.unpack("!H", payload[:2])[0] if payload else 1005
            raise ConnectionClosed(code, payload[2:].decode())
        return first & 0x0F, payload

    def receive(self) -> Heard:
        """The next message. Raises ConnectionClosed."""
        opcode, payload = self.receive_frame()
        assert opcode == 0x1, "the server answers in text"
        head, _, body = payload.decode().partition("\r\n\r\n")
        headers = dict(line.split(":", 1) for line in head.split("\r\n"))
        assert headers["Content-Type"] == "application/json; charset=utf-8"
        return Heard(headers["Path"], headers["X-RequestId"], json.loads(body))

    def turn(self) -> Iterator[Heard]:
        """Messages to the end of a turn, which is the last of them."""
        while True:
            heard = self.receive()
            yield heard
            if heard.path == "turn.end":
                return

    def _upgrade(
        self, path: str, headers: dict[str, str]
    ) -> tuple[int, dict[str, str]]:
        key = base64.b64encode(os.urandom(16)).decode()
        asked = {
            "Host": "127.0.0.1:5000",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
            "X-ConnectionId": os.urandom(16).hex(),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        lines = [f"{name}: {value}" for name, value in asked.items() if value]
        self.send_bytes("\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._read(1)
        first, *rest = head.decode().strip().split("\r\n")
        answered = dict(line.lower().split(": ", 1) for line in rest)
        status = int(first.split(" ")[1])
        if status == 101:
            proof = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest())
            assert answered["sec-websocket-accept"] == proof.decode().lower()
        return status, answered

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                received = self._socket.recv(size - len(data))
            except ConnectionResetError:
                received = b""
            if not received:
                raise ConnectionClosed(1006)
            data += received
        return data


def header(
    rate: int = RATE, channels: int = 1, bits: int = 16, tag: int = 1, data: int = 0
) -> bytes:
    """The 44 bytes that an SDK sends first: both lengths are 0."""
    frame = channels * bits // 8
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 0, b"WAVE", b"fmt ", 16, tag, channels, rate, rate * frame, frame),
        *(bits, b"data", data),
    )


def tone(seconds: float, rate: int = RATE) -> array[int]:
    """What counts as speech: loud."""
    samples = range(round(seconds * rate))
    return array("h", (round(8000 * math.sin(0.3 * sample)) for sample in samples))


def silence(seconds: float, rate: int = RATE) -> array[int]:
    """Nothing."""
    return array("h", bytes(2 * round(seconds * rate)))
