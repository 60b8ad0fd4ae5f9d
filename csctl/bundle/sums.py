"""SHA256SUMS: the sums of a bundle for `sha256sum -c`, where there is no csctl."""

from __future__ import annotations

import hashlib

from csctl.bundle import path
from csctl.bundle.manifest import Manifest


def sums(manifest: Manifest, data: bytes) -> bytes:
    """The content of SHA256SUMS for a manifest and its bytes."""
    lines = [f"{hashlib.sha256(data).hexdigest()}  {path.MANIFEST}\n"]
    lines += [
        f"{file.sha256}  {file.path}\n" for file in manifest.files if file.included
    ]
    return "".join(lines).encode()
