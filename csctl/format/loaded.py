"""What became of a bundle that was loaded, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from csctl.format import Row, table

if TYPE_CHECKING:
    from csctl.bundle.load import Loaded, Part

HEADERS = ("PART", "NAME", "OUTCOME", "WHERE")


def part(value: Part) -> Row:
    """A part of a bundle on this host."""
    return {
        "part": value.kind,
        "name": value.name,
        "place": value.place or None,
        "outcome": value.outcome,
        "problem": value.error.message if value.error else None,
    }


def lines(value: Loaded) -> Iterator[str]:
    """All parts, as a table."""
    rows = [(one.kind, one.name, one.outcome, one.place or "-") for one in value.parts]
    yield table(HEADERS, rows)
