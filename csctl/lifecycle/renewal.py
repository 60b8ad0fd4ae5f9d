"""Refreshing a license, and going back, for all the containers of a profile.

Behind a front the first replica proves the license; the others follow one by one, each
beside its front, so that no recognition is dropped.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping
from datetime import timedelta

from csctl import lock
from csctl.engine.engine import Engine
from csctl.errors import UsageError
from csctl.lifecycle import apply as alone
from csctl.lifecycle import observe, refresh, replicas, rollback
from csctl.lifecycle.events import Event
from csctl.lifecycle.status import LicenseState
from csctl.plan.refusals import Allowed
from csctl.plan.steps import Plan
from csctl.profile.model import Profile
from csctl.profile.replica import replicas_of

_STRICT = Allowed()


def propose_refresh(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    allowed: Allowed = _STRICT,
) -> Plan:
    """What a refresh would do; looks, and changes nothing. Raises CsctlError."""
    first, *others = _containers(profile)
    plan = refresh.propose_refresh(engine, first, environ, allowed)
    return _of_all(profile, plan, others)


def refresh_license(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    *,
    allowed: Allowed = _STRICT,
    timeout: timedelta | None = None,
) -> Generator[Event, None, LicenseState]:
    """Fetch a license, prove it, and let all containers serve with it.

    Raises CsctlError; see `csctl.lifecycle.refresh`.
    """
    first, *others = _containers(profile)
    work = refresh.refresh(engine, first, environ, allowed=allowed, timeout=timeout)
    if profile.fronted_by is None:
        return (yield from work)
    with lock.hold(observe.lock_path(profile), f"profile {profile.name}"):
        state = yield from work
        for one in _standing(engine, others):
            yield from alone.apply(engine, one, environ, timeout=timeout)
        yield from _finish(engine, profile, environ, timeout)
    return state


def propose_rollback(
    engine: Engine, profile: Profile, environ: Mapping[str, str]
) -> Plan:
    """What a rollback would do; looks, and changes nothing. Raises CsctlError."""
    first, *others = _containers(profile)
    return _of_all(profile, rollback.propose_rollback(engine, first, environ), others)


def roll_back(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    *,
    timeout: timedelta | None = None,
) -> Generator[Event, None, LicenseState]:
    """Let all containers serve with the license set before.

    Raises CsctlError; see `csctl.lifecycle.rollback`.
    """
    first, *others = _containers(profile)
    work = rollback.rollback(engine, first, environ, timeout=timeout)
    if profile.fronted_by is None:
        return (yield from work)
    with lock.hold(observe.lock_path(profile), f"profile {profile.name}"):
        state = yield from work
        for one in _standing(engine, others):
            yield from rollback.rollback(engine, one, environ, timeout=timeout)
        yield from _finish(engine, profile, environ, timeout)
    return state


def _containers(profile: Profile) -> tuple[Profile, ...]:
    """The containers to go through. Raises UsageError for a service of Swarm."""
    if profile.deploy is not None:
        raise UsageError(
            f"{profile.name} is a service, and its nodes have licenses of their own",
            remedy="fetch one (csctl license pull), bring it to the same path on every"
            " node, and apply",
        )
    return replicas_of(profile)


def _of_all(profile: Profile, plan: Plan, others: list[Profile]) -> Plan:
    names = ", ".join(one.name for one in others)
    notes = (f"{names}: the same afterwards, one by one",) if others else ()
    return dataclasses.replace(plan, profile=profile.name, notes=(*plan.notes, *notes))


def _standing(engine: Engine, others: list[Profile]) -> list[Profile]:
    there = engine.inspect_all(one.name for one in others)
    return [one for one in others if one.name in there]


def _finish(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    timeout: timedelta | None,
) -> Generator[Event, None, None]:
    """Let the front know; where there is none, nothing serves."""
    if engine.container(profile.name) is not None:
        yield from replicas.finish(engine, profile, environ, timeout)
