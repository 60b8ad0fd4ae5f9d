"""Applying: observe, reconcile, do the first step, look again, until nothing is left.

No decision is made here. Because every step is followed by a fresh look, what a
killed run left behind is only another thing to observe.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from csctl import lock, probe
from csctl.container.spec import ContainerSpec
from csctl.engine.engine import Engine
from csctl.errors import CsctlError
from csctl.lifecycle import (
    applied,
    displays,
    history,
    models,
    mounts,
    observe,
    snapshot,
)
from csctl.lifecycle import licenses as license_runs
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event, StepFinished, StepStarted, timed
from csctl.lifecycle.handover import carry_on, put_in_place
from csctl.lifecycle.images import pull_image
from csctl.lifecycle.job import Job
from csctl.lifecycle.ready import wait_until_ready
from csctl.lifecycle.replace import undo
from csctl.lifecycle.snapshot import Snapshot
from csctl.plan import steps
from csctl.plan.observed import Observed
from csctl.plan.reconcile import reconcile
from csctl.plan.steps import Plan, Step
from csctl.profile.model import Profile
from csctl.profile.replica import network_of, replicas_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How applying one profile went."""

    profile: str
    steps: tuple[Step, ...]
    outcome: str
    """`ready` after some steps, or `unchanged`."""
    seconds: float


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
    began = time.monotonic()
    with lock.hold(observe.lock_path(profile), f"profile {profile.name}"):
        run = _run(engine, profile, environ, demand, take_over=take_over)
        done = yield from history.kept(profile, run)
    return Outcome(
        profile=profile.name,
        steps=done,
        outcome="ready" if done else "unchanged",
        seconds=time.monotonic() - began,
    )


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
    began = time.monotonic()
    demand = Demand.of(profile, timeout)
    port = profile.port
    # The plan has just found it running on this port: mostly one question is enough.
    known = demand.hearing is None and profile.seat is None
    if not known or not probe.is_ready(
        probe.Address.of_published(port.address, port.number)
    ):
        yield from wait_until_ready(engine, profile.name, demand)
    return Outcome(
        profile=profile.name,
        steps=(),
        outcome="unchanged",
        seconds=time.monotonic() - began,
    )


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


def do(
    step: Step, job: Job, seen: Observed, demand: Demand
) -> Generator[Event, None, None]:
    """Do one step. Raises CsctlError."""
    match step:
        case steps.PullImage():
            yield from pull_image(job.engine, step.reference, job.environ)
        case steps.DownloadModel():
            yield from models.pull(job, step.model_id, step.base_locale)
        case steps.DownloadDisplay():
            yield from displays.pull(job, _known(seen.model_id))
        case steps.FetchLicense():
            yield from license_runs.fetch(job, _known(seen.model_id))
        case steps.SetOwnership():
            _set_ownership(job, seen)
        case steps.Replace():
            yield from _replace(step, job, demand)
        case steps.Update():
            _update(step, job)
        case steps.Remove() if step.target in seen.surplus:
            job.engine.remove(step.target)
            job.engine.remove_network(network_of(job.profile))
        case steps.Register() | steps.CreateService() | steps.UpdateService():
            raise AssertionError("only a front or a service has this step")
        case _:
            _change(step, job.engine)


def _replace(
    step: steps.Replace, job: Job, demand: Demand
) -> Generator[Event, None, None]:
    if step.undo:
        undo(job.engine, step.target)
    elif step.resume:
        yield from carry_on(job.engine, job.profile, demand)
    else:
        spec = _reasoned(step.spec, step.reason)
        yield from put_in_place(job.engine, job.profile, spec, demand)


def _update(step: steps.Update, job: Job) -> None:
    job.engine.update(step.target, limits=step.spec.limits, restart=step.spec.restart)
    container = job.engine.container(step.target)
    if container is not None:
        applied.remember(job.profile.state_dir, container, step.spec)


def _change(
    step: steps.Create | steps.Start | steps.Stop | steps.Remove, engine: Engine
) -> None:
    match step:
        case steps.Create():
            engine.create(_reasoned(step.spec, step.reason))
        case steps.Start():
            engine.start(step.target)
        case steps.Stop():
            engine.stop(step.target)
        case steps.Remove():
            engine.remove(step.target)
        case _:
            assert_never(step)


def _known(model_id: str | None) -> str:
    assert model_id is not None, "the model is downloaded before"
    return model_id


def _reasoned(spec: ContainerSpec | None, reason: str) -> ContainerSpec:
    assert spec is not None, "all parts are there once this step comes first"
    return spec.with_reason(reason)


def _set_ownership(job: Job, seen: Observed) -> None:
    profile = job.profile
    image = job.image()
    paths = [seen.model.directory] if seen.model else []
    if profile.mode == "disconnected":
        if seen.license is not None:
            paths.append(seen.license.directory)
        paths.append(profile.output_dir)
    for path in paths:
        mounts.give(job.engine, profile, image, path)
    mounts.find_owner(job.engine, profile, image)


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
