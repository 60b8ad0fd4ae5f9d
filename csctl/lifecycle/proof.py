"""Proving a license: a second container that becomes ready with it.

It is of the same image, model and limits as the one that serves, publishes no port,
and writes its usage into a scratch directory: usage records are the profile's own.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Generator
from pathlib import Path

from csctl import staging
from csctl.container.observed import Image
from csctl.container.spec import (
    LABEL_PROFILE,
    LABEL_ROLE,
    LABEL_VERSION,
    ROLE_ONE_SHOT,
    ContainerSpec,
)
from csctl.contract import arguments
from csctl.engine.engine import Engine
from csctl.errors import AzureError, EngineError, LicenseError, NotReady
from csctl.lifecycle import mounts
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event
from csctl.lifecycle.job import Job
from csctl.lifecycle.kept_log import LINES, keep
from csctl.lifecycle.ready import redactor_of, stay_ready, wait_until_ready
from csctl.profile.model import Profile

FAILURES = (NotReady, LicenseError, AzureError)
"""What says that a container cannot serve; any other error proves nothing."""
_KEPT_LABELS = (LABEL_PROFILE, LABEL_VERSION)
_SUFFIX = ".csctl-proof"


def scratch_of(profile: Profile) -> Path:
    """What the scratch directories of a profile's proofs are staged for."""
    return profile.state_dir / f"{profile.name}.proof"


def prove(
    job: Job, image: Image, spec: ContainerSpec, demand: Demand
) -> Generator[Event, None, None]:
    """Let a second container of the serving one's spec become ready, then remove it.

    The caller holds the profile's lock. Raises one of FAILURES where it does not
    become ready, with its log kept; other CsctlErrors where nothing was proven.
    """
    target = scratch_of(job.profile)
    staging.sweep(target.parent, target.name)
    scratch = staging.open_staging(target)
    try:
        mounts.give(job.engine, job.profile, image, scratch)
        yield from _serve(job.engine, _second(spec, scratch), job.logs, demand)
    finally:
        mounts.discard(job.engine, job.profile, image, scratch)


def _second(spec: ContainerSpec, scratch: Path) -> ContainerSpec:
    labels = {name: spec.labels[name] for name in _KEPT_LABELS}
    second = dataclasses.replace(
        spec,
        name=spec.name + _SUFFIX,
        mounts=tuple(
            dataclasses.replace(mount, source=scratch)
            if mount.target == arguments.OUTPUT
            else mount
            for mount in spec.mounts
        ),
        port=None,
        restart="no",
        # A killed run's is swept like any other one-shot container.
        labels=labels | {LABEL_ROLE: ROLE_ONE_SHOT},
    )
    return second.with_reason("it proves a license")


def _serve(
    engine: Engine, spec: ContainerSpec, logs: Path, demand: Demand
) -> Generator[Event, None, None]:
    engine.remove(spec.name)
    engine.create(spec)
    try:
        engine.start(spec.name)
        yield from wait_until_ready(engine, spec.name, demand)
        yield from stay_ready(engine, spec.name)
    except FAILURES as error:
        kept = _keep_log(engine, spec.name, logs)
        if kept is not None:
            error.remedy = f"the whole log of the second container is in {kept}"
        raise
    finally:
        # Where the Engine is gone too, the next run sweeps by label.
        with contextlib.suppress(EngineError):
            engine.remove(spec.name)


def _keep_log(engine: Engine, name: str, logs: Path) -> Path | None:
    try:
        container = engine.container(name)
        if container is None:
            return None
        lines = engine.log(name, tail=LINES)
    except EngineError:
        return None
    return keep(logs, "proof", map(redactor_of(container), lines))
