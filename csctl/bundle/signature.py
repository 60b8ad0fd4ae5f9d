"""Who made a bundle: Ed25519 over the exact bytes of its manifest.

`openssl pkeyutl -verify -rawin` checks the same. Keys are pinned on the host that
loads; nothing inside a bundle says which key to trust.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from csctl.bundle import path
from csctl.errors import BundleError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

PINNED = Path("/etc/csctl/trusted")
VARIABLE = "CSCTL_TRUSTED_KEYS"
_PEM_LIMIT = 64 << 10


@dataclass(frozen=True, slots=True)
class Trust:
    """The public keys pinned on this host, as PEM, and whether one must have signed."""

    keys: tuple[bytes, ...] = ()
    require: bool = False

    @classmethod
    def load(cls, environ: Mapping[str, str], *, require: bool = False) -> Trust:
        """The keys in /etc/csctl/trusted, or in the paths of CSCTL_TRUSTED_KEYS.

        Raises UsageError for a key that cannot be read: one that is left out would
        trust more than its owner wants.
        """
        named = environ.get(VARIABLE)
        places = filter(None, named.split(os.pathsep)) if named else [PINNED]
        files = (file for place in places for file in _files(Path(place)))
        keys = tuple(map(_trusted, files))
        if named and not keys:
            raise UsageError(
                f"no key lies where {VARIABLE} points to",
                remedy=f"put PEM files there, or unset {VARIABLE}",
            )
        return cls(keys, require)

    def check(self, data: bytes, signature: bytes | None) -> str | None:
        """The fingerprint of the key that signed, None where none is asked for.

        Fails closed: raises BundleError as soon as a key is pinned or a signature is
        required, and none of the keys signed these bytes.
        """
        if self.require and not self.keys:
            raise BundleError(
                path.SIGNATURE,
                "a signature is required, and no key is pinned to check it with",
                remedy=f"put the maker's public key into {PINNED}, as NAME.pem",
            )
        if not self.keys:
            return None
        if signature is None:
            raise BundleError(
                path.SIGNATURE,
                "is missing, and a key is pinned on this host",
                remedy="ask for a signed bundle (bundle create --sign KEY)",
            )
        return check(self.keys, data, signature)


def sign(private_pem: bytes, data: bytes) -> bytes:
    """The 64 bytes of a signature. Raises UsageError for what is no such key."""
    return _private_key(private_pem).sign(data)


def check(public_pems: Iterable[bytes], data: bytes, signature: bytes) -> str:
    """The fingerprint of the first key that signed the data. Raises BundleError."""
    from cryptography.exceptions import InvalidSignature

    for pem in public_pems:
        key = _public_key(pem)
        try:
            key.verify(signature, data)
        except InvalidSignature:
            continue
        return _fingerprint(key)
    raise BundleError(
        path.SIGNATURE,
        "none of the pinned keys made this signature over this manifest",
        remedy="do not use this bundle; ask its maker for the key or for a new one",
    )


def fingerprint(public_pem: bytes) -> str:
    """The sha256 of a public key in DER. Raises UsageError."""
    return _fingerprint(_public_key(public_pem))


def new_key(private: Path, public: Path) -> str:
    """Write a new pair of keys, over nothing; its fingerprint. Raises UsageError."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    shown = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write_new(private, secret, 0o600)
    try:
        _write_new(public, shown, 0o644)
    except UsageError:
        private.unlink()
        raise
    return _fingerprint(key.public_key())


def _write_new(file: Path, data: bytes, mode: int) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as exc:
        raise UsageError(
            f"key {file} cannot be written: {exc.strerror}",
            remedy="name a file that does not exist, in a directory that you may write",
        ) from exc


def _files(place: Path) -> Iterator[Path]:
    try:
        if place == PINNED and not place.exists():
            return
        if place.is_dir():
            names = sorted(name for name in os.listdir(place) if name.endswith(".pem"))
            yield from (place / name for name in names)
            return
    except OSError as exc:
        raise _unreadable(place, exc) from exc
    yield place


def _trusted(file: Path) -> bytes:
    try:
        with open(file, "rb") as stream:
            pem = stream.read(_PEM_LIMIT)
    except OSError as exc:
        raise _unreadable(file, exc) from exc
    _public_key(pem, f"trusted key {file}")
    return pem


def _unreadable(place: Path, error: OSError) -> UsageError:
    return UsageError(
        f"trusted key {place} cannot be read: {error.strerror}",
        remedy=f"check its permissions, or take it out of {VARIABLE}",
    )


def _public_key(pem: bytes, what: str = "this") -> Ed25519PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(
            f"{what} is no Ed25519 public key in PEM",
            remedy="write it with: openssl pkey -in KEY.pem -pubout",
        )
    return key


def _private_key(pem: bytes) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(
            "the key to sign with is no Ed25519 private key in PEM without passphrase",
            remedy="make one with: csctl bundle keygen KEY.pem",
        )
    return key


def _fingerprint(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives import serialization

    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return "sha256:" + hashlib.sha256(der).hexdigest()
