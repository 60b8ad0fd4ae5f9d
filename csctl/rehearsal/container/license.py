"""The license of a disconnected container: fetching it, checking it.

Nothing is known of what a real one holds, so this one is sealed: whoever looks inside
sees noise. It fits one image version and one model until it expires.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from . import account, dialects, model
from .disk import Disk
from .settings import Knobs, Settings

_NONCE = 16
_SECONDS_PER_DAY = 86400


class License(NamedTuple):
    """What a license says."""

    version: str
    model: str
    issued: float
    days: float

    def fits(self, version: str, identity: str, now: float) -> bool:
        """Whether it lets this image serve this model now."""
        expires = self.issued + self.days * _SECONDS_PER_DAY
        return (self.version, self.model) == (version, identity) and now < expires


def run(settings: Settings, knobs: Knobs, disk: Disk) -> int:
    """Fetch a license. Whether the real container then ends, nobody knows."""
    dialects.script("Starting license download")
    account.check(settings, "Failed to download license")
    identity = model.find(model.ROOT)
    if identity is None or knobs.fails("no-model"):
        model.crash_without()
    if not os.path.isdir(settings.license):
        _crash_without_directory()
    issued = License(knobs.version, identity, time.time(), knobs.license_days)
    name = hashlib.sha256(f"{knobs.version} {identity}".encode()).hexdigest()[:32]
    disk.replace(f"{settings.license}/{name}", seal(issued))
    dialects.tool(f"[Info] License downloaded to {settings.license}")
    while not knobs.license_exits:
        signal.pause()
    return 0


def check(directory: str, version: str, identity: str) -> None:
    """End where no license below `directory` lets this image serve this model."""
    contents = list(_files(directory))
    if not contents:
        _crash_without_directory()
    now = time.time()
    licenses = [found for content in contents if (found := unseal(content))]
    if not any(found.fits(version, identity, now) for found in licenses):
        dialects.script(
            "Container does not have a valid disconnected container license"
        )
        raise SystemExit(1)


def seal(content: License) -> bytes:
    """A license as it lies on the disk."""
    nonce = os.urandom(_NONCE)
    text = json.dumps(content._asdict()).encode()
    return nonce + _mask(hashlib.sha256(text).digest() + text, nonce)


def unseal(sealed: bytes) -> License | None:
    """The license in a file's content; None where there is none in it."""
    nonce, body = sealed[:_NONCE], sealed[_NONCE:]
    plain = _mask(body, nonce)
    digest, text = plain[:32], plain[32:]
    if hashlib.sha256(text).digest() != digest:
        return None
    fields: dict[str, Any] = json.loads(text)
    return License(**fields)


def _mask(data: bytes, nonce: bytes) -> bytes:
    stream = hashlib.shake_256(nonce).digest(len(data))
    return bytes(left ^ right for left, right in zip(data, stream, strict=True))


def _files(directory: str) -> Iterator[bytes]:
    for folder, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                yield file.read(1 << 20)


def _crash_without_directory() -> NoReturn:
    dialects.script(
        "The provided license path was not found. Please ensure a volume is mounted"
        " and a directory exists at the location specified by `Mounts:License`"
    )
    raise SystemExit(1)
