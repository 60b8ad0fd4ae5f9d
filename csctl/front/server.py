"""Servers: the containers that a front knows, and what should change about them. Pure.

A front has a fixed number of places. Each free one has a name that no DNS server knows;
a taken one has the short id of a container, which the Engine's own DNS server resolves
whatever the container is called and whatever address it has now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from csctl.profile.model import MOST_REPLICAS

PLACES: Final = 2 * MOST_REPLICAS
"""Each replica may have its replacement beside it."""
VACANT: Final = "vacant.invalid"
_SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One place of a front, as the front reports it."""

    place: str
    host: str
    """The container's short id, or VACANT."""
    address: str | None
    """What it was resolved to last, perhaps for the host before; None at first."""
    up: bool
    """Whether its `/ready` answers 200 and it takes sessions."""
    draining: bool
    sessions: int
    """How many go on now."""

    @property
    def vacant(self) -> bool:
        return self.host == VACANT


def host_of(container_id: str) -> str:
    """The name by which a front finds a container."""
    return container_id[:_SHORT]


def place(number: int) -> str:
    """The name of a place, counted from 1."""
    return f"place{number}"


def seated(hosts: Iterable[str]) -> dict[str, str]:
    """Hosts by place, for a front that does not run yet."""
    return {place(number): host for number, host in enumerate(hosts, 1)}


def missing(servers: Iterable[Server], hosts: Iterable[str]) -> Iterator[str]:
    """Hosts that a front does not let sessions go to."""
    known = {one.host for one in servers if not one.draining}
    return (host for host in hosts if host not in known)


def surplus(servers: Iterable[Server], hosts: Iterable[str]) -> Iterator[Server]:
    """Places of containers that are not among these hosts."""
    wanted = {VACANT, *hosts}
    return (one for one in servers if one.host not in wanted)


def taken(servers: Iterable[Server]) -> Mapping[str, str]:
    """Hosts by place, of a front that runs; draining ones are on their way out."""
    return {one.place: one.host for one in servers if not (one.vacant or one.draining)}
