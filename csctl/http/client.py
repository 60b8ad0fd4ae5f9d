"""An httpx client as every edge wants it, and answers read whole."""

from __future__ import annotations

import ssl
from typing import Final

import httpx

from csctl import __version__
from csctl.errors import UsageError

TIMEOUT: Final = httpx.Timeout(30, connect=10)


def open_client(
    tls: ssl.SSLContext,
    *,
    proxies: bool,
    transport: httpx.BaseTransport | None = None,
    timeout: httpx.Timeout = TIMEOUT,
    connections: int = 100,
) -> httpx.Client:
    """A client with a pool of connections, all of them kept for the next request.

    `proxies` says whether those of the environment of this process count. Raises
    UsageError where one of them is none.
    """
    try:
        return httpx.Client(
            verify=tls,
            transport=transport,
            timeout=timeout,
            trust_env=proxies,
            headers={"User-Agent": f"csctl/{__version__}"},
            limits=httpx.Limits(
                max_connections=connections, max_keepalive_connections=connections
            ),
        )
    except (ImportError, ValueError, httpx.InvalidURL) as exc:
        # `from None`: the message may quote the password of a proxy.
        raise UsageError(
            f"the environment's proxy cannot be used: {type(exc).__name__}",
            remedy="write HTTPS_PROXY as http://HOST:PORT",
        ) from None


class TooLarge(Exception):
    """An answer is longer than anybody would send."""


def read(response: httpx.Response, limit: int) -> bytes:
    """The body of a streamed answer. Raises TooLarge, and httpx's own errors."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)
