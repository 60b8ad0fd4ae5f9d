"""A profile with a front: its replicas, one after another, and the front before them.

Each replica is planned and applied as a profile of its own; what they share (image,
model, license) is brought here for the first one. Replacements go one by one, so that
the first one that fails spares the rest; new ones start side by side.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial

from csctl.engine.engine import Engine
from csctl.errors import CsctlError, UsageError
from csctl.lifecycle import apply as alone
from csctl.lifecycle import front, history, observe, snapshot
from csctl.lifecycle.apply import check_progress
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event, timed
from csctl.lifecycle.handover import Handover
from csctl.lifecycle.job import Job
from csctl.lifecycle.memory import free_memory
from csctl.lifecycle.outcome import Outcome, locked, outcome_of
from csctl.lifecycle.ready import wait_until_ready
from csctl.lifecycle.side_by_side import Ended, side_by_side
from csctl.lifecycle.snapshot import Snapshot
from csctl.lifecycle.step import do
from csctl.plan import steps
from csctl.plan.front import ObservedFront, reconcile_front
from csctl.plan.reconcile import surplus
from csctl.plan.refusals import needed
from csctl.plan.steps import Plan, Step
from csctl.profile.model import Front, Profile
from csctl.profile.replica import replicas_of, seat_of
from csctl.size import format_size

# -- looking --------------------------------------------------------------------------


def propose(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    seen: Snapshot | None = None,
    *,
    interrupt: bool = False,
) -> Plan:
    """What applying would do; looks, and changes nothing. Raises CsctlError.

    `interrupt` lets a replica be away while it is replaced, where memory is short.
    """
    seen = seen or snapshot.take(engine, (profile,))
    plans = [alone.propose(engine, one, environ, seen) for one in replicas_of(profile)]
    planned = _distinct(step for plan in plans for step in plan.steps)
    last = propose_front(engine, profile, environ, seen, planned)
    problems = [problem for plan in plans for problem in plan.problems]
    if not interrupt:
        problems += _shortage(engine, profile, planned)
    return Plan(
        profile=profile.name,
        steps=(*planned, *_removals(profile, seen), *last.steps),
        # What is wrong with one replica is wrong with all.
        problems=(*problems[:1], *last.problems),
        notes=tuple(dict.fromkeys(n for one in (*plans, last) for n in one.notes)),
    )


def _distinct(planned: Iterable[Step]) -> tuple[Step, ...]:
    """Without what a replica before brings here already."""
    kept: list[Step] = []
    for step in planned:
        if step not in kept:
            kept.append(step)
    return tuple(kept)


def propose_front(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    seen: Snapshot,
    planned: Iterable[Step] = (),
) -> Plan:
    """The part of the plan that is about the front, after these steps.

    Raises CsctlError.
    """
    wanted = _front(profile)
    looked = front.observe_front(engine, profile, wanted, environ, seen)
    fresh = any(isinstance(step, steps.Create | steps.Replace) for step in planned)
    return reconcile_front(profile, wanted, looked, others_change=fresh)


def _front(profile: Profile) -> Front:
    found = profile.fronted_by
    assert found is not None, "only profiles with a front come here"
    return found


def _shortage(
    engine: Engine, profile: Profile, planned: Iterable[Step]
) -> Iterator[CsctlError]:
    """Why a replacement cannot stand beside the container that it replaces."""
    beside = any(
        isinstance(step, steps.Replace) and not (step.undo or step.resume)
        for step in planned
    )
    free = free_memory(engine) if beside else 0
    if beside and needed(profile) > free:
        yield UsageError(
            f"{profile.name}: a replacement beside the container that serves may take"
            f" {format_size(needed(profile))} of memory, and {format_size(free)} is"
            " free",
            remedy="free some memory, or lower resources.memory; or let the container"
            " be away while it is replaced: --allow-interruption",
        )


def _removals(profile: Profile, seen: Snapshot) -> tuple[Step, ...]:
    return tuple(surplus(profile, name) for name in observe.surplus(profile, seen))


# -- doing ----------------------------------------------------------------------------


def apply(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    *,
    timeout: timedelta | None = None,
    interrupt: bool = False,
) -> Generator[Event, None, Outcome]:
    """Bring replicas and front to what the profile says, and wait until all serve.

    Raises CsctlError: LockHeld where another csctl is at work, the plan's first problem
    before anything is done, RolledBack after a replacement that failed.
    """
    engine.require_local("apply")
    run = _run(engine, profile, environ, timeout, interrupt=interrupt)
    return (yield from locked(profile, run))


def _run(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    timeout: timedelta | None,
    *,
    interrupt: bool,
) -> Generator[Event, None, tuple[Step, ...]]:
    planned = propose(engine, profile, environ, interrupt=interrupt)
    if planned.problems:
        raise planned.problems[0]
    front.make_network(engine, profile)
    done = yield from _replicas(engine, profile, environ, timeout)
    last = finish(engine, profile, environ, timeout)
    return done + (yield from history.kept(profile, last))


def _replicas(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    timeout: timedelta | None,
) -> Generator[Event, None, tuple[Step, ...]]:
    seen = snapshot.take(engine, (profile,))
    replicas = replicas_of(profile)
    standing = [one for one in replicas if one.name in seen.containers]
    fresh = [one for one in replicas if one.name not in seen.containers]
    done: tuple[Step, ...] = ()
    # Of fresh ones the first brings here what all of them need.
    for one in (*standing, *fresh[:1]):
        outcome = yield from alone.apply(engine, one, environ, timeout=timeout)
        done += outcome.steps
    work = {
        one.name: partial(alone.apply, engine, one, environ, timeout=timeout)
        for one in fresh[1:]
    }
    failed: CsctlError | None = None
    for told in side_by_side(work) if work else ():
        if not isinstance(told, Ended):
            yield told.event
        elif told.result is not None:
            done += told.result.steps
        else:
            failed = failed or told.error
    if failed is not None:
        raise failed
    return done


def finish(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    timeout: timedelta | None,
) -> Generator[Event, None, tuple[Step, ...]]:
    """Bring the front to what it is to be, and take away what is too much behind it.

    The caller holds the profile's lock. Raises CsctlError.
    """
    demand = _front_demand(profile, timeout)
    done: list[Step] = []
    while True:
        seen = snapshot.take(engine, (profile,))
        wanted = _front(profile)
        looked = front.observe_front(engine, profile, wanted, environ, seen)
        plan = reconcile_front(profile, wanted, looked, others_change=False)
        if plan.problems:
            raise plan.problems[0]
        # A container is drained before the front forgets it.
        planned = (*_removals(profile, seen), *plan.steps)
        if not planned:
            break
        step = planned[0]
        check_progress(profile, step, done)
        job = Job(
            engine=engine,
            profile=profile,
            environ=environ,
            reference=looked.seen.reference,
        )
        yield from timed(step, _do(step, job, looked, demand))
        done.append(step)
    yield from wait_until_ready(engine, profile.name, demand)
    return tuple(done)


def _front_demand(profile: Profile, timeout: timedelta | None) -> Demand:
    """A front is to answer; speech was heard by the replicas."""
    return Demand(seconds=(timeout or profile.ready.timeout).total_seconds())


def _do(
    step: Step, job: Job, looked: ObservedFront, demand: Demand
) -> Generator[Event, None, None]:
    profile, wanted = job.profile, _front(job.profile)
    match step:
        case steps.Register():
            front.register(job.engine, profile, wanted, looked)
        case steps.Remove() if step.target not in looked.seen.leftovers:
            way = Handover(engine=job.engine, replica=profile, seat=seat_of(profile))
            yield from way.remove(step.target)
        case _:
            if isinstance(step, steps.Create | steps.Replace | steps.Start):
                front.write(profile, wanted, looked)
            yield from do(step, job, looked.seen, demand)


def confirm(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],  # noqa: ARG001 - as for `apply`, its sibling
    *,
    timeout: timedelta | None = None,
) -> Generator[Event, None, Outcome]:
    """Wait until containers that need no step are ready. Raises CsctlError."""
    return (yield from outcome_of(profile, _wait(engine, profile, timeout)))


def _wait(
    engine: Engine, profile: Profile, timeout: timedelta | None
) -> Generator[Event, None, tuple[Step, ...]]:
    for one in replicas_of(profile):
        yield from wait_until_ready(engine, one.name, Demand.of(one, timeout))
    demand = _front_demand(profile, timeout)
    yield from wait_until_ready(engine, profile.name, demand)
    return ()
