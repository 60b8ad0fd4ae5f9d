"""How far a bundle that is being written has come: FILE.part.json beside FILE.part.

It is a hint and no more: what it says was written is read again and hashed before
anybody builds on it. So it needs no care against a power cut.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

_LIMIT = 32 << 20


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """Of one manifest, the bytes of each member that were written, from its first."""

    of: str
    """The bundle's mark."""
    created: Annotated[datetime, msgspec.Meta(tz=True)]
    written: Mapping[str, Annotated[int, msgspec.Meta(ge=0)]]


def mark(data: bytes, signature: bytes | None) -> str:
    """What tells the bundle of this manifest from all others."""
    return hashlib.sha256(data + (signature or b"")).hexdigest()


def part_of(file: Path) -> Path:
    """Where a bundle lies until it is whole."""
    return file.with_name(file.name + ".part")


def path_of(file: Path) -> Path:
    """Where the journal of a bundle lies."""
    return file.with_name(file.name + ".part.json")


def read(file: Path) -> Journal | None:
    """What a run that was broken off left; None where there is nothing to go on with.

    It lies beside a file that strangers may not write to, and yet trusts nothing.
    """
    if not part_of(file).is_file():
        return None
    try:
        with open(path_of(file), "rb") as stream:
            return msgspec.json.decode(stream.read(_LIMIT), type=Journal)
    except (OSError, msgspec.DecodeError, RecursionError):
        return None


def write(file: Path, journal: Journal) -> None:
    """Replace the journal. Raises OSError."""
    path = path_of(file)
    temporary = path.with_name(path.name + ".new")
    with open(temporary, "wb") as stream:
        stream.write(msgspec.json.encode(journal))
    os.replace(temporary, path)


def remove(file: Path) -> None:
    """Remove the journal, and what a killed run left of one."""
    path = path_of(file)
    for name in (path, path.with_name(path.name + ".new")):
        with contextlib.suppress(OSError):
            name.unlink()
