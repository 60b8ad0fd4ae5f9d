"""Why a license is not refreshed, or gone back from. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from csctl.container.observed import Container
from csctl.container.spec import next_name
from csctl.errors import CsctlError, LicenseError, UsageError
from csctl.license import StoredLicense
from csctl.plan.observed import Observed
from csctl.profile.model import Profile
from csctl.profile.warning import LEAST_MEMORY
from csctl.size import format_size

_SERVES = ("running", "restarting")
"""A container that keeps crashing over its license is the one to be helped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What an operator lets a refresh do."""

    mismatch: bool = False
    """Take a license that is older, or for another image or model than serves."""
    interruption: bool = False
    """Replace without a proof beside, where memory is short for it."""


def serves(seen: Observed) -> Container | None:
    """The container that a proven license is put into; None where none runs.

    One that a broken-off replacement stopped will run again.
    """
    if seen.serving is None:
        return None
    stays = runs(seen.serving) or _interrupted(seen, seen.serving)
    return seen.serving if stays else None


def runs(serving: Container) -> bool:
    """Whether a container serves, or would if its license let it."""
    return serving.state in _SERVES


def _interrupted(seen: Observed, serving: Container) -> bool:
    """Whether a replacement was broken off: one waits, or another was created."""
    profile = serving.profile or serving.name
    return seen.replaced is not None or next_name(profile) in seen.leftovers


def needed(profile: Profile) -> int:
    """Bytes of memory that a second container may take."""
    return profile.resources.memory or LEAST_MEMORY


def gaps(profile: Profile, seen: Observed) -> Iterator[CsctlError]:
    """What a license is fetched with, and is not here."""
    what = None
    if seen.model is None:
        what = "is not on this host"
    elif seen.model.damage:
        what = f"is damaged: {seen.model.damage[0]}"
    if what is not None:
        yield UsageError(
            f"{profile.name}: model {seen.model_id or 'of the profile'} {what}, and the"
            " license step needs it",
            remedy="download it first: csctl model pull",
        )


def mismatches(
    profile: Profile, seen: Observed, used: StoredLicense | None
) -> Iterator[CsctlError]:
    """Why a license fetched now would not take the place of the one in use."""
    serving = serves(seen)
    if serving is not None:
        remedy = (
            "apply the profile first: csctl apply; or move image, model and license"
            " together: --force"
        )
        if seen.image is not None:
            same_image = seen.image.id == serving.image_id
        else:
            same_image = str(seen.reference) == serving.image
        if not same_image:
            yield LicenseError(
                f"{profile.name}: the profile says image {seen.reference}, and"
                f" {serving.image} serves: the new license would not fit it",
                remedy=remedy,
            )
        if seen.model_id != serving.model:
            yield LicenseError(
                f"{profile.name}: the profile says model {seen.model_id}, and"
                f" {serving.model} serves: the new license would not fit it",
                remedy=remedy,
            )
    if used is not None and used.fetched_at is not None and used.fetched_at > seen.now:
        yield LicenseError(
            f"{profile.name}: a license fetched now would be older than the one in use,"
            f" which was fetched at {used.fetched_at.isoformat()}",
            remedy="set the clock of this host; or take it all the same: --force",
        )


def shortage(
    profile: Profile, seen: Observed, free: int, allowed: Allowed
) -> Iterator[CsctlError]:
    """Why a license cannot be proven beside the container that serves."""
    short = needed(profile) > free
    if not short or (allowed.interruption and serves(seen) is not None):
        return
    remedy = "free some memory, or lower resources.memory"
    if serves(seen) is not None:
        remedy += "; or let the replacement be the proof: --allow-interruption"
    yield UsageError(
        f"{profile.name}: a second container, to prove the license, may take"
        f" {format_size(needed(profile))} of memory, and {format_size(free)} is free",
        remedy=remedy,
    )


def unmarkable(license_: StoredLicense) -> LicenseError:
    """Why a container cannot leave a license for good."""
    return LicenseError(
        f"license {license_.directory} has no record in which it could stand that it"
        " was left",
        remedy=f"move {license_.directory} away by hand, and apply",
    )
