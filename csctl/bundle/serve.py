"""A read-only registry over one bundle, for the Engine of this host alone.

The Engine itself then verifies every digest, shows progress, skips the layers that it
has and refuses an image of which a layer is missing. Only 127.0.0.1 is bound, at a
random port, below a path that cannot be guessed; with the context manager it ends.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from csctl.bundle import oci
from csctl.bundle.archive import Bundle, unreadable
from csctl.bundle.manifest import Image
from csctl.errors import BundleError
from csctl.reference import ImageReference

_ADDRESS = "127.0.0.1"
_POLL_SECONDS = 0.02
_BYTES = "application/octet-stream"
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
_PATH = re.compile(r"/(manifests|blobs)/(sha256:[a-f0-9]{64})")
_PREFIX = "csctl-"
PASSING = re.compile(rf"127\.0\.0\.1:(\d+)/{_PREFIX}[a-f0-9]{{32}}/image[:@]")
"""What a name that is only good while this registry runs begins with."""


@dataclass(frozen=True, slots=True)
class _Blob:
    media_type: str
    offset: int
    size: int


class Registry:
    """What is served, and what was asked for."""

    def __init__(self, bundle: Bundle) -> None:
        self.fd = bundle.fd
        self.path = f"{_PREFIX}{secrets.token_hex(16)}/image"
        self.port = 0
        self.asked = False
        """Whether anything of the bundle was asked for: the Engine reaches us."""
        self.missing: set[str] = set()
        """Digests that were asked for, and that the bundle does not include."""
        self.broken: BundleError | None = None
        """What the medium does not give, to an Engine that sees a gap only."""
        self._blobs = dict(_blobs(bundle))

    def reference(self, image: Image) -> ImageReference:
        """What an image is pulled by."""
        return ImageReference(f"{_ADDRESS}:{self.port}", self.path, digest=image.digest)

    def find(self, path: str) -> _Blob | HTTPStatus:
        """What lies at a path of the registry's API."""
        beginning = f"/v2/{self.path}"
        asked = _PATH.fullmatch(path.removeprefix(beginning))
        if not path.startswith(beginning) or asked is None:
            return HTTPStatus.NOT_FOUND
        self.asked = True
        kind, digest = asked.groups()
        found = self._blobs.get((kind, digest))
        if found is None:
            self.missing.add(digest)
            return HTTPStatus.NOT_FOUND
        return found


def _blobs(bundle: Bundle) -> Iterator[tuple[tuple[str, str], _Blob]]:
    for image in bundle.manifest.images:
        for digest in (image.config, *(layer.digest for layer in image.layers)):
            if (name := oci.blob_path(digest)) in bundle.members:
                yield ("blobs", digest), _Blob(_BYTES, *bundle.range(name))
        if (name := oci.blob_path(image.digest)) in bundle.members:
            found = _Blob(image.media_type, *bundle.range(name))
            yield ("manifests", image.digest), found


@contextmanager
def serve(bundle: Bundle) -> Iterator[Registry]:
    """Serve the images of a bundle until the block ends, which ends its threads too."""
    registry = Registry(bundle)
    with _Server((_ADDRESS, 0), registry) as server:
        registry.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,))
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()
            server.hang_up()


class _Server(ThreadingHTTPServer):
    # Else closing it does not wait for them.
    daemon_threads = False

    def __init__(self, address: tuple[str, int], registry: Registry) -> None:
        self.registry = registry
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of an Engine that hung up."""

    def hang_up(self) -> None:
        """End the connections that are left, on which threads wait."""
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # containerd tries TLS first, and goes on without only if the answer to that looks
    # like HTTP/1.
    default_request_version = "HTTP/1.1"
    server_version = "csctl"
    sys_version = ""
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer with a body."""
        blob = self._answer()
        if blob is not None:
            self._send(*blob)

    def do_HEAD(self) -> None:
        """Answer without one."""
        self._answer()

    def _answer(self) -> tuple[int, int] | None:
        """Send the head; offset and size of the body that belongs to it, if any."""
        if self.path in ("/v2", "/v2/"):
            self._head(HTTPStatus.OK, {"Content-Length": "0"})
            return None
        found = self.server.registry.find(self.path)
        if isinstance(found, HTTPStatus):
            self._refuse(found)
            return None
        start, end = self._span(found.size)
        if start >= end and found.size:
            everything = {"Content-Range": f"bytes */{found.size}"}
            self._head(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                everything | {"Content-Length": "0"},
            )
            return None
        head = {
            "Content-Type": found.media_type,
            "Content-Length": str(end - start),
            "Accept-Ranges": "bytes",
            "Docker-Content-Digest": self.path.rpartition("/")[2],
        }
        whole = (start, end) == (0, found.size)
        if not whole:
            head["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
        self._head(HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT, head)
        return found.offset + start, end - start

    def _span(self, size: int) -> tuple[int, int]:
        """The bytes that are asked for; other forms of a range mean all of them."""
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        if asked is None or (asked[2] and int(asked[2]) < int(asked[1])):
            return 0, size
        return int(asked[1]), min(size, int(asked[2]) + 1 if asked[2] else size)

    def _send(self, offset: int, size: int) -> None:
        end = offset + size
        try:
            while offset < end:
                sent = os.sendfile(
                    self.connection.fileno(),
                    self.server.registry.fd,
                    offset,
                    end - offset,
                )
                if not sent:
                    break  # The bundle was cut off meanwhile.
                offset += sent
        except OSError as exc:
            if exc.errno == errno.EIO:
                digest = self.path.rpartition("/")[2]
                name = oci.blob_path(digest)
                self.server.registry.broken = unreadable(name, offset, exc)
        if offset < end:
            self.close_connection = True

    def _refuse(self, status: HTTPStatus) -> None:
        code = "BLOB_UNKNOWN" if "/blobs/" in self.path else "MANIFEST_UNKNOWN"
        errors = [{"code": code, "message": "not in this bundle"}]
        body = json.dumps({"errors": errors}).encode()
        self._head(
            status,
            {"Content-Type": "application/json", "Content-Length": str(len(body))},
        )
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, fields: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the Engine tells how it goes."""
