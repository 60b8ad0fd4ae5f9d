"""Models and licenses on disk, as a download would have left them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from csctl import record
from csctl.license import DECLARED
from csctl.record import Record

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MODEL = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
OTHER_MODEL = "0b6e4a52-9d1f-4f0c-8a57-3c9e1d2f4b6a"
IMAGE_ID = "sha256:" + "1a" * 32
OTHER_IMAGE_ID = "sha256:" + "2b" * 32


def store(
    directory: Path,
    files: Mapping[str, str | bytes],
    *,
    kind: str,
    model: str = MODEL,
    image_id: str = IMAGE_ID,
    at: datetime = NOW,
    details: Mapping[str, Any] | None = None,
) -> Path:
    """A directory with files and their record."""
    fill(directory, files)
    record.write(
        directory,
        Record(
            kind=kind,
            id=model,
            image="csctl/rehearsal:4.12.0-amd64",
            image_id=image_id,
            fetched_at=at,
            files=record.take_sums(directory),
            details=details or {},
        ),
    )
    return directory


def store_license(
    root: Path,
    name: str = "20260601T120000Z",
    *,
    files: dict[str, str | bytes] | None = None,
    model: str = MODEL,
    image_id: str = IMAGE_ID,
    at: datetime = NOW,
    declared: str | None = None,
) -> Path:
    """A license as it was fetched."""
    return store(
        root / name,
        {"license.bin": b"\x00\x01opaque\xff"} if files is None else files,
        kind="license",
        model=model,
        image_id=image_id,
        at=at,
        details={DECLARED: declared},
    )


def fill(directory: Path, files: Mapping[str, str | bytes]) -> Path:
    """A directory with files and no record."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return directory
