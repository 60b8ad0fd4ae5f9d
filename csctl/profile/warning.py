"""What a profile may say and should not lightly.

The documented figures: 4 cores and 4 GB at least, and 4 to 8 GB more for the model
(facts: container.md section 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from csctl.size import format_size

if TYPE_CHECKING:
    from csctl.profile.model import Deploy, Profile, Resources

LEAST_CPUS: Final = 4
LEAST_MEMORY: Final = 8 << 30
"""For the container and the smallest model together."""

_CPUS = f"the documented minimum is {LEAST_CPUS} cores"
_MEMORY = "the documented minimum is 4 GB, and 4 to 8 GB more for the model"


def of(profile: Profile) -> Iterator[str]:
    """One sentence for each warning, with its key first."""
    yield from _resources(profile.resources)
    front = profile.fronted_by
    if not profile.port.is_loopback and (front is None or front.secret is None):
        yield (
            f"port: {profile.port} is open to others, and the container has no access"
            " control" + ("" if front is None else "; front.secret asks for one")
        )
    if front is not None and front.secret is not None and front.tls is None:
        yield "front.secret: it goes over the network in clear; write front.tls"
    if profile.deploy is not None:
        yield from _deploy(profile.deploy)
    if profile.api_key_as == "argument":
        yield "api_key_as: every user of the host can read an argument in ps"
    license_ = profile.license
    declared = license_ and (license_.valid_for or license_.expires)
    if profile.mode == "disconnected" and not declared:
        yield "license: no expiry is declared; write valid_for or expires, if known"


def _deploy(deploy: Deploy) -> Iterator[str]:
    if deploy.keys == "environment":
        yield "deploy.keys: all who may ask Swarm read keys in the environment"
    if not deploy.health:
        yield (
            "deploy.health: Swarm cannot see whether a task is ready, and replaces the"
            " next one after deploy.update.watch"
        )


def _resources(resources: Resources) -> Iterator[str]:
    if resources.cpus is None:
        yield f"resources.cpus: no limit is set; {_CPUS}"
    elif resources.cpus < LEAST_CPUS:
        yield f"resources.cpus: {resources.cpus:g} is too few; {_CPUS}"
    if resources.memory is None:
        yield f"resources.memory: no limit is set; {_MEMORY}"
    elif resources.memory < LEAST_MEMORY:
        have = format_size(resources.memory)
        yield f"resources.memory: {have} is too little; {_MEMORY}"
