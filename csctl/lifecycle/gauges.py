"""Gauges: what a monitor wants to know of each profile, read in one go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from csctl import probe
from csctl.container.observed import Container
from csctl.engine.engine import Engine
from csctl.errors import NotReady
from csctl.lifecycle.ready import address_of
from csctl.lifecycle.status import LicenseState, Status, license_of, status
from csctl.lifecycle.usage import meters
from csctl.profile.model import Profile

_SIDE_BY_SIDE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One profile, or one managed container that no profile names."""

    profile: str
    status: Status | None
    """None where the Engine does not answer."""
    license: LicenseState | None
    usage: Mapping[str, float] = field(default_factory=dict)
    """Quantity by meter over all records, as far as the container tells."""


def read(
    engine: Engine, profiles: Iterable[Profile], environ: Mapping[str, str]
) -> tuple[Gauge, ...]:
    """Of all managed containers, or of those of the profiles. Raises EngineError."""
    rows = status(engine, profiles, environ).rows
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        used = pool.map(lambda row: _usage(engine, row.container), rows)
        return tuple(
            Gauge(profile=row.profile, status=row, license=row.license, usage=usage)
            for row, usage in zip(rows, used, strict=True)
        )


def read_without_engine(profiles: Iterable[Profile]) -> tuple[Gauge, ...]:
    """What the disk alone tells: the licenses of the profiles."""
    return tuple(
        Gauge(profile=one.name, status=None, license=license_of(None, one))
        for one in profiles
    )


def _usage(engine: Engine, container: Container | None) -> Mapping[str, float]:
    if container is None or not container.running or container.mode == "connected":
        return {}
    address = address_of(engine, container)
    if address is None:
        return {}
    try:
        return meters(probe.usage_records(address, container.name, None))
    except NotReady:
        return {}
