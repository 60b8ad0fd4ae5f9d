"""One step of a plan, done."""

from __future__ import annotations

from collections.abc import Generator
from typing import assert_never

from csctl.container.spec import ContainerSpec
from csctl.engine.engine import Engine
from csctl.lifecycle import applied, displays, models, mounts
from csctl.lifecycle import licenses as license_runs
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event
from csctl.lifecycle.handover import carry_on, put_in_place
from csctl.lifecycle.images import pull_image
from csctl.lifecycle.job import Job
from csctl.lifecycle.replace import undo
from csctl.plan import steps
from csctl.plan.observed import Observed
from csctl.plan.steps import Step
from csctl.profile.replica import network_of


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
