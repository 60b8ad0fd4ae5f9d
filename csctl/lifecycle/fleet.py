"""Several profiles at once: their plans out of one look at the Engine.

What replicas and services take is imported only for a profile that has some.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from csctl.engine.engine import Engine
from csctl.errors import CsctlError, EngineUnavailable, UsageError
from csctl.lifecycle import apply as alone
from csctl.lifecycle import snapshot
from csctl.lifecycle.apply import apply, confirm, propose
from csctl.lifecycle.events import Event
from csctl.lifecycle.outcome import Outcome
from csctl.lifecycle.side_by_side import Work
from csctl.lifecycle.snapshot import Snapshot
from csctl.plan.steps import Plan, Step
from csctl.profile.model import Profile

_SIDE_BY_SIDE = 16


def propose_one(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    seen: Snapshot,
    *,
    interrupt: bool = False,
) -> Plan:
    """The plan of one profile, whatever runs it. Raises CsctlError."""
    if profile.deploy is not None:
        from csctl.lifecycle import swarm

        return swarm.propose(engine, profile, environ, seen)
    if profile.fronted_by is None:
        return propose(engine, profile, environ, seen)
    from csctl.lifecycle import replicas

    return replicas.propose(engine, profile, environ, seen, interrupt=interrupt)


def propose_all(
    engine: Engine,
    profiles: Iterable[Profile],
    environ: Mapping[str, str],
    *,
    interrupt: bool = False,
) -> list[Plan]:
    """The plans of several profiles, from one list of containers, side by side.

    `interrupt` lets a replica be away while it is replaced, where memory is short for
    one beside it. What cannot be planned is a plan whose only content is its problem.
    Raises UsageError for an Engine of another host, EngineUnavailable.
    """
    profiles = tuple(profiles)
    engine.require_local("plan")
    seen = snapshot.take(engine, profiles)

    def one(profile: Profile) -> Plan:
        try:
            return propose_one(engine, profile, environ, seen, interrupt=interrupt)
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
    interrupt: bool = False,
) -> dict[str, Work[Event, Outcome]]:
    """The work that each plan, in the order of its profiles, stands for.

    Where there is no step it only waits until the container is ready. `interrupt` is as
    for `propose_all`.
    """
    return {
        profile.name: partial(
            _run_of(profile, plan, interrupt=interrupt),
            engine,
            profile,
            environ,
            timeout=timeout,
        )
        for profile, plan in zip(profiles, plans, strict=True)
    }


def _run_of(
    profile: Profile, plan: Plan, *, interrupt: bool
) -> Callable[..., Generator[Event, None, Outcome]]:
    if profile.deploy is not None:
        from csctl.lifecycle import swarm

        return swarm.apply if plan.steps else swarm.confirm
    if profile.fronted_by is None:
        return apply if plan.steps else confirm
    from csctl.lifecycle import replicas

    if not plan.steps:
        return replicas.confirm
    return partial(replicas.apply, interrupt=interrupt)


def propose_down(engine: Engine, profile: Profile) -> tuple[Step, ...]:
    """What `down` would do, what is foreign left out. Raises CsctlError."""
    if profile.deploy is not None:
        from csctl.lifecycle import swarm

        return swarm.propose_down(engine, profile)
    return alone.propose_down(engine, profile)


def down(engine: Engine, profile: Profile) -> Generator[Event, None, tuple[Step, ...]]:
    """Stop and remove what serves a profile; data stay. Raises CsctlError."""
    if profile.deploy is not None:
        from csctl.lifecycle import swarm

        return (yield from swarm.down(engine, profile))
    return (yield from alone.down(engine, profile))


def _with_clash(plan: Plan, profile: Profile) -> Plan:
    problem = UsageError(
        f"{profile.name}: port {profile.port} is wanted by another of these profiles",
        remedy="give each profile a port of its own",
    )
    return dataclasses.replace(plan, problems=(*plan.problems, problem))
