"""Whether the disks hold what is to come, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from csctl.errors import CsctlError
from csctl.size import format_size


@dataclass(frozen=True, slots=True)
class Need:
    """What is to be written below a directory, which may not exist yet."""

    directory: Path
    bytes: int
    files: int = 0
    way_out: str = "load to another one: --target"
    """What helps beside freeing some space."""


def check(needs: Iterable[Need]) -> None:
    """Compare with what is free, by file system. Raises CsctlError."""
    disks: dict[int, list[Need]] = {}
    for need in needs:
        device = _standing(need.directory).stat().st_dev
        disks.setdefault(device, []).append(need)
    for some in disks.values():
        place = _standing(some[0].directory)
        size = sum(one.bytes for one in some)
        files = sum(one.files for one in some)
        ways_out = ", or ".join(dict.fromkeys(one.way_out for one in some))
        status = os.statvfs(place)
        free = status.f_bavail * status.f_frsize
        if size > free:
            raise CsctlError(
                f"the disk of {place} has {format_size(free)} free, and"
                f" {format_size(size)} are needed",
                remedy=f"free some space, or {ways_out}",
            )
        # File systems without a fixed number of files tell none.
        if status.f_files and files > status.f_favail:
            raise CsctlError(
                f"the disk of {place} has room for {status.f_favail} more files, and"
                f" {files} are needed",
                remedy=f"remove some files, or {ways_out}",
            )


def _standing(directory: Path) -> Path:
    """The directory itself, or the nearest one above that exists."""
    place = directory.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return place
