"""A row of another host, as csctl tells of it over there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from csctl.errors import CsctlError
from csctl.profile.host import Host
from csctl.profile.model import Profile

Told = Mapping[str, Any]
"""A row of `csctl status --json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FarRow:
    """A profile of another host, or a replica of one."""

    host: Host
    name: str
    """Of its container; there is one such name on each host."""
    wanted: Profile
    told: Told | None = None
    """What was said of it last; None where nothing was yet."""
    error: CsctlError | None = None
    """Why nothing is known of it now."""

    def __str__(self) -> str:
        return f"{self.name} on {self.host}"

    @property
    def replica(self) -> bool:
        """Whether it is one of several containers of its profile."""
        return self.name != self.wanted.name


def rows_of(
    host: Host,
    profiles: Sequence[Profile],
    told: Sequence[Told] | None,
    error: CsctlError | None,
) -> Iterator[FarRow]:
    """The rows of a host's profiles, with what was told of them, if anything was."""
    for one in profiles:
        own = [row for row in told or () if row["profile"] == one.name]
        for row in own:
            name = row["name"]
            yield FarRow(host=host, name=name, wanted=one, told=row, error=error)
        if not own:
            yield FarRow(host=host, name=one.name, wanted=one, error=error)


def read(text: str) -> list[Told] | None:
    """The rows that `csctl status --json` printed; None where that is none."""
    try:
        rows = json.loads(text)
    except ValueError:
        return None
    named = isinstance(rows, list) and all(
        isinstance(row, dict)
        and isinstance(row.get("profile"), str)
        and isinstance(row.get("name"), str)
        for row in rows
    )
    return rows if named else None
