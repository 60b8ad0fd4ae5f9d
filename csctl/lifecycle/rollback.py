"""Going back to the license set before: image, model and license move together."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping
from datetime import UTC, datetime, timedelta

from csctl import license as license_store
from csctl import lock, model
from csctl.engine.engine import Engine
from csctl.errors import InvalidReference, LicenseError, UsageError
from csctl.license import StoredLicense
from csctl.lifecycle import history, mounts, observe, succession
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event, Note
from csctl.lifecycle.memory import free_memory
from csctl.lifecycle.status import LicenseState, license_state
from csctl.lifecycle.succession import Sight
from csctl.plan import refresh as decide
from csctl.plan.observed import Observed
from csctl.plan.steps import Plan
from csctl.profile.model import Profile
from csctl.record import Record
from csctl.reference import ImageReference


def propose_rollback(
    engine: Engine, profile: Profile, environ: Mapping[str, str]
) -> Plan:
    """What a rollback would do; looks, and changes nothing. Raises CsctlError."""
    engine.require_local("license rollback")
    seen = succession.look(engine, profile, environ)
    return _sight(engine, profile, seen).plan


def rollback(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    *,
    timeout: timedelta | None = None,
) -> Generator[Event, None, LicenseState]:
    """Let the profile's container serve with the license set before.

    The set that is left is marked, so that the next apply does not choose it.
    `timeout` is for readiness, in place of the profile's. Raises LicenseError where
    there is no such set, or part of it is gone; RolledBack where it fails.
    """
    engine.require_local("license rollback")
    demand = Demand.of(profile, timeout)
    with lock.hold(observe.lock_path(profile), f"profile {profile.name}"):
        back = yield from history.kept(profile, _run(engine, profile, environ, demand))
        seen = succession.look(engine, profile, environ, locked=True)
        for note in decide.forward_notes(seen, back):
            yield Note(text=note)
    assert back.license is not None, "it serves"
    return license_state(license_store.read(back.license.directory), profile)


def _run(
    engine: Engine, profile: Profile, environ: Mapping[str, str], demand: Demand
) -> Generator[Event, None, Observed]:
    sight = yield from succession.settle(
        engine, profile, environ, lambda seen: _sight(engine, profile, seen)
    )
    job = succession.job_of(engine, profile, environ, sight)
    today = datetime.now(UTC).date().isoformat()
    yield from succession.put_to_use(
        job, sight, demand, why_left=f"rolled back on {today}"
    )
    return sight.seen


def _sight(engine: Engine, profile: Profile, seen: Observed) -> Sight:
    if seen.serving is None:
        raise UsageError(
            f"{profile.name}: there is no container that could go back",
            remedy="apply the profile first: csctl apply",
        )
    used = succession.used_directory(seen)
    if used is None:
        raise LicenseError(
            f"{profile.name}: the container serves without a license",
            remedy="see: csctl status",
        )
    before = license_store.before(profile.license_root, used)
    if before is None:
        raise LicenseError(
            f"{profile.name}: there is no license set before {used}",
            remedy="fetch a new one: csctl license refresh",
        )
    back = _as_if(engine, profile, seen, before)
    left = license_store.newer(profile.license_root, before.directory)
    free = free_memory(engine)
    plan = decide.rollback(profile, seen, back, left=left, free=free)
    return Sight(seen=back, plan=plan, free=free, left=left)


def _as_if(
    engine: Engine, profile: Profile, seen: Observed, license_: StoredLicense
) -> Observed:
    """What was seen, with an earlier set in the place of the one that is wanted.

    Raises LicenseError, naming what is gone.
    """
    known = license_.record
    if known is None:
        return dataclasses.replace(seen, license=license_)
    image = engine.image(known.image_id)
    stored = model.stored(profile.models_root, known.id)
    missing = []
    if image is None:
        missing.append(f"image {known.image} ({known.image_id}) is not in the Engine")
    if stored is None or stored.damage:
        missing.append(f"model {known.id} is not whole in {profile.models_root}")
    if image is None or stored is None or missing:
        raise LicenseError(
            f"{profile.name}: license {license_.directory} cannot serve again:"
            f" {', and '.join(missing)}",
            remedy="bring it back, or fetch a new license: csctl license refresh",
        )
    owner = mounts.known_owner(profile.state_dir, image)
    return dataclasses.replace(
        seen,
        reference=_reference(seen, known),
        image=image,
        model_id=known.id,
        model=stored,
        license=license_,
        owner=owner,
        not_owned=()
        if owner is None
        else observe.find_not_owned(profile, owner, stored, license_),
    )


def _reference(seen: Observed, known: Record) -> ImageReference:
    """How the image of a set is called; its id is what counts."""
    if seen.image is not None and seen.image.id == known.image_id:
        return seen.reference
    try:
        return ImageReference.parse(known.image)
    except InvalidReference:
        return seen.reference  # An adopted container may have been made from an id.
