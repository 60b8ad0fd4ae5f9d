"""Why a bundle's license is not put to use here. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from csctl import clock
from csctl.bundle.manifest import License
from csctl.clock import Moment
from csctl.container.observed import Container
from csctl.errors import ClockBehind, CsctlError, LicenseError
from csctl.license import UNPROVEN, StoredLicense

_FORCE = "take it all the same: --force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a license comes to on this host."""

    profile: str
    license: License
    image_ids: frozenset[str]
    """What the Engine may call its image."""
    serving: Container | None
    """The profile's container, running or not."""
    used: StoredLicense | None
    """The license that serves; without a container the one that would."""
    here: StoredLicense | None
    """The same license, where this host has it already."""
    alone: bool
    """Whether the bundle brings neither its image nor its model."""
    asked: tuple[str, str] | None
    """Image id and model that a profile of this host asks for instead."""
    now: datetime
    newest: Moment
    """The newest moment that the bundle tells, or csctl recorded on this host."""


def refusals(one: Standing) -> Iterator[CsctlError]:
    """All that speaks against a license; none where it serves already.

    An operator may force all but ClockBehind: what is put here now would be taken for
    older than what was here before.
    """
    name = f"{one.profile}: license {one.license.path.rpartition('/')[2]}"
    if one.here is not None and one.here == one.used:
        return
    if (wrong := clock.behind(one.now, one.newest)) is not None:
        yield ClockBehind(f"{name}: {wrong.message}", remedy=wrong.remedy)
    if one.here is not None and one.here.refused not in (None, UNPROVEN):
        yield LicenseError(
            f"{name} is on this host already, and refused: {one.here.refused}",
            remedy=f"bring a newer one; or {_FORCE}",
        )
    yield from _mismatches(name, one)
    yield from _ages(name, one)


def _mismatches(name: str, one: Standing) -> Iterator[LicenseError]:
    remedy = f"bring image, model and license in one bundle; or {_FORCE}"
    if one.asked is not None:
        image_id, model_id = one.asked
        if image_id not in one.image_ids or model_id != one.license.model:
            yield LicenseError(
                f"{name} is for image {one.license.image_reference} and model"
                f" {one.license.model}, and the profile on this host asks for others",
                remedy=remedy,
            )
    elif one.serving is not None and one.alone:
        served = (one.serving.image_id in one.image_ids, one.serving.model)
        if served != (True, one.license.model):
            yield LicenseError(
                f"{name} is for image {one.license.image_reference} and model"
                f" {one.license.model}, and {one.serving.image} with model"
                f" {one.serving.model} serves",
                remedy=remedy,
            )


def _ages(name: str, one: Standing) -> Iterator[LicenseError]:
    fetched, ends = one.license.fetched_at, one.license.expires_at
    newest = max(filter(None, (fetched, one.used.fetched_at if one.used else None)))
    if newest > fetched:
        yield LicenseError(
            f"{name} was fetched at {fetched.isoformat()}, and is older than the one in"
            f" use, which was fetched at {newest.isoformat()}",
            remedy=f"bring a newer one; or {_FORCE}",
        )
    if ends is not None and ends <= one.now:
        yield LicenseError(
            f"{name} ended on {ends.date().isoformat()} ({one.license.expiry_source})",
            remedy=f"bring a newer one; or {_FORCE}",
        )
