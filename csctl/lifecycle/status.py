"""Status: every managed container and every profile, at one look."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from csctl import clock, expiry, probe
from csctl import license as licenses
from csctl.clock import Moment
from csctl.container import drift
from csctl.container.drift import Difference
from csctl.container.observed import Container, Listed
from csctl.container.spec import LABEL_LICENSE, is_passing_name
from csctl.engine.engine import Engine
from csctl.errors import (
    ClockBehind,
    CsctlError,
    EngineError,
    EngineUnavailable,
    LicenseError,
)
from csctl.expiry import Expiry, Term
from csctl.license import StoredLicense
from csctl.lifecycle import applied, recorded, service, snapshot
from csctl.lifecycle.ready import address_of
from csctl.lifecycle.snapshot import Snapshot
from csctl.plan.steps import Plan, differences
from csctl.profile.model import License as Declared
from csctl.profile.model import Profile
from csctl.profile.replica import replicas_of

_SIDE_BY_SIDE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseState:
    """A license and its expiry, as far as known."""

    license: StoredLicense | None
    expiry: Expiry
    now: datetime
    recorded: Moment | None = None
    """The newest moment that csctl recorded beside it."""

    @property
    def behind(self) -> ClockBehind | None:
        """Why no days are counted: this host's clock is behind what was recorded."""
        return clock.behind(self.now, self.recorded)

    @property
    def days_left(self) -> int | None:
        """Whole days left, rounded down; None where the end or the day is unknown."""
        return None if self.behind is not None else self.expiry.days_left(self.now)

    def term(self, declared: Declared | None) -> Term:
        """How far it is from its end, by the profile's `renew_before`."""
        if self.behind is not None:
            return "unknown"
        return expiry.term(self.expiry, declared, self.now)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a container says of itself; one that does not run says nothing."""

    ready: bool = False
    api_status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How far a container is from its profile, or why that is not known."""

    drift: tuple[Difference, ...] = ()
    problem: CsctlError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Profiles and managed containers at one moment, as the Engine tells of them."""

    names: tuple[str, ...]
    """A row for each: the profiles' as given, then containers that none names."""
    containers: Mapping[str, Container]
    wanted: Mapping[str, Profile]
    snapshot: Snapshot | None
    """What the profiles are compared with; None where they cannot be."""
    unknown: EngineError | None
    """Why a swarm does not tell of its services; all else is told all the same."""

    def row(self, name: str, answer: Answer, found: Comparison) -> Status:
        """One row, with what was asked and compared meanwhile."""
        container, profile = self.containers.get(name), self.wanted.get(name)
        of_service = profile is not None and profile.deploy is not None
        return Status(
            profile=name,
            container=container,
            ready=answer.ready,
            api_status=answer.api_status,
            license=license_of(container, profile),
            drift=found.drift,
            wanted=profile,
            problem=found.problem or (self.unknown if of_service else None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All rows, and what is missing among them."""

    rows: tuple[Status, ...]
    unknown: EngineError | None
    """Why a swarm does not tell of its services."""


def status(
    engine: Engine, profiles: Iterable[Profile], environ: Mapping[str, str]
) -> Overview:
    """All managed containers, or those of the named profiles.

    One list for all, one inspect per managed container side by side, and a probe of
    each that runs; foreign containers cost nothing. Raises EngineError.
    """
    profiles = tuple(profiles)
    names = [row.name for profile in profiles for row in _rows_of(profile)]
    seen = look(engine, profiles, names or None)

    def row(name: str) -> Status:
        answer = ask(engine, seen.containers.get(name))
        return seen.row(name, answer, compare(engine, seen, name, environ))

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return Overview(rows=tuple(pool.map(row, seen.names)), unknown=seen.unknown)


def unasked(engine: Engine, profiles: Iterable[Profile]) -> tuple[Status, ...]:
    """A row for each profile and managed container, as the Engine alone tells it.

    No container is asked anything, and nothing is compared. Raises EngineError.
    """
    seen = look(engine, profiles)
    return tuple(seen.row(name, Answer(), Comparison()) for name in seen.names)


def look(
    engine: Engine, profiles: Iterable[Profile], names: Collection[str] | None = None
) -> Look:
    """Look at all profiles and all managed containers, or at those of some names.

    Raises EngineError.
    """
    rows = {row.name: row for one in profiles for row in _rows_of(one)}
    wanted = {n: row for n, row in rows.items() if names is None or n in names}
    # Profiles name files, which only an Engine of this host sees as csctl does.
    compared = tuple(wanted.values()) if engine.local else ()
    seen = snapshot.take(engine, compared) if compared else None
    listed = seen.listed if seen else engine.containers()
    services, unknown = _services(engine, wanted, names)
    mine = [r.name for r in listed if _shown(r) and (names is None or r.name in names)]
    mine += [name for name in services if names is None or name in names]
    found = (dict(seen.containers) if seen else {}) | services
    found |= engine.inspect_all(name for name in mine if name not in found)
    containers = {name: found[name] for name in mine if name in found}
    return Look(
        names=(*wanted, *sorted(containers.keys() - wanted.keys())),
        containers=containers,
        wanted=wanted,
        snapshot=seen,
        unknown=unknown,
    )


def _services(
    engine: Engine, wanted: Mapping[str, Profile], names: Collection[str] | None
) -> tuple[dict[str, Container], EngineError | None]:
    """The services by name, or why nothing is known of them.

    Without a majority of its managers a swarm tells nothing, while containers run on.
    """
    if names is not None and all(
        name in wanted and wanted[name].deploy is None for name in names
    ):
        return {}, None
    try:
        return service.as_containers(engine), None
    except EngineUnavailable:
        raise
    except EngineError as error:
        return {}, error


def _rows_of(profile: Profile) -> Iterable[Profile]:
    """A row for the front, and for each replica behind it."""
    if profile.fronted_by is not None:
        yield profile
    yield from replicas_of(profile)


def _shown(row: Listed) -> bool:
    return (row.serves or row.fronts) and not is_passing_name(row.name)


def compare(
    engine: Engine, seen: Look, name: str, environ: Mapping[str, str]
) -> Comparison:
    """Compare a container with its profile, or else with what it was created with."""
    container, profile = seen.containers.get(name), seen.wanted.get(name)
    if container is None:
        return Comparison()
    if profile is None or seen.snapshot is None:
        if container.serves_in_swarm:
            return _compare_service(engine, name)
        return compare_alone(container)
    try:
        plan = _plan_of_row(profile)(engine, profile, environ, seen.snapshot)
    except CsctlError as error:
        return Comparison(problem=error)
    return Comparison(drift=tuple(d for step in plan.steps for d in differences(step)))


def _compare_service(engine: Engine, name: str) -> Comparison:
    try:
        return Comparison(drift=service.drift_of(engine, name))
    except CsctlError as error:
        return Comparison(problem=error)


def _plan_of_row(profile: Profile) -> Callable[..., Plan]:
    # Nobody waits for these to see a first list.
    from csctl.lifecycle import swarm
    from csctl.lifecycle.apply import propose
    from csctl.lifecycle.replicas import propose_front

    if profile.deploy is not None:
        return swarm.propose
    # The replicas of a profile with a front have rows of their own.
    return propose if profile.fronted_by is None else propose_front


def compare_alone(container: Container) -> Comparison:
    """Compare a container with what it was created with."""
    return Comparison(
        drift=drift.compare(None, applied.fields_of(container), container)
    )


def ask(engine: Engine, container: Container | None) -> Answer:
    """Ask a container whether it is ready, and for the state of its API key.

    A service is ready when all its tasks are; they tell nothing else.
    """
    if container is None or not container.running:
        return Answer()
    if container.serves_in_swarm:
        return Answer(ready=_service_is_ready(engine, container.name))
    address = address_of(engine, container)
    if address is None:
        return Answer()
    ready = probe.is_ready(address)
    told = probe.api_status(address)
    return Answer(ready=ready, api_status=told.status if told else None)


def _service_is_ready(engine: Engine, name: str) -> bool:
    try:
        return service.is_ready(engine, name)
    except EngineUnavailable:
        raise
    except EngineError:
        return False  # Why nothing is known is told of the whole swarm.


def license_of(
    container: Container | None, profile: Profile | None
) -> LicenseState | None:
    """The license that a container serves with, or else the profile's newest.

    None where there needs to be none.
    """
    mode = profile.mode if profile else container.mode if container else None
    # A front has none of its own; the replicas behind it have.
    if mode != "disconnected" or (profile is not None and profile.fronted_by):
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
        expiry=expiry.of(stored, profile.license if profile else None),
        now=datetime.now(UTC),
        recorded=recorded.newest(profile) if profile else None,
    )
