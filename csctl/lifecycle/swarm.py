"""A profile as a service of Docker Swarm: looking at it, and bringing it about.

Files lie on the nodes. What this one lacks is brought here as for a container; whether
the others have it is asked of their own Engines, by a job that mounts the same things.
What they hold beyond their names cannot be seen from here.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator, Mapping
from datetime import timedelta

from csctl import lock
from csctl.container.service import ServiceSpec
from csctl.container.spec import LABEL_PROFILE, LABEL_ROLE, ROLE_ONE_SHOT
from csctl.engine.engine import Engine
from csctl.engine.swarm import Swarm
from csctl.errors import NotReady
from csctl.lifecycle import history, observe, snapshot
from csctl.lifecycle.apply import check_progress
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event, StepFinished, StepStarted, Waiting, timed
from csctl.lifecycle.job import Job
from csctl.lifecycle.outcome import Outcome, locked, outcome_of
from csctl.lifecycle.service import reached
from csctl.lifecycle.snapshot import Snapshot
from csctl.lifecycle.step import do
from csctl.plan import steps
from csctl.plan.placement import fitting
from csctl.plan.steps import Plan, Step
from csctl.plan.swarm import (
    ObservedService,
    failure,
    lacking,
    reconcile_service,
    told_errors,
    went_back,
)
from csctl.profile.model import Deploy, Profile

_PAUSE = 0.3
_GONE_SECONDS = 60
_ENDED = ("complete", "failed", "rejected")

# -- looking --------------------------------------------------------------------------


def propose(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    seen: Snapshot | None = None,
) -> Plan:
    """What applying would do; looks, and changes nothing. Raises CsctlError."""
    seen = seen or snapshot.take(engine, (profile,))
    looked = _look(engine, profile, environ, seen)
    return reconcile_service(profile, _deploy(profile), looked)


def _deploy(profile: Profile) -> Deploy:
    assert profile.deploy is not None, "only profiles that are services come here"
    return profile.deploy


def _look(
    engine: Engine, profile: Profile, environ: Mapping[str, str], seen: Snapshot
) -> ObservedService:
    return ObservedService(
        seen=observe.observe(engine, profile, environ, seen),
        service=engine.swarm.service(profile.name),
        nodes=engine.swarm.nodes(),
        containers=tuple(
            row.name
            for row in seen.listed
            if (row.profile == profile.name or row.seat == profile.name)
            and not row.one_shot
        ),
    )


# -- doing ----------------------------------------------------------------------------


def apply(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    *,
    timeout: timedelta | None = None,
) -> Generator[Event, None, Outcome]:
    """Bring a service to what the profile says, and wait until all tasks are ready.

    `timeout` is how long nothing may change meanwhile, in place of the profile's.
    Raises CsctlError: LockHeld where another csctl is at work, the plan's first problem
    before anything is done, RolledBack where Swarm went back to what ran before.
    """
    engine.require_local("apply")
    run = _run(engine, profile, environ, timeout)
    return (yield from locked(profile, history.kept(profile, run)))


def _run(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    timeout: timedelta | None,
) -> Generator[Event, None, tuple[Step, ...]]:
    done: list[Step] = []
    demand = Demand.of(profile, timeout)
    while True:
        seen = _look(engine, profile, environ, snapshot.take(engine, (profile,)))
        plan = reconcile_service(profile, _deploy(profile), seen)
        if plan.problems:
            raise plan.problems[0]
        if not plan.steps:
            break
        step = plan.steps[0]
        check_progress(profile, step, done)
        job = Job(
            engine=engine,
            profile=profile,
            environ=environ,
            reference=seen.seen.reference,
        )
        yield from timed(step, _do(step, job, seen, demand))
        done.append(step)
    if not done:
        yield from _until_ready(engine.swarm, profile, demand)
    return tuple(done)


def _do(
    step: Step, job: Job, seen: ObservedService, demand: Demand
) -> Generator[Event, None, None]:
    match step:
        case steps.CreateService() | steps.UpdateService():
            assert step.spec is not None, "all parts are there once this step comes"
            spec = step.spec.with_reason(step.reason)
            yield from _deploy_service(job, seen, spec)
            yield from _until_ready(job.engine.swarm, job.profile, demand)
            _check_kept(job.engine.swarm, spec)
            _forget_secrets(job.engine.swarm, job.profile, step.spec)
        case steps.Remove() if step.target in seen.containers:
            job.engine.remove(step.target)
        case _:
            yield from do(step, job, seen.seen, demand)


def _deploy_service(
    job: Job, seen: ObservedService, spec: ServiceSpec
) -> Generator[Event, None, None]:
    swarm = job.engine.swarm
    yield from _look_on_nodes(swarm, spec, job.download_seconds)
    kept = swarm.secrets(job.profile.name)
    for secret in spec.secrets:
        if secret.name not in kept:
            kept[secret.name] = swarm.make_secret(secret)
    if seen.service is None:
        swarm.create(spec, kept)
    else:
        swarm.update(spec, kept)


def _check_kept(swarm: Swarm, spec: ServiceSpec) -> None:
    """Raise RolledBack where what is ready is not what was wanted."""
    service = swarm.service(spec.container.name)
    if service is not None and service.labels != spec.container.labels:
        raise went_back(service, swarm.tasks(service.id), swarm.nodes())


def _look_on_nodes(
    swarm: Swarm, spec: ServiceSpec, seconds: float
) -> Generator[Event, None, None]:
    """Ask every node that may run a task for what it takes; it pulls the image, too.

    Raises UsageError where one lacks something, NotReady where one does not tell.
    """
    profile = spec.container.name
    name = _job_name(profile)
    swarm.remove(name)  # What a killed run left.
    labels = {LABEL_PROFILE: profile, LABEL_ROLE: ROLE_ONE_SHOT}
    try:
        swarm.look_for_files(name, spec, labels)
        began = time.monotonic()
        while True:
            nodes = swarm.nodes()
            ended = [task for task in swarm.tasks(name) if task.state in _ENDED]
            if (problem := lacking(spec, ended, nodes)) is not None:
                raise problem
            told = {task.node for task in ended}
            silent = [n for n in fitting(nodes, spec.placement) if n.id not in told]
            if not silent:
                return
            names = ", ".join(node.name for node in silent)
            waited = time.monotonic() - began
            if waited > seconds:
                raise NotReady(
                    f"{profile}: {names} cannot tell whether all files are there",
                    remedy="see: docker node ls",
                )
            what = f"{names}: looking for image and files"
            yield Waiting(what=what, seconds=waited, phase="look", line="")
            time.sleep(_PAUSE)
    finally:
        swarm.remove(name)


def _job_name(profile: str) -> str:
    return "csctl-look-" + hashlib.sha256(profile.encode()).hexdigest()[:12]


def _forget_secrets(swarm: Swarm, profile: Profile, spec: ServiceSpec | None) -> None:
    """Remove the keys of former versions; without a spec all of them."""
    used = {secret.name for secret in spec.secrets} if spec is not None else set()
    # A key that cannot be read now has no name: none is known to be superfluous.
    if spec is not None and len(used) < len(spec.hidden):
        return
    for name, identity in swarm.secrets(profile.name).items():
        if name not in used:
            swarm.remove_secret(identity)


def _until_ready(swarm: Swarm, profile: Profile, demand: Demand) -> Iterator[Event]:
    """Yield until all tasks are the newest, and ready.

    Raises NotReady where nothing changes for the demanded time, besides that in which
    Swarm only watches, or where tasks fail again and again.
    """
    watch = _deploy(profile).update.watch.total_seconds()
    began = changed = time.monotonic()
    before: object = None
    while True:
        service = swarm.service(profile.name)
        if service is None:
            raise NotReady(
                f"service {profile.name} was removed while it was waited for"
            )
        now, tasks, nodes = reached(swarm, service)
        if now.done:
            return
        if (error := failure(service, tasks, nodes, now)) is not None:
            raise error
        moment = time.monotonic()
        state = now, frozenset((task.id, task.state) for task in tasks)
        if state != before:
            before, changed = state, moment
        if moment - changed > demand.seconds + watch:
            raise NotReady(
                f"{profile.name}: {now}, and nothing has changed for"
                f" {moment - changed:.0f} s{told_errors(tasks, nodes)}",
                remedy=f"see: csctl logs {profile.name}",
            )
        yield Waiting(
            what=f"waiting for {profile.name}",
            seconds=moment - began,
            phase=str(now),
            line="",
        )
        time.sleep(_PAUSE)


def confirm(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],  # noqa: ARG001 - as for `apply`, its sibling
    *,
    timeout: timedelta | None = None,
) -> Generator[Event, None, Outcome]:
    """Wait until all tasks of a service that needs no step are ready.

    Raises CsctlError.
    """
    return (yield from outcome_of(profile, _wait(engine, profile, timeout)))


def _wait(
    engine: Engine, profile: Profile, timeout: timedelta | None
) -> Generator[Event, None, tuple[Step, ...]]:
    yield from _until_ready(engine.swarm, profile, Demand.of(profile, timeout))
    return ()


def propose_down(engine: Engine, profile: Profile) -> tuple[Step, ...]:
    """What `down` would do; a foreign service is left out. Raises CsctlError."""
    service = engine.swarm.service(profile.name)
    if service is None or service.profile != profile.name:
        return ()
    return (steps.Remove(target=service.name, reason="down was asked for"),)


def down(engine: Engine, profile: Profile) -> Generator[Event, None, tuple[Step, ...]]:
    """Remove a service with its keys, and wait until its tasks have ended; data stay.

    Raises CsctlError.
    """
    with lock.hold(observe.lock_path(profile), f"profile {profile.name}"):
        planned = propose_down(engine, profile)
        for step in planned:
            yield StepStarted(step=step)
            since = time.monotonic()
            yield from _remove(engine.swarm, profile)
            yield StepFinished(step=step, seconds=time.monotonic() - since)
        engine.swarm.remove(_job_name(profile.name))
        _forget_secrets(engine.swarm, profile, None)
    return planned


def _remove(swarm: Swarm, profile: Profile) -> Iterator[Event]:
    service = swarm.service(profile.name)
    if service is None:
        return
    swarm.remove(service.id)
    began = time.monotonic()
    while True:
        # A node that is away ends its tasks when it comes back.
        there = {node.id for node in swarm.nodes() if node.state == "ready"}
        tasks = [task for task in swarm.tasks(service.id) if task.node in there]
        waited = time.monotonic() - began
        if not tasks or waited > _GONE_SECONDS:
            return
        what = f"{len(tasks)} tasks of {profile.name} end"
        yield Waiting(what=what, seconds=waited, phase="down", line="")
        time.sleep(_PAUSE)
