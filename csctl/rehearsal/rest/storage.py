"""The Blob storage: files behind URLs that carry a signature, or want a token.

It listens on a port of its own, as the real one is on hosts of its own: a client that
sends the Speech key here is refused, so that a leak is noticed. Facts: rest-api.md
sections 2.4 and 11; the answers' spelling is that of the public Blob service.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from .wire import Answer, Request

TOKEN = "rehearsal-storage-token"
EXPIRED_TOKEN = "expired-storage-token"
_BLOCK = 1 << 16
_HASHED = 16 << 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Content(NamedTuple):
    """The bytes of a blob: `seed` as it is, or repeated noise made of it."""

    seed: bytes
    size: int

    @classmethod
    def of(cls, data: bytes) -> Content:
        """Exactly these bytes."""
        return cls(data, len(data))

    @classmethod
    def noise(cls, name: str, size: int) -> Content:
        """So many bytes, the same for the same name at any time."""
        block = hashlib.shake_128(name.encode()).digest(min(size, _BLOCK))
        return cls(block, size)

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` to before `end`."""
        while start < end:
            offset = start % len(self.seed)
            piece = self.seed[offset : offset + end - start]
            yield piece
            start += len(piece)

    @property
    def md5(self) -> str | None:
        """As `Content-MD5` has it; None for what is large, as in the real one."""
        if self.size > _HASHED:
            return None
        digest = hashlib.md5(usedforsecurity=False)
        for piece in self.pieces(0, self.size):
            digest.update(piece)
        return base64.b64encode(digest.digest()).decode()


class Storage:
    """All blobs, by container and path."""

    def __init__(self, *, own: bool) -> None:
        self._own = own
        self._secret = secrets.token_bytes(32)
        self._blobs: dict[str, Content] = {}
        self._lock = threading.Lock()
        self.url = ""

    def put(self, path: str, content: Content) -> None:
        """Keep a blob below `container/path`."""
        with self._lock:
            self._blobs[path] = content

    def read(self, url: str) -> bytes | None:
        """The bytes of a blob that one of its URLs names; None where it is none."""
        if not url.startswith(self.url + "/"):
            return None
        content = self._blobs.get(urlsplit(url).path.lstrip("/"))
        return content and b"".join(content.pieces(0, content.size))

    def link(self, path: str, seconds: int | None) -> str:
        """A blob's URL: plain where `seconds` is None, else with a signature."""
        plain = f"{self.url}/{quote(path)}"
        if seconds is None:
            return plain
        now = datetime.now(UTC)
        end = (now + timedelta(seconds=seconds)).strftime(_TIME)
        signed = {
            "sv": "2021-08-06",
            "st": (now - timedelta(minutes=5)).strftime(_TIME),
            "se": end,
            "sr": "b",
            "sp": "rl",
        }
        if self._own:  # a user delegation SAS names who delegates
            signed["skoid"] = "5b7c1a38-0f0e-4a53-9d9e-0d6d3f1c2b4a"
            signed["sks"] = "b"
        return f"{plain}?{urlencode({**signed, 'sig': self._sign(path, signed)})}"

    def answer(self, request: Request) -> Answer:
        """What the storage says to a request."""
        path = request.path.lstrip("/")
        refused = self._refusal(request, path)
        if refused is not None:
            return refused
        content = self._blobs.get(path)
        if content is None:
            return _error(404, "BlobNotFound", "The specified blob does not exist.")
        return _content(request, path, content)

    def _refusal(self, request: Request, path: str) -> Answer | None:
        if "ocp-apim-subscription-key" in request.headers:
            return _error(400, "InvalidHeaderValue", "A Speech key does not belong.")
        if request.method not in ("GET", "HEAD"):
            return _error(405, "UnsupportedHttpVerb", "It is read only here.")
        if "sig" in dict(request.query):
            return self._check_signature(request, path)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or "x-ms-version" not in request.headers:
            return _error(
                401,
                "NoAuthenticationInformation",
                "Server failed to authenticate the request. Please refer to the"
                " information in the www-authenticate header.",
                ("WWW-Authenticate", "Bearer resource_id=https://storage.azure.com"),
            )
        if token == EXPIRED_TOKEN:
            return _error(401, "InvalidAuthenticationInfo", "Lifetime of token ended.")
        if token != TOKEN:
            return _error(
                403,
                "AuthorizationPermissionMismatch",
                "This request is not authorized to perform this operation using this"
                " permission.",
            )
        return None

    def _check_signature(self, request: Request, path: str) -> Answer | None:
        signed = dict(request.query)
        given = signed.pop("sig")
        late = signed.get("se", "") < datetime.now(UTC).strftime(_TIME)
        if late or not hmac.compare_digest(given, self._sign(path, signed)):
            return _error(
                403,
                "AuthenticationFailed",
                "Server failed to authenticate the request. Make sure the value of"
                " Authorization header is formed correctly including the signature.",
            )
        return None

    def _sign(self, path: str, signed: dict[str, str]) -> str:
        text = "\n".join([path, *(f"{key}={signed[key]}" for key in sorted(signed))])
        digest = hmac.new(self._secret, text.encode(), hashlib.sha256).digest()
        return base64.b64encode(digest).decode()


def _content(request: Request, path: str, content: Content) -> Answer:
    tag = f'"0x{hashlib.sha256(f"{path} {content.size}".encode()).hexdigest()[:15]}"'
    headers = [
        ("Content-Type", "application/octet-stream"),
        ("Accept-Ranges", "bytes"),
        ("ETag", tag),
        ("Last-Modified", "Mon, 07 Jan 2019 11:36:07 GMT"),
        ("x-ms-blob-type", "BlockBlob"),
        ("x-ms-version", "2021-08-06"),
    ]
    start, end = 0, content.size
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked and request.headers.get("if-range", tag) == tag:
        first, last = asked.groups()
        start = int(first) if first else max(0, end - int(last or 0))
        end = min(end, int(last) + 1) if first and last else end
        if start >= content.size or start >= end:
            wrong = ("Content-Range", f"bytes */{content.size}")
            return _error(416, "InvalidRange", "The range is not valid.", wrong)
        headers.append(("Content-Range", f"bytes {start}-{end - 1}/{content.size}"))
        status = 206
    else:
        status = 200
    if content.md5 is not None:
        name = "Content-MD5" if status == 200 else "x-ms-blob-content-md5"
        headers.append((name, content.md5))
    pieces = content.pieces(start, end)
    return Answer(status, pieces, tuple(headers), length=end - start)


def _error(status: int, code: str, message: str, *more: tuple[str, str]) -> Answer:
    text = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    headers = (("x-ms-error-code", code), *more)
    return Answer.text(status, "application/xml", text, *headers)
