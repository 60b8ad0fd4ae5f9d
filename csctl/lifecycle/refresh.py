"""Refreshing a license: a new one, proven, in the place of the one that serves."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping
from datetime import timedelta

from csctl import license as license_store
from csctl import lock
from csctl.engine.engine import Engine
from csctl.license import StoredLicense
from csctl.lifecycle import history, licenses, observe, succession
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event, timed
from csctl.lifecycle.memory import free_memory
from csctl.lifecycle.status import LicenseState, license_state
from csctl.lifecycle.succession import Sight
from csctl.plan import refresh as decide
from csctl.plan.observed import Observed
from csctl.plan.refusals import Allowed
from csctl.plan.steps import Plan
from csctl.profile.model import Profile

_STRICT = Allowed()


def propose_refresh(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    allowed: Allowed = _STRICT,
) -> Plan:
    """What a refresh would do; looks, and changes nothing. Raises CsctlError."""
    engine.require_local("license refresh")
    seen = succession.look(engine, profile, environ)
    return _sight(engine, profile, seen, allowed).plan


def _sight(engine: Engine, profile: Profile, seen: Observed, allowed: Allowed) -> Sight:
    free = free_memory(engine)
    plan = decide.refresh(
        profile,
        seen,
        used=succession.used_license(seen),
        free=free,
        allowed=allowed,
    )
    return Sight(seen=seen, plan=plan, free=free)


def refresh(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    *,
    allowed: Allowed = _STRICT,
    timeout: timedelta | None = None,
) -> Generator[Event, None, LicenseState]:
    """Fetch a license, prove it, and let the profile's container serve with it.

    Where no container runs the proof is all, and the next apply uses the license.
    `timeout` is for readiness, in place of the profile's. Raises RolledBack where the
    license fails: it is marked as refused, and what served before serves.
    """
    engine.require_local("license refresh")
    demand = Demand.of(profile, timeout)
    with lock.hold(observe.lock_path(profile), f"profile {profile.name}"):
        run = _run(engine, profile, environ, allowed, demand)
        new = yield from history.kept(profile, run, well="refreshed")
        yield from succession.drop_surplus(engine, profile)
    return license_state(license_store.read(new.directory), profile)


def _run(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    allowed: Allowed,
    demand: Demand,
) -> Generator[Event, None, StoredLicense]:
    sight = yield from succession.settle(
        engine,
        profile,
        environ,
        lambda seen: _sight(engine, profile, seen, allowed),
    )
    job = succession.job_of(engine, profile, environ, sight)
    model_id = sight.seen.model_id
    assert model_id is not None, "a model that is not here is a problem"
    new = yield from timed(
        sight.plan.steps[0], licenses.fetch(job, model_id, on_trial=True)
    )
    sight = dataclasses.replace(
        sight,
        seen=dataclasses.replace(sight.seen, license=new),
        left=license_store.newer(profile.license_root, new.directory),
    )
    yield from succession.put_to_use(
        job, sight, demand, why_left="an older one was forced into use"
    )
    return new
