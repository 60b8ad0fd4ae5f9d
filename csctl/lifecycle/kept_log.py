"""Logs that outlive their containers: the redacted log of a run that failed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

LINES = 5000
"""So many last lines of a log are kept."""


def keep(directory: Path, what: str, lines: Iterable[str]) -> Path | None:
    """Write lines into a new file of a directory; None where the disk refuses.

    The last lines are in the error anyway, so that a full disk hides nothing.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    path = directory / f"{stamp}-{what}.log"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines))
        path.chmod(0o600)
    except OSError:
        return None
    return path
