"""A long body, in larger parts than httpx would give it.

httpx passes 64 KiB at a time through all its layers, which takes longer than hashing
them. Of a body whose length is known, only the beginning has to come through it.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpcore
import httpx

_PART = 120 << 10
"""From 128 KiB on, malloc gets each from the system, which TLS with its 16 KiB pays."""
_LONG = 16 << 20
"""From so many bytes on, the rest is worth a connection."""


def raw(response: httpx.Response) -> Iterator[bytes]:
    """The body as it comes, unpacked nowhere. Raises httpx's own errors.

    The connection of a long one is not used again.
    """
    begun = response.iter_raw()
    if not _is_long(response):
        yield from begun
        return
    # All that httpx has read of it: what is left is still to come. `begun` has to
    # live on, for httpx closes the connection when it ends.
    first = next(begun)
    yield first
    left = int(response.headers["Content-Length"]) - len(first)
    stream = response.extensions["network_stream"]
    timeout = response.request.extensions["timeout"]["read"]
    while left:
        part = _read(response, stream, min(left, _PART), timeout)
        left -= len(part)
        yield part


def _is_long(response: httpx.Response) -> bool:
    headers = response.headers
    return (
        "network_stream" in response.extensions
        and response.http_version != "HTTP/2"
        and "Transfer-Encoding" not in headers
        and int(headers.get("Content-Length", "0")) >= _LONG
    )


def _read(
    response: httpx.Response,
    stream: httpcore.NetworkStream,
    size: int,
    timeout: float | None,
) -> bytes:
    request = response.request
    try:
        part = stream.read(size, timeout)
    except httpcore.ReadTimeout as exc:
        raise httpx.ReadTimeout(str(exc), request=request) from exc
    except httpcore.ReadError as exc:
        raise httpx.ReadError(str(exc), request=request) from exc
    if not part:
        raise httpx.RemoteProtocolError("the body ends too early", request=request)
    return part
