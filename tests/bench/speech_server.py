"""A service for the bench: pages of models and large files, and its own times.

`python -m tests.bench.speech_server` prints its URL and serves until it is ended.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

MODELS = 10_000
PAGE = 100
FILES = 200
MEGABYTE = 1_000_000
DELAY_SECONDS = 0.02
MANY, LARGE, SMALL = (f"11111111-2222-3333-4444-{n:012d}" for n in (1, 2, 3))
_SETS = {MANY: (FILES, MEGABYTE), LARGE: (1, 1000 * MEGABYTE), SMALL: (1, MEGABYTE)}
_PIECE = bytes(1 << 20)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    spent = 0.0
    lock = threading.Lock()

    def log_message(self, *_: Any) -> None:
        """Nothing to see."""

    def do_GET(self) -> None:
        began = time.perf_counter()
        parts = urlsplit(self.path)
        if parts.path == "/spent":
            self._send(json.dumps(self._taken()).encode())
            return
        time.sleep(DELAY_SECONDS)
        if parts.path.startswith("/blob/"):
            self._blob(int(parts.path.rpartition("/")[2]))
        else:
            self._send(json.dumps(self._answer(parts.path, parts.query)).encode())
        with self.lock:
            _Handler.spent += time.perf_counter() - began

    def _taken(self) -> float:
        with self.lock:
            taken, _Handler.spent = self.spent, 0.0
        return taken

    def _answer(self, path: str, query: str) -> Any:
        if path.endswith("/files"):
            count, size = _SETS[path.split("/")[-2]]
            return {"values": [self._file(n, size) for n in range(count)]}
        skip = int(parse_qs(query).get("skip", ["0"])[0])
        page: dict[str, Any] = {
            "values": [self._model(n) for n in range(skip, skip + PAGE)]
        }
        if skip + PAGE < MODELS:
            page["@nextLink"] = f"{self._base}{path}?skip={skip + PAGE}&top={PAGE}"
        return page

    @property
    def _base(self) -> str:
        return f"http://{self.headers['Host']}"

    def _model(self, number: int) -> dict[str, Any]:
        id_ = f"22222222-3333-4444-5555-{number:012d}"
        return {
            "self": f"{self._base}/speechtotext/v3.1/models/base/{id_}",
            "displayName": f"model {number}",
            "description": "A model of the bench.",
            "locale": "en-US",
            "status": "Succeeded",
            "createdDateTime": "2026-01-01T00:00:00Z",
            "lastActionDateTime": "2026-01-01T00:00:00Z",
            "links": {
                "manifest": f"{self._base}/speechtotext/v3.1/models/base/{id_}/manifest"
            },
            "properties": {
                "deprecationDates": {
                    "adaptationDateTime": "2027-01-15T00:00:00Z",
                    "transcriptionDateTime": "2028-01-15T00:00:00Z",
                },
                "features": {
                    "supportsTranscriptions": True,
                    "supportsEndpoints": True,
                    "supportsTranscriptionsOnSpeechContainers": True,
                    "supportsAdaptationsWith": ["Language", "Acoustic"],
                },
            },
        }

    def _file(self, number: int, size: int) -> dict[str, Any]:
        return {
            "self": f"{self._base}/files/33333333-4444-5555-6666-{number:012d}",
            "name": f"file{number:04d}.json",
            "kind": "Transcription",
            "properties": {"size": size},
            "links": {"contentUrl": f"{self._base}/blob/{size}?sig=none"},
        }

    def _blob(self, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        while size:
            piece = _PIECE[:size]
            self.wfile.write(piece)
            size -= len(piece)

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve on a free loopback port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as http:
        print(f"http://127.0.0.1:{http.server_port}", flush=True)
        http.serve_forever()


if __name__ == "__main__":
    main()
