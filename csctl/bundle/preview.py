"""What loading a bundle would come to: looked at as loading does, nothing changed."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from csctl.bundle import carried as profiles
from csctl.bundle import choice, images, oci, space, survey
from csctl.bundle.archive import Bundle
from csctl.bundle.carried import Carried, Destination
from csctl.bundle.load import require_all, require_whole
from csctl.bundle.outcome import Outcome, Part, sums
from csctl.bundle.refusal import refusals
from csctl.bundle.survey import ImagePart, LicensePart, ModelPart, Survey
from csctl.engine.engine import Engine
from csctl.errors import UsageError
from csctl.lifecycle.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The parts of a bundle as they would be loaded."""

    parts: tuple[Part, ...]
    carried: tuple[Carried, ...]
    trusted: bool
    """Whether a pinned key vouches for the bundle."""

    @property
    def strange(self) -> UsageError | None:
        """Why a profile that nobody here has seen is not to be written unseen.

        One may name a command for a key, which is run as soon as csctl looks at it.
        """
        new = [
            one.profile.name
            for one in self.carried
            if one.file is not None and one.before is None
        ]
        if self.trusted or not new:
            return None
        return UsageError(
            f"the bundle brings the profile {new[0]}, which is not on this host, and no"
            " pinned key signed it",
            remedy="load it at the shell, and look at the profile before it is used:"
            " csctl bundle load --profiles",
        )


def preview(
    engine: Engine, bundle: Bundle, environ: Mapping[str, str], where: Destination
) -> Generator[Event, None, Preview]:
    """Say what `load` would do. Raises CsctlError as `load` does, the locks aside."""
    engine.require_local("what a bundle comes to")
    yield from require_whole(bundle)
    bundle = choice.for_host(bundle, where.here)
    by_manifest = engine.host.by_manifest
    carried = profiles.read(bundle, environ, where, by_manifest=by_manifest)
    for image in bundle.manifest.images:
        images.check_platform(engine, image)
    seen = yield from survey.take(engine, bundle, carried)
    yield from require_all(bundle, seen)
    space.check(survey.needs(engine, bundle, seen))
    return Preview(
        parts=tuple(_parts(bundle, seen, carried, where)),
        carried=carried,
        trusted=bundle.signed_by is not None,
    )


def _parts(
    bundle: Bundle, seen: Survey, carried: tuple[Carried, ...], where: Destination
) -> Iterator[Part]:
    part = partial(Part.of, dict(sums(bundle)))
    for one in seen.images:
        path, here = oci.blob_path(one.image.digest), images.name_here(one.image)
        yield part("image", one.image.reference, path, here, _outcome(one))
    for found in seen.models:
        home = found.wanted.homes[0]
        yield part("model", found.model.id, found.model.path, home, _outcome(found))
    for held in seen.licenses:
        path, against = held.license.path, next(refusals(held.standing), None)
        name, root = path.partition("/")[2], held.wanted.root
        if against is not None and not where.force:
            yield part("license", name, path, root, "refused", against)
        else:
            yield part("license", name, path, root, _outcome(held))
    for entry in carried:
        path, file = entry.entry.path, entry.file or ""
        yield part("profile", entry.entry.name, path, file, _of(entry), entry.refused)


def _outcome(part: ImagePart | ModelPart | LicensePart) -> Outcome:
    return "there already" if part.here else "to load"


def _of(carried: Carried) -> Outcome:
    if carried.file is None:
        return "not written"
    if carried.refused is not None:
        return "refused"
    return "there already" if carried.there else "to load"
