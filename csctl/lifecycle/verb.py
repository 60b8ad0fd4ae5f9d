"""One piece of work on one profile, outside of applying it whole."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TypeVar

from csctl import lock
from csctl.contract import arguments
from csctl.engine.engine import Engine
from csctl.lifecycle import displays, models, observe, snapshot
from csctl.lifecycle.events import Event, Note
from csctl.lifecycle.images import pull_image
from csctl.lifecycle.job import Job
from csctl.model import StoredModel
from csctl.profile.model import Profile

Result = TypeVar("Result")


def with_image(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    work: Callable[[Job], Generator[Event, None, Result]],
    *,
    seconds: float | None = None,
) -> Generator[Event, None, Result]:
    """Do `work` under the profile's lock, its image pulled first where missing.

    What a killed run left is removed. Raises CsctlError.
    """
    engine.require_local("this")
    with lock.hold(observe.lock_path(profile), f"profile {profile.name}"):
        seen = snapshot.take(engine, ())
        for name in observe.leftovers_of(profile, seen):
            engine.remove(name)
            yield Note(text=f"removed {name}, which a broken-off run left")
        reference, note = observe.resolve_image(engine, profile, environ)
        if note is not None:
            yield Note(text=note)
        if engine.image(str(reference)) is None:
            yield Note(text=f"the Engine does not have {reference}; pulling it first")
            yield from pull_image(engine, reference, environ)
        job = Job(
            engine=engine,
            profile=profile,
            environ=environ,
            reference=reference,
            download_seconds=seconds or arguments.DOWNLOAD_SECONDS,
        )
        return (yield from work(job))


def pull_models(job: Job) -> Generator[Event, None, StoredModel]:
    """Download a profile's model, and the display models that it lacks.

    Raises CsctlError.
    """
    wanted = job.profile.model
    locale = wanted.base.locale if wanted.base else None
    stored = yield from models.pull(job, wanted.id, locale)
    if job.profile.display is None:
        return stored
    return (yield from displays.pull(job, stored.id))
