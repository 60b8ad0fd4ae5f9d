"""Writing documents that csctl makes, into a directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from csctl import record
from csctl.errors import CsctlError


def write(folder: Path, files: Iterable[tuple[str, str]]) -> Iterator[Path]:
    """Write each file whole or not at all; the directory is made. Raises CsctlError."""
    for name, text in files:
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise CsctlError(
                f"directory {path.parent} cannot be made: {exc.strerror}",
                remedy=f"check free space and permissions of {path.parent.parent}",
            ) from exc
        record.write_atomically(path, text)
        yield path
