"""Which Docker Engine the docker command would talk to, and whether it answers.

Standard library only: this runs before anything is installed. Engines behind ssh or
TLS are left alone; a rehearsal needs files of its own host anyway.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT = "unix:///var/run/docker.sock"
_SECONDS = 5


def named(environ: Mapping[str, str]) -> str:
    """The URL from DOCKER_HOST, DOCKER_CONTEXT, the current context or the default."""
    if host := environ.get("DOCKER_HOST"):
        return host
    folder = Path(environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    context = environ.get("DOCKER_CONTEXT") or _read(folder / "config.json").get(
        "currentContext"
    )
    if not isinstance(context, str) or context == "default":
        return DEFAULT
    digest = hashlib.sha256(context.encode()).hexdigest()
    meta = _read(folder / "contexts" / "meta" / digest / "meta.json")
    match meta:
        case {"Endpoints": {"docker": {"Host": str(host)}}}:
            return host
    return DEFAULT


def answers(url: str) -> bool:
    """Whether an Engine without TLS answers there, to this user, within seconds."""
    try:
        return request(url, "GET", "/_ping") == b"OK"
    except (OSError, http.client.HTTPException):
        return False


def request(url: str, method: str, path: str) -> bytes:
    """The body of the answer. Raises OSError or HTTPException."""
    connection = _connect(url)
    try:
        connection.request(method, path)
        return connection.getresponse().read()
    finally:
        connection.close()


def _read(file: Path) -> dict[str, object]:
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    match parts.scheme:
        case "unix":
            return _UnixConnection(parts.path)
        case "tcp" | "http":
            return http.client.HTTPConnection(
                parts.hostname or "localhost", parts.port or 2375, timeout=_SECONDS
            )
    raise OSError(f"{parts.scheme}: neither a Unix socket nor plain TCP")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self._path)
        except OSError:
            self.sock.close()
            raise
