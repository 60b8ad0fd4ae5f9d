"""Preparing: whatever a profile needs is brought to this host, and nothing serves.

The same looking and the same steps as of applying, less those that concern the serving
container.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass

from csctl import lock
from csctl.container.observed import Image
from csctl.engine.engine import Engine
from csctl.license import StoredLicense
from csctl.lifecycle import observe, snapshot
from csctl.lifecycle.apply import check_progress, look
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event, timed
from csctl.lifecycle.job import Job
from csctl.lifecycle.outcome import Outcome, outcome_of
from csctl.lifecycle.step import do
from csctl.model import StoredModel
from csctl.plan import steps
from csctl.plan.observed import Observed
from csctl.plan.preparation import FETCHES, prepare
from csctl.plan.problems import notes, problems_of_preparing
from csctl.plan.reconcile import leftover
from csctl.plan.steps import Plan, Step
from csctl.profile.model import Profile
from csctl.reference import ImageReference

_STEPS = steps.PullImage | FETCHES


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An image by what its reference resolves to; None where the Engine lacks it."""

    reference: ImageReference
    image: Image | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """All that a profile's container is made of, on this host."""

    profile: Profile
    reference: ImageReference
    """What the profile's image resolves to."""
    image: Image
    model: StoredModel
    license: StoredLicense | None
    """None where the profile is connected."""
    front: Held | None
    """The image of its front, if it has one."""


def propose_preparing(
    engine: Engine, profiles: Iterable[Profile], environ: Mapping[str, str]
) -> list[Plan]:
    """What preparing would do; looks, and changes nothing. Raises CsctlError."""
    profiles = tuple(profiles)
    engine.require_local("preparing")
    seen = snapshot.take(engine, profiles)
    return [
        _plan(
            profile,
            observe.observe(engine, profile, environ, seen),
            _front(engine, profile, environ),
        )
        for profile in profiles
    ]


def prepare_profile(
    engine: Engine, profile: Profile, environ: Mapping[str, str]
) -> Generator[Event, None, Prepared]:
    """Pull, download and fetch what is missing for one profile.

    Raises CsctlError: the plan's first problem before anything is done.
    """
    prepared, _ = yield from _prepare(engine, profile, environ)
    return prepared


def prepare_alone(
    engine: Engine, profile: Profile, environ: Mapping[str, str]
) -> Generator[Event, None, Outcome]:
    """The same, told as applying is: `prepared` after some steps, or `unchanged`.

    Raises CsctlError.
    """

    def work() -> Generator[Event, None, tuple[Step, ...]]:
        _, done = yield from _prepare(engine, profile, environ)
        return done

    return (yield from outcome_of(profile, work(), "prepared"))


def _prepare(
    engine: Engine, profile: Profile, environ: Mapping[str, str]
) -> Generator[Event, None, tuple[Prepared, tuple[Step, ...]]]:
    engine.require_local("preparing")
    done: list[Step] = []
    with lock.hold(observe.lock_path(profile), f"profile {profile.name}"):
        while True:
            seen = look(engine, profile, environ)
            front = _front(engine, profile, environ)
            plan = _plan(profile, seen, front)
            if plan.problems:
                raise plan.problems[0]
            if not plan.steps:
                return _prepared(profile, seen, front), tuple(done)
            step = plan.steps[0]
            check_progress(profile, step, done)
            job = Job(
                engine=engine,
                profile=profile,
                environ=environ,
                reference=seen.reference,
            )
            yield from timed(step, do(step, job, seen, Demand(seconds=0)))
            done.append(step)


def _front(engine: Engine, profile: Profile, environ: Mapping[str, str]) -> Held | None:
    wanted = profile.fronted_by
    if wanted is None:
        return None
    reference, _ = observe.resolve_reference(engine, wanted.image, environ)
    return Held(reference=reference, image=engine.image(str(reference)))


def _plan(profile: Profile, seen: Observed, front: Held | None) -> Plan:
    planned: tuple[Step, ...] = (
        *map(leftover, seen.leftovers),
        *(step for step in prepare(profile, seen) if isinstance(step, _STEPS)),
    )
    if front is not None and front.image is None:
        planned += (
            steps.PullImage(reference=front.reference, reason="the front needs it"),
        )
    return Plan(
        profile=profile.name,
        steps=planned,
        problems=tuple(problems_of_preparing(profile, seen, planned)),
        notes=tuple(notes(profile, seen)),
    )


def _prepared(profile: Profile, seen: Observed, front: Held | None) -> Prepared:
    assert seen.image is not None, "it was pulled"
    assert seen.model is not None, "it was downloaded"
    return Prepared(
        profile=profile,
        reference=seen.reference,
        image=seen.image,
        model=seen.model,
        license=seen.license,
        front=front,
    )
