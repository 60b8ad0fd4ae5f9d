"""The far end of a line: a real WebSocket server that says what a test tells it.

It reads and writes the protocol by itself, with nothing of csctl's own framing.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

TICKS = 10_000_000


@dataclass
class Call:
    """One connection, as the far end sees it."""

    connection: ServerConnection
    heads: list[dict[str, str]] = field(default_factory=list)
    """The headers of all messages, as they are written."""
    texts: dict[str, object] = field(default_factory=dict)
    """JSON bodies by path."""
    sounds: list[bytes] = field(default_factory=list)
    """Bodies of the audio messages, the RIFF header first."""

    @property
    def target(self) -> str:
        """Path and query of the upgrade."""
        assert self.connection.request is not None
        return self.connection.request.path

    @property
    def turn(self) -> str:
        """The id of the turn, from the messages that came."""
        return next(head["X-RequestId"] for head in self.heads if "X-RequestId" in head)

    @property
    def audio(self) -> bytes:
        """The samples that came."""
        return b"".join(self.sounds[1:])

    def hear(self, pieces: int) -> None:
        """Take audio messages until so many came, the header among them."""
        while len(self.sounds) < pieces:
            self._take()

    def hear_all(self) -> None:
        """Take everything up to the empty audio message."""
        while not (self.sounds and self.sounds[-1] == b""):
            self._take()

    def _take(self) -> None:
        data = self.connection.recv(timeout=60)
        if isinstance(data, str):
            head, _, body = data.partition("\r\n\r\n")
            self._head(head)
            self.texts[self.heads[-1]["Path"]] = json.loads(body)
        else:
            end = 2 + int.from_bytes(data[:2], "big")
            self._head(data[2:end].decode())
            assert self.heads[-1]["Path"] == "audio"
            self.sounds.append(data[end:])

    def _head(self, text: str) -> None:
        lines = text.removesuffix("\r\n").split("\r\n")
        self.heads.append(dict(line.split(":", 1) for line in lines))

    def tell(self, path: str, value: object, turn: str | None = None) -> None:
        """Send a message of the turn, or of another one."""
        head = f"X-RequestId:{turn or self.turn}\r\nPath:{path}\r\n"
        kind = "Content-Type:application/json; charset=utf-8\r\n\r\n"
        self.connection.send(head + kind + json.dumps(value))

    def suppose(self, text: str, until: float = 1.0) -> None:
        """A hypothesis."""
        times = {"Offset": 0, "Duration": int(until * TICKS)}
        self.tell("speech.hypothesis", {"Id": "a", "Text": text} | times)

    def phrase(self, text: str, start: float = 0.0, end: float = 1.0) -> None:
        """A detailed result."""
        times = {"Offset": int(start * TICKS), "Duration": int((end - start) * TICKS)}
        best = {"Confidence": 0.9, "Lexical": text.lower(), "Display": text}
        value = {"RecognitionStatus": "Success", "DisplayText": text, "NBest": [best]}
        self.tell("speech.phrase", value | times)

    def status(self, status: str) -> None:
        """A phrase without text."""
        value = {"RecognitionStatus": status, "Offset": 0, "Duration": 0}
        self.tell("speech.phrase", value)

    def end(self) -> None:
        """The end of a turn, in full."""
        self.tell("speech.endDetected", {"Offset": 0})
        self.status("EndOfDictation")
        self.tell("turn.end", {})


Script = Callable[[Call], None]


def saying(*phrases: str) -> Script:
    """Hears all, with a hypothesis before each phrase of a second."""

    def script(call: Call) -> None:
        call.hear(1)
        call.tell("turn.start", {"context": {"serviceTag": "x"}})
        call.hear_all()
        for number, text in enumerate(phrases):
            call.suppose(text.lower(), number + 1)
            call.phrase(text, number, number + 1)
        call.end()

    return script


@dataclass
class FarEnd:
    """A server that runs, and the calls that it had."""

    port: int
    calls: list[Call] = field(default_factory=list)


@contextmanager
def far_end(
    script: Script, *, refusal: int | None = None, room: int | None = None
) -> Iterator[FarEnd]:
    """Serve on loopback; with `refusal`, every upgrade gets that HTTP status.

    With `room`, no more is read from a connection than so many messages ahead of the
    script. Without, all is: also the client's farewell.
    """
    end = FarEnd(0)

    def handle(connection: ServerConnection) -> None:
        call = Call(connection)
        end.calls.append(call)
        try:
            script(call)
        except (ConnectionClosed, TimeoutError):
            return  # The client went away, which is its good right.

    def refuse(connection: ServerConnection, _: Request) -> Response | None:
        if refusal is None:
            return None
        return connection.respond(HTTPStatus(refusal), "no")

    with serve(
        handle,
        "127.0.0.1",
        0,
        process_request=refuse,
        max_queue=room,
        close_timeout=1,
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        end.port = server.socket.getsockname()[1]
        try:
            yield end
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def blunt(answer: bytes | None) -> Iterator[int]:
    """A TCP server that says this to whoever asks, then closes; None says nothing.

    Yields its port.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def converse() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    if answer is None:
                        over.wait(60)
                    else:
                        connection.sendall(answer)

        thread = threading.Thread(target=converse)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
