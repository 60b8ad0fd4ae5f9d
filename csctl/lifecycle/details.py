"""Details: all that is known of one profile and its container, at one look.

Nothing is changed by it: only GET and HEAD reach the Engine, and no container is
started. What cannot be read is a sentence in its own part, and hides no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from csctl.container.observed import Container
from csctl.container.spec import LABEL_REASON
from csctl.engine.engine import Engine
from csctl.errors import UsageError
from csctl.lifecycle import history, license_stock, mounted, own_models, part
from csctl.lifecycle.commitment import Commitment, commitments
from csctl.lifecycle.fields import FieldRow, fields_of
from csctl.lifecycle.history import Entry
from csctl.lifecycle.license_stock import StockedLicense
from csctl.lifecycle.lookup import managed
from csctl.lifecycle.mounted import Mounted
from csctl.lifecycle.own_models import OwnModel
from csctl.lifecycle.part import Part
from csctl.lifecycle.status import Look, Status, ask, compare, look
from csctl.lifecycle.usage import Month, usage_of
from csctl.lifecycle.wanted import Wanted, wanted_of
from csctl.profile.model import Profile
from csctl.profile.replica import replicas_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """One profile, its container, or both, in full."""

    name: str
    status: Status
    warnings: tuple[str, ...]
    """What the profile says and should not lightly."""
    reason: str | None
    """Why the container was created or replaced."""
    history: tuple[Entry, ...]
    """What was applied, the newest first."""
    fields: Part[FieldRow]
    models: Part[OwnModel]
    licenses: Part[StockedLicense]
    mounts: Part[Mounted]
    usage: Part[Month]
    commitment: Commitment | None
    """What was bought for this year, with what this container alone used of it."""


def details(
    engine: Engine, profile: Profile | None, name: str, environ: Mapping[str, str]
) -> Details:
    """Look at everything about a profile, or a managed container that has none.

    `name` is the profile's own where there is one. Raises EngineError; where there is
    neither ContainerNotFound, NotManaged, or UsageError for one that does not serve.
    """
    seen = look(engine, (profile,) if profile else (), (name,))
    if name not in seen.names:
        managed(engine, name)
        raise UsageError(
            f"{name} is no container that serves", remedy="list them: csctl status"
        )
    container = seen.containers.get(name)
    with ThreadPoolExecutor() as pool:
        looked = pool.submit(part.read, lambda: _wanted(engine, seen, name, environ))
        usage = pool.submit(part.read, lambda: _usage(engine, container))
        found = compare(engine, seen, name, environ)
        row = seen.row(name, ask(engine, container), found)
        models = part.read(lambda: _models(engine, profile, container))
        licenses = part.read(lambda: _licenses(engine, profile, container))
        wanted = looked.result()
        used = usage.result()
        fields = fields_of(next(iter(wanted.rows), None), container, row.drift)
        return Details(
            name=name,
            status=row,
            warnings=profile.warnings if profile else (),
            reason=container.labels.get(LABEL_REASON) if container else None,
            history=_history(engine, profile, container, name),
            fields=Part(fields.rows, (*wanted.notes, *fields.notes)),
            models=models,
            licenses=licenses,
            mounts=part.read(lambda: _mounts(engine, profile, container, wanted)),
            usage=used,
            commitment=_commitment(profile, used),
        )


def _elsewhere(engine: Engine) -> Part[Any]:
    return Part(notes=(f"the files lie on the host of {engine.url}; look there",))


def _wanted(
    engine: Engine, seen: Look, name: str, environ: Mapping[str, str]
) -> Part[Wanted]:
    profile = seen.wanted.get(name)
    if profile is None:
        return Part()
    if profile.fronted_by is not None:
        return Part(notes=(f"a front; its replicas: {_replicas(profile)}",))
    if profile.deploy is not None:
        return Part(notes=("a service of Docker Swarm; see: csctl plan",))
    if seen.snapshot is None:
        return _elsewhere(engine)
    return Part((wanted_of(engine, profile, environ, seen.snapshot),))


def _replicas(profile: Profile) -> str:
    return ", ".join(one.name for one in replicas_of(profile))


def _models(
    engine: Engine, profile: Profile | None, container: Container | None
) -> Part[OwnModel]:
    return (
        own_models.models_of(profile, container) if engine.local else _elsewhere(engine)
    )


def _licenses(
    engine: Engine, profile: Profile | None, container: Container | None
) -> Part[StockedLicense]:
    mode = profile.mode if profile else container.mode if container else None
    if mode == "connected":
        return Part(notes=("a connected container needs no license",))
    if not engine.local:
        return _elsewhere(engine)
    sets = license_stock.sets_of(profile, container)
    return Part(sets, () if sets else ("there is no license",))


def _mounts(
    engine: Engine,
    profile: Profile | None,
    container: Container | None,
    wanted: Part[Wanted],
) -> Part[Mounted]:
    if not engine.local:
        return _elsewhere(engine)
    if container is not None:
        return mounted.of_container(engine, container, profile)
    if wanted.rows:
        return mounted.of_wanted(wanted.rows[0])
    return Part(notes=wanted.notes)


def _usage(engine: Engine, container: Container | None) -> Part[Month]:
    if container is None:
        return Part(notes=("there is no container that could tell",))
    return usage_of(engine, container, datetime.now(UTC))


def _commitment(profile: Profile | None, used: Part[Month]) -> Commitment | None:
    if profile is None or not used.rows:
        return None
    year = used.rows[-1].month[:4]
    found = commitments((profile,), {profile.name: used.rows}, year)
    return found[0] if found else None


def _history(
    engine: Engine, profile: Profile | None, container: Container | None, name: str
) -> tuple[Entry, ...]:
    state = profile.state_dir if profile else None
    if state is None and container is not None and container.state_directory:
        state = Path(container.state_directory)
    return history.read(state, name) if state and engine.local else ()
