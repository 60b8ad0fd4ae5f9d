"""A Unix socket in front of the Engine's, which writes down every request."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    """Without the API's version."""
    body: bytes


@dataclass
class Recorder:
    """`url` is the DOCKER_HOST to use; `asked` what came since `forget`."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    def forget(self) -> None:
        """Begin anew."""
        self.asked.clear()

    def methods(self) -> set[str]:
        """The methods of all requests."""
        return {one.method for one in self.asked}

    def paths(self, part: str) -> list[str]:
        """The paths that hold some text."""
        return [one.path for one in self.asked if part in one.path]


@contextmanager
def recording(engine: str, folder: Path) -> Iterator[Recorder]:
    """Listen below `folder` and pass everything on to the Engine's socket."""
    target = engine.removeprefix("unix://")
    path = folder / "engine.sock"
    recorder = Recorder(f"unix://{path}")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))
        listener.listen(64)
        thread = threading.Thread(target=_accept, args=(listener, target, recorder))
        thread.start()
        try:
            yield recorder
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket, target: str, recorder: Recorder) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.socket(socket.AF_UNIX)
        server.connect(target)
        for work in (_requests, _answers):
            threading.Thread(
                target=work, args=(client, server, recorder), daemon=True
            ).start()


def _requests(client: socket.socket, server: socket.socket, recorder: Recorder) -> None:
    with suppress(OSError), client.makefile("rb") as stream:
        while line := stream.readline():
            method, path, _ = line.decode().split()
            _, _, bare = path.removeprefix("/v").partition("/")
            head, length = line, 0
            while (field_ := stream.readline()) not in (b"\r\n", b""):
                head += field_
                name, _, value = field_.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            body = stream.read(length)
            asked = Asked(method, f"/{bare}" if bare else path, body)
            recorder.asked.append(asked)
            server.sendall(head + b"\r\n" + body)
    with suppress(OSError):
        server.shutdown(socket.SHUT_WR)


def _answers(
    client: socket.socket,
    server: socket.socket,
    recorder: Recorder,  # noqa: ARG001
) -> None:
    with suppress(OSError), client, server:
        while block := server.recv(_BLOCK):
            client.sendall(block)
