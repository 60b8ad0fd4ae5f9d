"""License sets on this host: all that were fetched, and the one that serves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from csctl import license as licenses
from csctl.container.observed import Container
from csctl.container.spec import LABEL_LICENSE
from csctl.errors import UsageError
from csctl.lifecycle.status import LicenseState, license_state
from csctl.plan.steps import FetchLicense, Plan
from csctl.profile.model import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class StockedLicense:
    """One set: its files and its end, and whether the container has it."""

    state: LicenseState
    serves: bool
    refused: str | None
    """Why no apply chooses it: it failed its proof, or was left by going back."""
    damage: tuple[str, ...]


def sets_of(
    profile: Profile | None, container: Container | None
) -> tuple[StockedLicense, ...]:
    """The license sets of a profile, or beside the one that a container has.

    The newest first. Raises LicenseError, UsageError where nothing says where they lie.
    """
    used = container.labels.get(LABEL_LICENSE) if container else None
    return tuple(
        StockedLicense(
            state=license_state(stored, profile),
            serves=used is not None and Path(used) == stored.directory,
            refused=stored.refused,
            damage=stored.damage,
        )
        for stored in licenses.stored(_root(profile, used))
    )


def propose_fetch(profile: Profile) -> Plan:
    """What fetching a license comes to; the next apply is what uses it."""
    step = FetchLicense(root=profile.license_root, reason="a new one is asked for")
    note = "a running container keeps the license that it has until the next apply"
    return Plan(profile=profile.name, steps=(step,), notes=(note,))


def _root(profile: Profile | None, used: str | None) -> Path:
    if profile is not None:
        return profile.license_root
    if used is None:
        raise UsageError(
            "neither a profile nor the container says where licenses lie",
            remedy="name the profile when csctl is started",
        )
    return Path(used).parent
