"""A bundle that comes on stdin: kept in a file that ends with this process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from csctl.bundle import space
from csctl.errors import CsctlError

NAME = Path("stdin")
"""What it is called, as it has no name."""
_VARIABLE = "TMPDIR"
# Of bundles there may be many GB, and `/tmp` may be memory.
_PLACE = "/var/tmp"
_CHUNK = 1 << 20


@contextmanager
def kept(
    stream: BinaryIO, size: int | None, environ: Mapping[str, str]
) -> Iterator[int]:
    """A descriptor of what a stream holds: so many bytes, where that is known.

    The file has no name, and nobody else may open it: whatever ends this process, it
    is gone. It lies in /var/tmp or where TMPDIR says. Raises CsctlError where the disk
    does not hold it, before anything is read if the size is known.
    """
    directory = Path(environ.get(_VARIABLE) or _PLACE)
    elsewhere = f"keep the bundle on another disk meanwhile: {_VARIABLE}"
    space.check([space.Need(directory, size or 0, way_out=elsewhere)])
    try:
        # Closed below: what goes wrong then is not the disk's fault.
        file = tempfile.TemporaryFile(buffering=0, dir=directory)  # noqa: SIM115
    except OSError as exc:
        raise _unkept(directory, exc) from exc
    with file:
        while chunk := stream.read(_CHUNK):
            try:
                _write(file.fileno(), chunk)
            except OSError as exc:
                raise _unkept(directory, exc) from exc
        yield file.fileno()


def _write(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _unkept(directory: Path, error: OSError) -> CsctlError:
    return CsctlError(
        f"the bundle cannot be kept in {directory}: {error.strerror}",
        remedy=f"free some space there, or name another directory: {_VARIABLE}",
    )
