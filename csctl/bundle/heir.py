"""Applying a profile that a bundle was loaded for.

Where nothing but the license of the container that serves is a new one, that is proven
by a second container first, as when it is refreshed.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping

from csctl import lock
from csctl.engine.engine import Engine
from csctl.license import StoredLicense
from csctl.lifecycle import history, observe, succession
from csctl.lifecycle.apply import apply
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event
from csctl.lifecycle.memory import free_memory
from csctl.lifecycle.outcome import Outcome
from csctl.lifecycle.succession import Sight
from csctl.plan import refresh as decide
from csctl.plan.observed import Observed
from csctl.plan.refusals import Allowed, serves
from csctl.plan.steps import Step
from csctl.profile.model import Profile


def apply_loaded(
    engine: Engine, profile: Profile, environ: Mapping[str, str], allowed: Allowed
) -> Generator[Event, None, Outcome]:
    """Bring a profile's container to what was loaded, and wait until ready.

    Raises CsctlError as `apply` does; RolledBack also where a new license fails its
    proof: it is refused from then on, and what served before serves.
    """
    began = time.monotonic()
    with lock.hold(observe.lock_path(profile), f"profile {profile.name}"):
        seen = succession.look(engine, profile, environ, locked=True)
        proves = heir(seen) is not None
        if proves:
            run = _succeed(engine, profile, environ, allowed)
            done = yield from history.kept(profile, run)
            yield from succession.drop_surplus(engine, profile)
    if not proves:
        return (yield from apply(engine, profile, environ))
    return Outcome(
        profile=profile.name,
        steps=done,
        outcome="ready",
        seconds=time.monotonic() - began,
    )


def heir(seen: Observed) -> StoredLicense | None:
    """The license that a container is to get, of the same image and model."""
    serving, new = serves(seen), seen.license
    if serving is None or new is None or not new.good or new.record is None:
        return None
    same = (
        seen.image is not None
        and seen.image.id == serving.image_id
        and seen.model is not None
        and seen.model_id == serving.model
        and new.fits(seen.image.id, seen.model_id)
    )
    changes = succession.used_directory(seen) not in (None, new.directory)
    return new if same and changes else None


def _succeed(
    engine: Engine, profile: Profile, environ: Mapping[str, str], allowed: Allowed
) -> Generator[Event, None, tuple[Step, ...]]:
    def sight_of(seen: Observed) -> Sight:
        free = free_memory(engine)
        plan = decide.succeed(profile, seen, free=free, allowed=allowed)
        return Sight(seen=seen, plan=plan, free=free)

    sight = yield from succession.settle(engine, profile, environ, sight_of)
    yield from succession.put_to_use(
        succession.job_of(engine, profile, environ, sight),
        sight,
        Demand.of(profile),
        why_left="",
    )
    return sight.plan.steps
