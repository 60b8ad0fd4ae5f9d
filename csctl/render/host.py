"""What Compose and systemd share: replicas on one host, and what must be there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from csctl.container.spec import PublishedPort
from csctl.contract import arguments
from csctl.render.workload import Workload

INSIDE: Final = arguments.PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One of a profile's containers on a host, with a port of its own."""

    name: str
    published: str
    """`ADDRESS:PORT`."""


def replicas(workload: Workload) -> Iterator[Replica]:
    """The containers: the first has the profile's port, each other the next one."""
    several = workload.replicas > 1
    port = workload.profile.port
    for index in range(workload.replicas):
        number = port.number + index
        published = PublishedPort(
            address=port.address, number=number, inside=arguments.PORT
        )
        name = workload.profile.name
        yield Replica(
            name=f"{name}-{number}" if several else name, published=str(published)
        )


def head(workloads: Sequence[Workload]) -> Iterator[str]:
    """What has to lie on the host before anything starts."""
    yield "It mounts what csctl keeps on this host; so first, for each profile:"
    yield "  csctl model pull PROFILE      # and csctl display pull PROFILE"
    if any(one.profile.mode == "disconnected" for one in workloads):
        yield "  csctl license pull PROFILE    # then render again: it gets a new path"
    yield "  csctl mount fix PROFILE"
    yield "csctl does not manage these containers: csctl down PROFILE before."


def notes(workload: Workload) -> Iterator[str]:
    """What an operator should know of this host's side."""
    if workload.replicas > 1:
        ports = ", ".join(one.published for one in replicas(workload))
        yield f"{workload.replicas} replicas have a port each, {ports}: balance them"
