"""Whom to trust over TLS: the public CAs, or private ones."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx

from csctl.errors import UsageError


def trust(environ: Mapping[str, str], more: Iterable[Path] = ()) -> ssl.SSLContext:
    """A TLS context. Raises UsageError for a file without certificates.

    `SSL_CERT_FILE` takes the place of the public CAs; the files of `more` come on top.
    """
    files = list(more)
    if named := environ.get("SSL_CERT_FILE"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        files.append(Path(named))
    else:
        context = _public()
    for path in files:
        _load(context, path)
    return context


def _public() -> ssl.SSLContext:
    """The system's CAs; httpx brings its own for a host that has none at hand."""
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context = httpx.create_ssl_context(trust_env=False)
        context.load_default_certs()
    return context


def _load(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except OSError as exc:
        raise UsageError(
            f"{path} cannot be read as certificates: {exc.strerror}",
            remedy="name a file with the CA's certificates in PEM form",
        ) from exc
