"""Status: every managed container and every profile, at one look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from csctl import license as licenses
from csctl import probe
from csctl.container import drift
from csctl.container.drift import Difference
from csctl.container.observed import Container, Listed
from csctl.container.spec import LABEL_LICENSE, is_passing_name
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, LicenseError
from csctl.license import Expiry, StoredLicense
from csctl.lifecycle import applied, observe
from csctl.lifecycle.apply import propose
from csctl.lifecycle.observe import Snapshot
from csctl.lifecycle.ready import address_of
from csctl.plan.steps import Replace, Update
from csctl.profile.model import Profile

_SIDE_BY_SIDE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseState:
    """A license and its expiry, as far as known."""

    license: StoredLicense | None
    expiry: Expiry
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One row: a profile, its container, or both."""

    profile: str
    container: Container | None
    ready: bool
    api_status: str | None
    license: LicenseState | None
    drift: tuple[Difference, ...]
    wanted: Profile | None
    problem: CsctlError | None = None
    """Why the profile could not be compared."""


def status(
    engine: Engine, profiles: Iterable[Profile], environ: Mapping[str, str]
) -> tuple[Status, ...]:
    """All managed containers, or those of the named profiles.

    One list for all, one inspect per managed container side by side, and a probe of
    each that runs; foreign containers cost nothing. Raises EngineError.
    """
    wanted = {profile.name: profile for profile in profiles}
    # Profiles name files, which only an Engine of this host sees as csctl does.
    compared = tuple(wanted.values()) if engine.local else ()
    seen = observe.snapshot(engine, compared) if compared else None
    listed = seen.listed if seen else engine.containers()
    mine = [r.name for r in listed if _shown(r) and (not wanted or r.name in wanted)]
    containers = seen.containers if seen else engine.inspect_all(mine)
    names = list(wanted) or sorted(name for name in mine if name in containers)
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        rows = [
            pool.submit(
                _row,
                engine,
                name,
                containers.get(name) if name in mine else None,
                wanted.get(name),
                environ,
                seen,
            )
            for name in names
        ]
        return tuple(row.result() for row in rows)


def _shown(row: Listed) -> bool:
    return row.serves and not is_passing_name(row.name)


def _row(
    engine: Engine,
    name: str,
    container: Container | None,
    profile: Profile | None,
    environ: Mapping[str, str],
    seen: Snapshot | None,
) -> Status:
    ready, api = _ask(engine, container)
    found: tuple[Difference, ...] = ()
    problem: CsctlError | None = None
    if profile is not None and seen is not None and container is not None:
        try:
            plan = propose(engine, profile, environ, seen)
            for step in plan.steps:
                if isinstance(step, Replace | Update):
                    found += step.differences
        except CsctlError as error:
            problem = error
    elif container is not None:
        found = drift.compare(None, applied.fields_of(container), container)
    return Status(
        profile=name,
        container=container,
        ready=ready,
        api_status=api,
        license=_license(container, profile),
        drift=found,
        wanted=profile,
        problem=problem,
    )


def _ask(engine: Engine, container: Container | None) -> tuple[bool, str | None]:
    if container is None or not container.running:
        return False, None
    address = address_of(engine, container)
    if address is None:
        return False, None
    ready = probe.is_ready(address)
    told = probe.api_status(address)
    return ready, told.status if told else None


def _license(
    container: Container | None, profile: Profile | None
) -> LicenseState | None:
    mode = profile.mode if profile else container.mode if container else None
    if mode != "disconnected":
        return None
    used = container.labels.get(LABEL_LICENSE) if container else None
    stored: StoredLicense | None = None
    try:
        if used is not None:
            stored = licenses.read(Path(used))
        elif profile is not None:
            stored = licenses.choose(profile.license_root, None, profile.model.id)
    except LicenseError:
        stored = None
    return license_state(stored, profile)


def license_state(
    stored: StoredLicense | None, profile: Profile | None
) -> LicenseState:
    """A license with the expiry that the profile declares or its files tell."""
    return LicenseState(
        license=stored,
        expiry=licenses.expiry(stored, profile.license if profile else None),
        now=datetime.now(UTC),
    )
