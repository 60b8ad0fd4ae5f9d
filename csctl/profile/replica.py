"""Replicas: the profiles of the single containers behind a front.

A replica is planned and applied like any other profile. It differs in its name, in the
directory of its usage records, and in that it has no port of this host.
"""

from __future__ import annotations

import msgspec

from csctl.profile.model import Mounts, Profile, Seat

_NETWORK_PREFIX = "csctl-"


def replica_name(profile: str, number: int) -> str:
    """The name of a profile's container, counted from 1."""
    return f"{profile}-{number}"


def network_of(profile: Profile) -> str:
    """The network that a front and its replicas share, and nobody else."""
    return f"{_NETWORK_PREFIX}{profile.name}"


def seat_of(profile: Profile) -> Seat:
    """The seat of each replica of a profile that has a front."""
    front = profile.fronted_by
    assert front is not None, "only a front has seats"
    return Seat(front=profile.name, network=network_of(profile), drain=front.drain)


def replicas_of(profile: Profile) -> tuple[Profile, ...]:
    """A profile for each container that serves; itself where no front stands before it.

    All share models and licenses. Usage records are each container's own: whether
    several may write into one directory is not known (facts: container.md section 4.3).
    """
    if profile.fronted_by is None:
        return (profile,)
    seat = seat_of(profile)
    names = (replica_name(profile.name, n) for n in range(1, profile.replicas + 1))
    return tuple(_replica(profile, name, seat) for name in names)


def _replica(profile: Profile, name: str, seat: Seat) -> Profile:
    mounts = Mounts(
        models=profile.models_root,
        license=profile.license_root,
        output=profile.output_dir / name,
    )
    return msgspec.structs.replace(
        profile, name=name, mounts=mounts, replicas=1, front=None, seat=seat
    )
