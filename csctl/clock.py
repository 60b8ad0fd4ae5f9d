"""This host's clock, held against the newest moment that csctl recorded. Pure.

A clock that went back counts days that a license does not have, and gives a new one a
name that is older than those before it (facts: airgap.md section 4, T9).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from csctl.errors import ClockBehind

SLACK = timedelta(minutes=5)
"""Clocks of two hosts, between which records are carried, may differ by so much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that was recorded, and when."""

    at: datetime
    what: str
    """A clause, such as `license /srv/a was fetched`."""
    mend: str
    """What to do with it where the clock was wrong then."""


def behind(now: datetime, known: Moment | None) -> ClockBehind | None:
    """Why a clock that says `now` is not to be trusted; None where it may be right."""
    if known is None or known.at - now <= SLACK:
        return None
    return ClockBehind(
        f"the clock of this host is behind: it says {_told(now)}, and {known.what} at"
        f" {_told(known.at)}",
        remedy="set the clock of this host; if it is right, another one was wrong:"
        f" {known.mend}",
    )


def _told(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()
