"""Applying: observe, reconcile, do the first step, look again, until nothing is left.

No decision is made here. Because every step is followed by a fresh look, what a
killed run left behind is only another thing to observe.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator, Mapping
from datetime import timedelta

from csctl import lock, probe
from csctl.engine.engine import Engine
from csctl.errors import CsctlError
from csctl.lifecycle import history, observe, snapshot
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event, StepFinished, StepStarted, timed
from csctl.lifecycle.outcome import Outcome, locked, outcome_of
from csctl.lifecycle.ready import wait_until_ready
from csctl.lifecycle.snapshot import Snapshot
from csctl.plan import steps
from csctl.plan.observed import Observed
from csctl.plan.reconcile import reconcile
from csctl.plan.steps import Plan, Step
from csctl.profile.model import Profile
from csctl.profile.replica import network_of, replicas_of


def propose(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    seen: Snapshot | None = None,
    *,
    take_over: bool = False,
) -> Plan:
    """What applying would do; looks, and changes nothing. Raises CsctlError.

    With `take_over` a foreign container of the profile's name counts as its own.
    """
    seen = seen or snapshot.take(engine, (profile,))
    return reconcile(
        profile, observe.observe(engine, profile, environ, seen, take_over=take_over)
    )


def apply(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    *,
    timeout: timedelta | None = None,
    take_over: bool = False,
) -> Generator[Event, None, Outcome]:
    """Bring one profile's container to what the profile says, and wait until ready.

    `timeout` is for readiness, in place of the profile's; `take_over` as for
    `propose`. Raises CsctlError: LockHeld where another csctl is at work, the plan's
    first problem before anything is done, RolledBack after a replacement that failed.
    """
    engine.require_local("apply")
    demand = Demand.of(profile, timeout)
    run = _run(engine, profile, environ, demand, take_over=take_over)
    return (yield from locked(profile, history.kept(profile, run)))


def _run(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    demand: Demand,
    *,
    take_over: bool,
) -> Generator[Event, None, tuple[Step, ...]]:
    done: list[Step] = []
    while True:
        seen = look(engine, profile, environ, take_over=take_over)
        plan = reconcile(profile, seen)
        if plan.problems:
            raise plan.problems[0]
        # What brings something to this host, or ends an old replacement, may
        # change what follows; creating, updating and starting do not.
        certain = all(isinstance(step, _CERTAIN) for step in plan.steps)
        for step in plan.steps if certain else plan.steps[:1]:
            # Most plans have no step, and what does them takes long to import.
            from csctl.lifecycle.job import Job
            from csctl.lifecycle.step import do

            check_progress(profile, step, done)
            job = Job(
                engine=engine,
                profile=profile,
                environ=environ,
                reference=seen.reference,
            )
            yield from timed(step, do(step, job, seen, demand))
            done.append(step)
        if certain:
            break
    yield from wait_until_ready(engine, profile.name, demand)
    return tuple(done)


_CERTAIN = steps.Create | steps.Update | steps.Start


def check_progress(profile: Profile, step: Step, done: list[Step]) -> None:
    """Raise CsctlError where a step that was done is wanted once more."""
    if step in done:
        raise CsctlError(
            f"{profile.name}: {step.action} {step.target} was done, and is still"
            f" needed: {step.reason}",
            remedy="look at it: csctl plan",
        )


def confirm(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],  # noqa: ARG001 - as for `apply`, its sibling
    *,
    timeout: timedelta | None = None,
) -> Generator[Event, None, Outcome]:
    """Wait until a container that needs no step is ready. Raises CsctlError."""
    return (yield from outcome_of(profile, _wait(engine, profile, timeout)))


def _wait(
    engine: Engine, profile: Profile, timeout: timedelta | None
) -> Generator[Event, None, tuple[Step, ...]]:
    demand = Demand.of(profile, timeout)
    port = profile.port
    # The plan has just found it running on this port: mostly one question is enough.
    known = demand.hearing is None and profile.seat is None
    if not known or not probe.is_ready(
        probe.Address.of_published(port.address, port.number)
    ):
        yield from wait_until_ready(engine, profile.name, demand)
    return ()


def look(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    *,
    take_over: bool = False,
) -> Observed:
    """What is there now, for whoever holds the profile's lock. Raises CsctlError."""
    seen = snapshot.take(engine, (profile,))
    # We hold the lock, so what looks like a leftover is one.
    left = observe.leftovers_of(profile, seen)
    observed = observe.observe(engine, profile, environ, seen, take_over=take_over)
    return dataclasses.replace(observed, leftovers=left)


def down(engine: Engine, profile: Profile) -> Generator[Event, None, tuple[Step, ...]]:
    """Stop and remove the profile's containers; data stay. Raises CsctlError."""
    if not propose_down(engine, profile):
        return ()
    if not engine.local:
        # Lock and history lie with the files, on the Engine's own host.
        return (yield from _down(engine, profile))
    with lock.hold(observe.lock_path(profile), f"profile {profile.name}"):
        return (
            yield from history.kept(profile, _down(engine, profile), well="removed")
        )


def _down(engine: Engine, profile: Profile) -> Generator[Event, None, tuple[Step, ...]]:
    planned = propose_down(engine, profile)
    for step in planned:
        yield StepStarted(step=step)
        since = time.monotonic()
        if isinstance(step, steps.Stop):
            engine.stop(step.target)
        else:
            engine.remove(step.target)
        yield StepFinished(step=step, seconds=time.monotonic() - since)
    if profile.fronted_by is not None:
        engine.remove_network(network_of(profile))
    return planned


def propose_down(engine: Engine, profile: Profile) -> tuple[Step, ...]:
    """What `down` would do, foreign containers left out."""
    planned: list[Step] = []
    names = {profile.name, *(one.name for one in replicas_of(profile))}
    for row in engine.containers():
        if row.profile in names or row.seat == profile.name:
            if row.state in ("running", "restarting", "paused"):
                planned.append(steps.Stop(target=row.name, reason="down was asked for"))
            planned.append(steps.Remove(target=row.name, reason="down was asked for"))
    return tuple(planned)
