"""What became of a bundle that was loaded, in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from csctl.format import Row, table
from csctl.format.bundle import problem
from csctl.size import format_size

if TYPE_CHECKING:
    from csctl.bundle.outcome import Loaded, Part
    from csctl.errors import BundleError

HEADERS = ("PART", "NAME", "SIZE", "OUTCOME", "WHERE")


def loaded(file: Path, value: Loaded) -> Row:
    """All parts of a bundle, and why some were refused."""
    return {
        "file": str(file),
        "parts": [_part(one) for one in value.parts],
        "problems": [
            problem(one.name, one.error.message) for one in value.parts if one.error
        ],
    }


def unloaded(file: Path, error: BundleError) -> Row:
    """A bundle of which nothing, or not all, could be loaded."""
    problems = [problem(error.part, error.fault)]
    return {"file": str(file), "parts": [], "problems": problems}


def _part(value: Part) -> Row:
    return {
        "part": value.kind,
        "name": value.name,
        "place": value.place or None,
        "bytes": value.bytes,
        "sha256": value.sha256,
        "outcome": value.outcome,
    }


def lines(value: Loaded) -> str:
    """All parts, as a table."""
    return table(HEADERS, list(map(cells, value.parts)))


def cells(part: Part) -> tuple[str, ...]:
    """A part under HEADERS."""
    size, place = format_size(part.bytes), part.place or "-"
    return part.kind, part.name, size, part.outcome, place
