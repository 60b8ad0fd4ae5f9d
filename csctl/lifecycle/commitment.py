"""Commitments: the hours of audio that a resource was bought for, and their use. Pure.

The commitment of a disconnected resource is for a calendar year (facts: container.md
section 6). Which meters a container reports is not known: those count whose names say
that they are of hours, minutes or seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from csctl.errors import UsageError
from csctl.lifecycle.usage import Month
from csctl.profile.model import Profile

NEAR: Final = 0.8
"""The share from which on it is warned of."""
_UNITS: Final = {"hours": 1.0, "minutes": 60.0, "seconds": 3600.0}
_UNIT = re.compile("(hours|minutes|seconds)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """What a resource was bought for, and what its containers used in a year."""

    resource: str
    """The endpoint, or the profile's name where there is none."""
    profiles: tuple[str, ...]
    year: str
    hours: float
    used: float
    """Hours, up to the last month that was asked for."""
    uncounted: tuple[str, ...]
    """Meters that do not tell of time."""

    @property
    def share(self) -> float:
        """How much of it is used; 1 is all."""
        return self.used / self.hours

    @property
    def near(self) -> bool:
        """Whether it is used up, or nearly."""
        return self.share >= NEAR


def hours(meters: Mapping[str, float]) -> float:
    """The hours that meters of time amount to."""
    return sum(
        quantity / _UNITS[unit[1].lower()]
        for name, quantity in meters.items()
        if (unit := _UNIT.search(name))
    )


def commitments(
    profiles: Iterable[Profile], used: Mapping[str, Sequence[Month]], year: str
) -> tuple[Commitment, ...]:
    """The commitments that profiles declare, with what all of each one used in a year.

    `used` holds months by the profile's name; those of other years do not count.
    Profiles of one resource share its commitment, and one of them has to declare it.
    Raises UsageError where they declare different ones.
    """
    sharing: dict[str, list[Profile]] = {}
    for profile in profiles:
        if profile.license is not None:
            resource = (profile.license.endpoint or profile.name).rstrip("/")
            sharing.setdefault(resource, []).append(profile)
    return tuple(
        _commitment(resource, of_it, bought, used, year)
        for resource, of_it in sharing.items()
        if (bought := _bought(resource, of_it)) is not None
    )


def _bought(resource: str, profiles: Iterable[Profile]) -> float | None:
    declared = {
        one.license.commitment_hours
        for one in profiles
        if one.license and one.license.commitment_hours is not None
    }
    if len(declared) > 1:
        told = " and ".join(f"{one:g}" for one in sorted(declared))
        raise UsageError(
            f"profiles declare {told} hours for {resource}",
            remedy="write the same license.commitment_hours into all that share it",
        )
    return next(iter(declared), None)


def _commitment(
    resource: str,
    profiles: Sequence[Profile],
    bought: float,
    used: Mapping[str, Sequence[Month]],
    year: str,
) -> Commitment:
    months = [
        month
        for one in profiles
        for month in used.get(one.name, ())
        if month.month.startswith(f"{year}-")
    ]
    names = {name for month in months for name in month.meters}
    return Commitment(
        resource=resource,
        profiles=tuple(one.name for one in profiles),
        year=year,
        hours=bought,
        used=sum(hours(month.meters) for month in months),
        uncounted=tuple(sorted(name for name in names if not _UNIT.search(name))),
    )
