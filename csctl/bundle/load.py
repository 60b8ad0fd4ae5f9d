"""Loading a bundle: all of it verified first, then each part put into its place.

Until the last byte is verified, and every part that the bundle leaves out is found on
this host, nothing is touched. What is there already, and right, stays as it is. The
container that serves is none of this: the next apply gives it what came.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Generator, Mapping
from contextlib import ExitStack
from pathlib import Path

from csctl import license as license_store
from csctl import lock, staging
from csctl.bundle import carried as profiles
from csctl.bundle import choice, images, oci, space, survey
from csctl.bundle.archive import Bundle
from csctl.bundle.carried import Carried, Destination
from csctl.bundle.outcome import Loaded, Outcome, Part, sums
from csctl.bundle.place import Stock, put_license, put_model
from csctl.bundle.refusal import refusals
from csctl.bundle.survey import ImagePart, LicensePart, ModelPart, Survey
from csctl.bundle.verify import verify
from csctl.container.observed import Image
from csctl.container.spec import LABEL_PROFILE, LABEL_ROLE, ROLE_ONE_SHOT
from csctl.engine.engine import Engine
from csctl.errors import BundleError, ClockBehind, CsctlError, UsageError
from csctl.lifecycle import observe
from csctl.lifecycle.events import Event, Note
from csctl.lifecycle.job import Job
from csctl.reference import ImageReference

_DELTA = "load the bundle before it, or make one for this host: csctl bundle inventory"
_SHOWN = 5
_LOCK_SECONDS = 60.0


def load(
    engine: Engine,
    bundle: Bundle,
    environ: Mapping[str, str],
    where: Destination,
) -> Generator[Event, None, Loaded]:
    """Load a bundle; parts that are refused leave the others to be loaded.

    With an Engine on another host only the images can be. Raises BundleError where
    the bundle or an image that comes of it is broken, or something is nowhere;
    LockHeld; CsctlError.
    """
    yield from require_whole(bundle)
    bundle = choice.for_host(bundle, where.here)
    by_manifest = engine.host.by_manifest
    carried = profiles.read(bundle, environ, where, by_manifest=by_manifest)
    for image in bundle.manifest.images:
        images.check_platform(engine, image)
    run = _Run(engine, bundle, environ, where)
    if not engine.local:
        return (yield from run.far(carried))
    with ExitStack() as locks:
        for one in carried:
            name = one.profile.name
            path = observe.lock_path(one.profile)
            locks.enter_context(lock.hold(path, f"profile {name}"))
        yield from _sweep(engine, carried)
        seen = yield from survey.take(engine, bundle, carried)
        yield from require_all(bundle, seen)
        space.check(survey.needs(engine, bundle, seen))
        return (yield from run.near(seen, carried))


def require_whole(bundle: Bundle) -> Generator[Event, None, None]:
    """Read every byte. Raises BundleError where one is wrong."""
    damage = yield from verify(bundle)
    for one in damage[1:]:
        yield Note(text=f"{one.part}: {one.fault}")
    if damage:
        raise BundleError(
            damage[0].part,
            damage[0].fault,
            remedy="nothing was loaded; carry the bundle over again, or make it anew",
        )


def _sweep(
    engine: Engine, carried: tuple[Carried, ...]
) -> Generator[Event, None, None]:
    """Remove the one-shot containers that killed runs left.

    What a broken-off replacement left tells the next apply how to go on.
    """
    names = {one.profile.name for one in carried}
    for row in engine.containers():
        if row.one_shot and row.profile in names:
            engine.remove(row.name)
            yield Note(text=f"removed {row.name}, which a broken-off run left")


def require_all(bundle: Bundle, seen: Survey) -> Generator[Event, None, None]:
    """Raise BundleError where a part is neither in the bundle nor on this host."""
    lacking = seen.missing
    if not lacking:
        return
    for one in lacking[_SHOWN:]:
        yield Note(text=f"missing: {one}")
    more = f", and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    raise BundleError(
        str(bundle.path),
        "leaves out what this host was expected to have:"
        f" {', '.join(lacking[:_SHOWN])}{more}",
        remedy=_DELTA,
    )


class _Run:
    """Putting parts into place, one after another."""

    def __init__(
        self,
        engine: Engine,
        bundle: Bundle,
        environ: Mapping[str, str],
        where: Destination,
    ) -> None:
        self._engine = engine
        self._bundle = bundle
        self._environ = environ
        self._where = where
        self._parts: list[Part] = []
        self._sums = dict(sums(bundle))
        self._images: dict[str, Image] = {}
        """By the digest of their configuration."""

    def near(
        self, seen: Survey, carried: tuple[Carried, ...]
    ) -> Generator[Event, None, Loaded]:
        """All parts, on this host."""
        stock = Stock(bundle=self._bundle, holding=seen.holding)
        for image in seen.images:
            yield from self._image(image)
        for model in seen.models:
            yield from self._model(model, stock)
        for license_ in seen.licenses:
            yield from self._license(license_, stock)
        self._sync(seen)
        # What says that all is there comes last.
        for one in carried:
            self._profile(one)
        return Loaded(parts=tuple(self._parts), carried=carried)

    def far(self, carried: tuple[Carried, ...]) -> Generator[Event, None, Loaded]:
        """The images, into an Engine of another host."""
        for image in survey.image_parts(self._engine, self._bundle, carried):
            yield from self._image(image)
        error = UsageError(
            f"models, licenses and profiles are not loaded: the Engine"
            f" {self._engine.url} is on another host",
            remedy="run csctl on that host",
        )
        for model in self._bundle.manifest.models:
            self._tell("model", model.id, model.path, "", "refused", error)
        for license_ in self._bundle.manifest.licenses:
            name = license_.path.partition("/")[2]
            self._tell("license", name, license_.path, "", "refused", error)
        return Loaded(parts=tuple(self._parts), carried=carried)

    def _tell(
        self,
        kind: str,
        name: str,
        path: str,
        place: object,
        outcome: Outcome,
        error: CsctlError | None = None,
    ) -> None:
        """`path` is where the part lies in the bundle."""
        part = Part.of(self._sums, kind, name, path, place, outcome, error)
        self._parts.append(part)

    def _image(self, part: ImagePart) -> Generator[Event, None, None]:
        image, carried = part.image, part.carried
        labels = {LABEL_ROLE: ROLE_ONE_SHOT}
        if carried is not None:
            labels[LABEL_PROFILE] = carried.profile.name
        self._images[image.config] = yield from images.bring(
            self._engine, self._bundle, image, labels
        )
        name, here = oci.blob_path(image.digest), images.name_here(image)
        self._tell("image", image.reference, name, here, _brought(part))

    def _model(self, part: ModelPart, stock: Stock) -> Generator[Event, None, None]:
        home = part.wanted.homes[0]
        if not part.here:
            job, image = self._job(part.carried)
            home = yield from put_model(job, image, part.model, part.wanted, stock)
        self._tell("model", part.model.id, part.model.path, home, _brought(part))

    def _license(self, part: LicensePart, stock: Stock) -> Generator[Event, None, None]:
        here, name = part.standing.here, part.license.path.partition("/")[2]
        against = next(refusals(part.standing), None)
        path = part.license.path
        forced = self._where.force and not isinstance(against, ClockBehind)
        if against is not None and not forced:
            self._tell("license", name, path, part.wanted.root, "refused", against)
            return
        if here is None:
            job, image = self._job(part.carried)
            directory = yield from put_license(
                job, image, part.license, part.wanted, stock
            )
        else:
            directory = license_store.accept(here).directory
        there = here is not None and here.refused is None
        outcome: Outcome = "there already" if there else "loaded"
        self._tell("license", name, path, directory, outcome)

    def _profile(self, carried: Carried) -> None:
        name, place = carried.entry.name, carried.file or ""
        outcome: Outcome = "not written"
        if carried.file is not None:
            staging.sweep(carried.file.parent, carried.file.name)
        if carried.refused is not None:
            outcome = "refused"
        elif carried.there:
            outcome = "there already"
        elif carried.file is not None:
            carried.write()
            outcome = "loaded"
        path = carried.entry.path
        self._tell("profile", name, path, place, outcome, carried.refused)

    def _job(self, carried: Carried) -> tuple[Job, Image]:
        image = self._images[carried.entry.image]
        named = next(
            one
            for one in self._bundle.manifest.images
            if one.config == carried.entry.image
        )
        job = Job(
            engine=self._engine,
            profile=carried.profile,
            environ=self._environ,
            reference=ImageReference.parse(str(images.name_here(named))),
            download_seconds=_LOCK_SECONDS,
        )
        return job, image

    def _sync(self, seen: Survey) -> None:
        """Let what was written survive a power cut: the Engine does not see to it."""
        if all(part.outcome != "loaded" for part in self._parts):
            return
        roots = {one.wanted.root for one in seen.models}
        roots |= {one.wanted.root for one in seen.licenses}
        for root in (Path(self._engine.host.storage), *roots):
            _sync_disk_of(root)


def _brought(part: ImagePart | ModelPart) -> Outcome:
    return "there already" if part.here else "loaded"


def _sync_disk_of(directory: Path) -> None:
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return  # The Engine is in a machine of its own.
    except OSError:
        os.sync()  # Not ours to look into, as the Engine's data for anyone but root.
        return
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(handle) != 0:
            number = ctypes.get_errno()
            raise CsctlError(
                f"the disk of {directory} does not take what was written:"
                f" {os.strerror(number)}",
                remedy="check that disk, then load again",
            )
    finally:
        os.close(handle)
