"""Several profiles at once: their plans out of one look at the Engine."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from csctl.engine.engine import Engine
from csctl.errors import CsctlError, EngineUnavailable, UsageError
from csctl.lifecycle import snapshot
from csctl.lifecycle.apply import Outcome, apply, confirm, propose
from csctl.lifecycle.events import Event
from csctl.lifecycle.side_by_side import Work
from csctl.plan.steps import Plan
from csctl.profile.model import Profile

_SIDE_BY_SIDE = 16


def propose_all(
    engine: Engine, profiles: Iterable[Profile], environ: Mapping[str, str]
) -> list[Plan]:
    """The plans of several profiles, from one list of containers, side by side.

    What cannot be planned is a plan whose only content is its problem. Raises
    UsageError for an Engine of another host, EngineUnavailable.
    """
    profiles = tuple(profiles)
    engine.require_local("plan")
    seen = snapshot.take(engine, profiles)

    def one(profile: Profile) -> Plan:
        try:
            return propose(engine, profile, environ, seen)
        except EngineUnavailable:
            raise
        except CsctlError as error:
            return Plan(profile=profile.name, steps=(), problems=(error,))

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        plans = list(pool.map(one, profiles))
    wanted = Counter(str(profile.port) for profile in profiles)
    return [
        _with_clash(plan, profile) if wanted[str(profile.port)] > 1 else plan
        for plan, profile in zip(plans, profiles, strict=True)
    ]


def work_of(
    engine: Engine,
    profiles: Iterable[Profile],
    plans: Iterable[Plan],
    environ: Mapping[str, str],
    *,
    timeout: timedelta | None = None,
) -> dict[str, Work[Event, Outcome]]:
    """The work that each plan, in the order of its profiles, stands for.

    Where there is no step it only waits until the container is ready.
    """
    return {
        profile.name: _work(engine, profile, plan, environ, timeout)
        for profile, plan in zip(profiles, plans, strict=True)
    }


def _work(
    engine: Engine,
    profile: Profile,
    plan: Plan,
    environ: Mapping[str, str],
    timeout: timedelta | None,
) -> Work[Event, Outcome]:
    run = apply if plan.steps else confirm
    return lambda: run(engine, profile, environ, timeout=timeout)


def _with_clash(plan: Plan, profile: Profile) -> Plan:
    problem = UsageError(
        f"{profile.name}: port {profile.port} is wanted by another of these profiles",
        remedy="give each profile a port of its own",
    )
    return dataclasses.replace(plan, problems=(*plan.problems, problem))
