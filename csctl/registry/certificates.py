"""Whom to trust as a registry: all that HTTP trusts, and Docker's own folder."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from csctl.http import tls

CERTIFICATES = Path("/etc/docker/certs.d")
OR_PUT = f", or put it at {CERTIFICATES}/{{host}}/ca.crt"
"""Where else a private CA is made known, for `csctl.http.faults.translated`."""


def trust(
    registry: str, environ: Mapping[str, str], folder: Path = CERTIFICATES
) -> ssl.SSLContext:
    """A TLS context for a registry. Raises UsageError for a file without certificates.

    Docker's certificates for this registry come on top of all others.
    """
    return tls.trust(environ, sorted((folder / registry).glob("*.crt")))
