"""One license after another: looking, proving, and letting a container serve with it.

Both refreshing and going back end here. Until a license has been proven, the container
that serves and its license stay as they are; one that fails is marked, so that no later
apply chooses it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from csctl import license as license_store
from csctl import lock
from csctl.container.observed import Image
from csctl.container.spec import LABEL_LICENSE
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, LicenseError, RolledBack
from csctl.license import StoredLicense
from csctl.lifecycle import applied, mounts, observe, prune, snapshot
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event, Note, timed
from csctl.lifecycle.handover import put_in_place
from csctl.lifecycle.images import pull_image
from csctl.lifecycle.job import Job
from csctl.lifecycle.keys import read_keys
from csctl.lifecycle.proof import FAILURES, prove
from csctl.lifecycle.replace import undo
from csctl.plan import refresh as decide
from csctl.plan import steps
from csctl.plan.observed import Observed
from csctl.plan.refusals import needed
from csctl.plan.steps import Plan, Step
from csctl.profile.model import Profile

_LOCK_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The set that is to serve, and what is to be done for it."""

    seen: Observed
    """What there is, with that set in the place of the one that the profile wants."""
    plan: Plan
    free: int
    """Bytes of memory that are left."""
    left: tuple[StoredLicense, ...] = ()
    """Licenses that are not to be chosen any more."""


def look(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    *,
    locked: bool = False,
) -> Observed:
    """What there is, a broken-off replacement taken for undone.

    `locked` says that the caller holds the profile's lock. Raises CsctlError.
    """
    seen = snapshot.take(engine, (profile,))
    observed = observe.observe(engine, profile, environ, seen)
    keys = read_keys(profile, environ, ("license",))
    serving = observed.replaced or observed.serving
    return dataclasses.replace(
        observed,
        serving=serving,
        applied=applied.fields_of(serving) if serving else None,
        license_problem=keys.license_problem,
        # Under the lock, what looks like a leftover is one.
        leftovers=observe.leftovers_of(profile, seen) if locked else observed.leftovers,
    )


def used_directory(seen: Observed) -> Path | None:
    """The directory of the license that the profile's container was made with."""
    if seen.serving is None or LABEL_LICENSE not in seen.serving.labels:
        return None
    return Path(seen.serving.labels[LABEL_LICENSE])


def used_license(seen: Observed) -> StoredLicense | None:
    """That license; without a container the one that the next apply would choose."""
    directory = used_directory(seen)
    if directory is None:
        return seen.license
    try:
        return license_store.read(directory)
    except LicenseError:
        return None  # Nothing is known of it: nothing can be said against its heir.


def settle(
    engine: Engine,
    profile: Profile,
    environ: Mapping[str, str],
    sight_of: Callable[[Observed], Sight],
) -> Generator[Event, None, Sight]:
    """Do what comes before the license itself; what is seen then.

    The caller holds the profile's lock. Raises CsctlError, of a plan with problems the
    first one before anything is done.
    """
    done: list[Step] = []
    while True:
        sight = sight_of(look(engine, profile, environ, locked=True))
        if sight.plan.problems:
            raise sight.plan.problems[0]
        step = sight.plan.steps[0]
        if not _prepares(step):
            return sight
        if step in done:
            raise CsctlError(
                f"{profile.name}: {step.action} {step.target} was done, and is still"
                f" needed: {step.reason}",
                remedy="look at it: csctl plan",
            )
        job = job_of(engine, profile, environ, sight)
        yield from timed(step, _prepare(step, job, sight.seen.image))
        done.append(step)


def _prepares(step: Step) -> bool:
    if isinstance(step, steps.Replace):
        return step.undo
    return not isinstance(step, steps.FetchLicense)


def _prepare(step: Step, job: Job, image: Image | None) -> Generator[Event, None, None]:
    match step:
        case steps.Remove():
            job.engine.remove(step.target)
        case steps.Replace():
            undo(job.engine, step.target)
        case steps.Start():
            job.engine.start(step.target)
        case steps.PullImage():
            yield from pull_image(job.engine, step.reference, job.environ)
        case steps.SetOwnership():
            assert image is not None, "it is pulled before"
            for path in step.paths:
                mounts.give(job.engine, job.profile, image, path)
        case _:
            raise AssertionError(f"{step.action} is no step before a license")


def job_of(
    engine: Engine, profile: Profile, environ: Mapping[str, str], sight: Sight
) -> Job:
    """What the work on a set is done with."""
    return Job(
        engine=engine,
        profile=profile,
        environ=environ,
        reference=sight.seen.reference,
    )


def put_to_use(
    job: Job, sight: Sight, demand: Demand, *, why_left: str
) -> Generator[Event, None, None]:
    """Prove the license of a sight, and let the container serve with it.

    Raises RolledBack where it fails: it is refused from then on, and what served
    before serves.
    """
    license_, image = sight.seen.license, sight.seen.image
    assert license_ is not None, "the plan is about one"
    assert image is not None, "it is pulled before"
    spec = decide.spec_of(job.profile, sight.seen)
    step = next((s for s in sight.plan.steps if _replaces(s)), None)
    try:
        if needed(job.profile) <= sight.free:
            yield Note(text=f"a second container proves license {license_.directory}")
            yield from prove(job, image, spec, demand)
            license_ = license_store.accept(license_)
        with _leaving(sight.left, why_left):
            if step is not None:
                new = spec.with_reason(step.reason)
                work = put_in_place(job.engine, job.profile, new, demand)
                yield from timed(step, work)
            license_ = license_store.accept(license_)
    except RolledBack as error:
        if isinstance(error.__cause__, FAILURES):
            _refuse(license_, error.__cause__)
        raise
    except FAILURES as error:
        _refuse(license_, error)
        raise RolledBack(
            f"{job.profile.name}: license {license_.directory} failed its proof, and is"
            f" refused from now on; what served before is untouched: {error.message}",
            remedy=error.remedy,
        ) from error


def _replaces(step: Step) -> bool:
    return isinstance(step, steps.Replace) and not step.undo


def _refuse(license_: StoredLicense, error: CsctlError) -> None:
    if license_.record is not None:
        license_store.refuse(license_, error.message.partition("\n")[0])


@contextmanager
def _leaving(left: Iterable[StoredLicense], why: str) -> Iterator[None]:
    """Mark licenses before the container leaves them; take it back where it stays.

    A killed run leaves the marks: the next apply then goes where this one was to go.
    """
    marked: list[StoredLicense] = []
    try:
        marked.extend(license_store.refuse(one, why) for one in left)
        yield
    except BaseException:
        for one in marked:
            license_store.accept(one)
        raise


def drop_surplus(engine: Engine, profile: Profile) -> Iterator[Event]:
    """Remove the licenses that going back needs no more; what stands in the way is a
    note, as another license serves already."""
    root = profile.license_root
    try:
        with lock.hold(
            root / ".csctl.lock", f"licenses in {root}", wait_seconds=_LOCK_SECONDS
        ):
            used = prune.paths_in_use(engine)
            yield from prune.prune(engine, tuple(prune.license_sets(profile, used)))
    except CsctlError as error:
        yield Note(text=f"older licenses were left: {error.message}")
