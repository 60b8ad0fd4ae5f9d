"""Where the bytes of a bundle's members come from, readable from any offset on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from csctl.errors import CsctlError

if TYPE_CHECKING:
    from csctl.registry.client import Registry

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Bytes:
    """A few bytes that are known already."""

    data: bytes = field(repr=False)

    @contextmanager
    def open(self, offset: int) -> Iterator[Iterator[bytes]]:
        """The bytes from an offset on."""
        yield iter((self.data[offset:],))

    def __str__(self) -> str:
        return "csctl"


@dataclass(frozen=True, slots=True)
class File:
    """A file of this host."""

    path: Path

    @contextmanager
    def open(self, offset: int) -> Iterator[Iterator[bytes]]:
        """The bytes from an offset on. Raises CsctlError."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as exc:
            raise _unreadable(self.path, exc) from exc
        try:
            yield _read(self.path, fd, offset, None)
        finally:
            os.close(fd)

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file that is open, and may have no name any more."""

    what: str
    fd: int
    offset: int
    size: int

    @contextmanager
    def open(self, offset: int) -> Iterator[Iterator[bytes]]:
        """The bytes from an offset within the part on. Raises CsctlError."""
        yield _read(self.what, self.fd, self.offset + offset, self.size - offset)

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True)
class Blob:
    """A blob of a registry."""

    registry: Registry = field(repr=False)
    repository: str
    digest: str

    def open(self, offset: int) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes from an offset on. Reading raises RegistryError, DownloadError."""
        return self.registry.blob(self.repository, self.digest, offset)

    def __str__(self) -> str:
        return f"registry {self.registry.name}"


Source = Bytes | File | Span | Blob


def _read(what: object, fd: int, offset: int, size: int | None) -> Iterator[bytes]:
    while size is None or size > 0:
        wanted = _CHUNK if size is None else min(_CHUNK, size)
        try:
            chunk = os.pread(fd, wanted, offset)
        except OSError as exc:
            raise _unreadable(what, exc, f" at byte {offset}") from exc
        if not chunk:
            return
        yield chunk
        offset += len(chunk)
        size = None if size is None else size - len(chunk)


def _unreadable(what: object, error: OSError, at: str = "") -> CsctlError:
    return CsctlError(
        f"{what} cannot be read{at}: {error.strerror}",
        remedy="run csctl as root, or as the owner of the files; check the disk",
    )
