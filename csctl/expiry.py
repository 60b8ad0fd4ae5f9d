"""When a license ends: known, declared or unknown, always with its source.

Nothing is known about a license's inside (facts: container.md section 6), so that an
end is never computed: it is what the profile declares, or what a text file says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from csctl import clock
from csctl.clock import Moment
from csctl.errors import LicenseError
from csctl.license import DECLARED, StoredLicense
from csctl.profile.model import License as Declared

Term = Literal["valid", "due", "expired", "unknown"]

_RENEW_BEFORE = timedelta(days=7)
"""When a license is due, where no profile says so."""
_TEXT_LIMIT = 1 << 20
_EXPIRY = re.compile(
    r"expir\w{0,20}\W{1,12}?(?:\w{1,20}\W{1,4})?(\d{4}-\d\d-\d\d)"
    r"(?:[T ](\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """When a license ends, and how that is known."""

    at: datetime | None
    source: str
    """`declared`, `file` (as found, unverified) or `unknown`."""

    def days_left(self, now: datetime) -> int | None:
        """Whole days left, rounded down; negative once it is over."""
        return None if self.at is None else (self.at - now).days


def of(license_: StoredLicense | None, declared: Declared | None) -> Expiry:
    """When a license ends: declared by the profile, else found in a file, else unknown.

    What the profile declared at the fetch is in the record, for those who look without
    the profile.
    A found date is the only ISO date beside a name like `expir...` in a text file
    among the license's; two different ones are none. A declared day ends the license
    when it begins, in UTC.
    """
    if declared is not None and declared.expires is not None:
        return Expiry(at=start_of(declared.expires), source="declared")
    if license_ is None:
        return Expiry(at=None, source="unknown")
    fetched_at = license_.fetched_at
    if declared is not None and declared.valid_for and fetched_at is not None:
        return Expiry(at=fetched_at + declared.valid_for, source="declared")
    if license_.record is not None and license_.record.details.get(DECLARED):
        at = datetime.fromisoformat(license_.record.details[DECLARED])
        return Expiry(at=at, source="declared")
    found = set(_dates(license_))
    if len(found) == 1:
        return Expiry(at=found.pop(), source="file")
    return Expiry(at=None, source="unknown")


def start_of(day: date) -> datetime:
    """The moment at which a day begins, in UTC."""
    return datetime.combine(day, time(), UTC)


def _dates(license_: StoredLicense) -> Iterator[datetime]:
    for name in license_.files:
        path = license_.directory / name
        try:
            if path.stat().st_size > _TEXT_LIMIT:
                continue
            text = path.read_text()
        except (OSError, UnicodeDecodeError):
            continue
        if "\0" in text:
            continue
        for day, moment in _EXPIRY.findall(text):
            try:
                at = datetime.fromisoformat(f"{day}T{moment}" if moment else day)
            except ValueError:
                continue
            yield at if at.tzinfo else at.replace(tzinfo=UTC)


def check(
    license_: StoredLicense | None,
    ends: Expiry,
    *,
    image_id: str | None,
    model_id: str | None,
    declared: Declared | None,
    now: datetime,
    recorded: Moment | None,
) -> None:
    """Raise LicenseError where a license is missing, wrong, expired or due.

    Before that ClockBehind, where `now` is before the newest that was `recorded`.
    """
    if (wrong := clock.behind(now, recorded)) is not None:
        raise wrong
    remedy = "fetch one: csctl license pull"
    if license_ is None:
        raise LicenseError("there is no license", remedy=remedy)
    place = license_.directory
    if license_.damage:
        raise LicenseError(
            f"license {place} is damaged: {license_.damage[0]}", remedy=remedy
        )
    if not license_.files:
        raise LicenseError(f"license {place} is empty", remedy=remedy)
    if not license_.fits(image_id, model_id):
        raise LicenseError(
            f"license {place} was fetched for another image or model", remedy=remedy
        )
    when = f"{ends.at.date().isoformat()} ({ends.source})" if ends.at else ""
    match term(ends, declared, now):
        case "expired":
            raise LicenseError(f"license {place} expired on {when}", remedy=remedy)
        case "due":
            raise LicenseError(
                f"license {place} is due: it ends on {when}", remedy=remedy
            )


def term(ends: Expiry, declared: Declared | None, now: datetime) -> Term:
    """How far a license is from its end; `due` is by the profile's `renew_before`."""
    if ends.at is None:
        return "unknown"
    if ends.at <= now:
        return "expired"
    renew_before = declared.renew_before if declared else _RENEW_BEFORE
    return "due" if ends.at - now <= renew_before else "valid"
