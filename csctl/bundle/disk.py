"""What the disk says that a bundle is written to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csctl.errors import CsctlError

ELSEWHERE = "name a file on another disk: -o"


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Translate what goes wrong while the bundle of this name is written."""
    try:
        yield
    except OSError as exc:
        raise CsctlError(
            f"bundle {file} cannot be written: {exc.strerror}",
            remedy=f"check free space and permissions of {file.absolute().parent}, then"
            " run the same command again",
        ) from exc
