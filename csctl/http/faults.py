"""What csctl says when a host cannot be reached: httpx's errors, translated."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLCertVerificationError, SSLError

import httpx

from csctl.errors import CsctlError
from csctl.http.retry import causes


@contextmanager
def translated(kind: type[CsctlError], *, or_put: str = "") -> Iterator[None]:
    """Turn httpx's errors into one of csctl's. They name the host that failed.

    `or_put` says where else than in SSL_CERT_FILE a private CA may be made known, with
    the host as `{host}`.
    """
    try:
        yield
    except httpx.RequestError as exc:
        host = exc.request.url.netloc.decode()
        said, remedy = _explain(exc, host, or_put)
        raise kind(f"{host} {said}", remedy=remedy) from exc


def is_untrusted(failure: httpx.RequestError) -> bool:
    """Whether TLS works, but the certificate is not trusted."""
    return any(isinstance(cause, SSLCertVerificationError) for cause in causes(failure))


def _explain(failure: httpx.RequestError, host: str, or_put: str) -> tuple[str, str]:
    for cause in causes(failure):
        match cause:
            case SSLCertVerificationError():
                return (
                    f"shows a certificate that is not trusted: {cause.verify_message}",
                    "name the file with the CA's certificate in SSL_CERT_FILE"
                    + or_put.format(host=host),
                )
            case SSLError():
                return (
                    f"does not agree on TLS: {cause.reason or 'the handshake broke'}",
                    f"if it speaks plain http, write http://{host}",
                )
            case socket.gaierror():
                return (
                    f"is a name that DNS does not know: {cause.strerror}",
                    "check the name, the DNS server, and HTTPS_PROXY if one is needed",
                )
            case ConnectionRefusedError():
                return (
                    "refuses connections",
                    "check host and port, and that its server runs",
                )
    return _explain_kind(failure)


def _explain_kind(failure: httpx.RequestError) -> tuple[str, str]:
    again = "try again later, or check the network and HTTPS_PROXY"
    match failure:
        case httpx.ProxyError():
            return (
                "is not reached, the proxy refuses",
                "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
            )
        case httpx.ConnectTimeout():
            return "does not take connections in time", again
        case httpx.TimeoutException():
            return "does not answer in time", again
        case httpx.TooManyRedirects() | httpx.UnsupportedProtocol():
            return (
                "leads from one address to another without an answer",
                "check whether a proxy or login page is in between",
            )
        case httpx.DecodingError():
            return "sends what cannot be unpacked", again
        case _:
            return "breaks the connection off", again
