"""A server of blobs that knows ranges, and is as slow or as faulty as a test wants."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PIECE = 64 << 10
_RANGE = re.compile(r"bytes=(\d+)-")


@dataclass
class BlobServer:
    """Blobs by digest; `sent` counts the bytes of all answers."""

    host: str
    blobs: dict[str, bytes] = field(default_factory=dict)
    pause: float = 0.0
    """Seconds before each 64 KiB."""
    most: int | None = None
    """After so many bytes a connection breaks off."""
    sent: int = 0
    ranges: list[int] = field(default_factory=list)


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Clients that are killed are part of the tests."""


@contextmanager
def serving_blobs() -> Iterator[BlobServer]:
    """A server on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nothing to see."""

        def do_GET(self) -> None:
            blob = server.blobs.get(self.path.rpartition("/")[2])
            if blob is None:
                self.send_error(404)
                return
            match = _RANGE.match(self.headers.get("Range", ""))
            start = int(match[1]) if match else 0
            server.ranges.append(start)
            self.send_response(206 if match else 200)
            self.send_header("Content-Length", str(len(blob) - start))
            if match:
                last = len(blob) - 1
                self.send_header("Content-Range", f"bytes {start}-{last}/{len(blob)}")
            self.end_headers()
            end = len(blob) if server.most is None else start + server.most
            for at in range(start, min(end, len(blob)), _PIECE):
                time.sleep(server.pause)
                piece = blob[at : min(at + _PIECE, end)]
                self.wfile.write(piece)
                server.sent += len(piece)

    with _Http(("127.0.0.1", 0), Handler) as http:
        server = BlobServer(f"127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
