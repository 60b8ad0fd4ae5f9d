"""The columns of the fleet: which of them fit, and how wide each one is."""

from __future__ import annotations

from dataclasses import dataclass

GUTTER = 1
"""Room before the first column, for the mark of a row."""
GAP = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column."""

    key: str
    title: str
    width: int
    """The least that it is worth showing with."""
    since: int
    """How wide a table has to be to show it."""


_COLUMNS = (
    Column(key="host", title="HOST", width=10, since=0),
    Column(key="name", title="NAME", width=13, since=0),
    Column(key="state", title="STATE", width=12, since=0),
    Column(key="mode", title="MODE", width=4, since=109),
    Column(key="image", title="IMAGE", width=14, since=51),
    Column(key="model", title="MODEL", width=8, since=88),
    Column(key="port", title="PORT", width=15, since=104),
    Column(key="cpu", title="CPU", width=8, since=60),
    Column(key="memory", title="MEM", width=9, since=70),
    Column(key="license", title="LICENSE", width=8, since=36),
    Column(key="drift", title="DRIFT", width=8, since=79),
)

# Who gets what is left over: up to which width, in tables of which width.
_GROWTH = (
    ("cpu", 13, 119),
    ("memory", 14, 119),
    ("host", 16, 0),
    ("name", 20, 0),
    ("image", 20, 0),
    ("cpu", 13, 0),
    ("memory", 15, 0),
    ("mode", 12, 0),
    ("cpu", 19, 0),
    ("memory", 21, 0),
    ("host", 28, 0),
    ("name", 32, 0),
    ("drift", 32, 0),
    ("port", 21, 0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns that are shown, with the width that each one has."""

    columns: tuple[tuple[Column, int], ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(column.key for column, _ in self.columns)

    def at(self, x: int) -> str | None:
        """The key of the column at a place of a line."""
        start = GUTTER
        for column, width in self.columns:
            if start <= x < start + width + GAP:
                return column.key
            start += width + GAP
        return None


def layout(width: int, *, hosts: bool = False) -> Layout:
    """The columns of a table of this width; name and state in any.

    With `hosts` that of the hosts is in any as well, and takes room from the others.
    """
    host, *others = _COLUMNS
    room = width - (host.width + GAP if hosts else 0)
    columns = [*([host] if hosts else []), *(o for o in others if room >= o.since)]
    widths = {column.key: column.width for column in columns}
    left = width - GUTTER - sum(widths.values()) - GAP * (len(widths) - 1)
    for key, most, since in _GROWTH:
        if key in widths and width >= since:
            more = min(max(0, most - widths[key]), max(0, left))
            widths[key] += more
            left -= more
    return Layout(columns=tuple((column, widths[column.key]) for column in columns))
