"""What a bundle's parts come to on this host, found out without changing anything."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from csctl import license as license_store
from csctl import model
from csctl.bundle import images, manifest, oci
from csctl.bundle.archive import Bundle
from csctl.bundle.carried import Carried
from csctl.bundle.choice import layer_bytes
from csctl.bundle.holding import Holding, Wanted, files_of, look
from csctl.bundle.place import model_is_here
from csctl.bundle.refusal import Standing
from csctl.bundle.space import Need
from csctl.clock import Moment
from csctl.container.observed import Container
from csctl.container.spec import LABEL_LICENSE
from csctl.engine.engine import Engine
from csctl.errors import LicenseError
from csctl.license import StoredLicense
from csctl.lifecycle import recorded
from csctl.lifecycle.events import Event
from csctl.profile.model import Profile

_MOVING = ("latest", "newest")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """An image, and whether the Engine has it by its name."""

    image: manifest.Image
    carried: Carried | None
    """A profile that wants it."""
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPart:
    """A model in one profile's directory."""

    model: manifest.Model
    carried: Carried
    wanted: Wanted
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LicensePart:
    """A license in one profile's directory."""

    license: manifest.License
    carried: Carried
    wanted: Wanted
    standing: Standing

    @property
    def here(self) -> bool:
        """Whether this host has it already."""
        return self.standing.here is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All parts, what of them is here, and what is nowhere."""

    images: tuple[ImagePart, ...]
    models: tuple[ModelPart, ...]
    licenses: tuple[LicensePart, ...]
    holding: Holding
    missing: tuple[str, ...]
    """What neither the bundle nor this host has."""


def take(
    engine: Engine, bundle: Bundle, carried: Iterable[Carried]
) -> Generator[Event, None, Survey]:
    """Look at every part, files read whole. Raises CsctlError."""
    carried = tuple(carried)
    wanted_models = {_key(one): one for c in carried for one in _model(bundle, c)}
    wanted_licenses = {_key(one): one for c in carried for one in _license(bundle, c)}
    every = [one for _, one in (*wanted_models.values(), *wanted_licenses.values())]
    holding = yield from look(every)
    absent = [one for one in bundle.manifest.images if not images.find(engine, one)]
    return Survey(
        images=tuple(image_parts(engine, bundle, carried)),
        models=tuple(
            _model_part(bundle, c, one, holding) for c, one in wanted_models.values()
        ),
        licenses=tuple(
            _license_part(engine, bundle, c, one, holding)
            for c, one in wanted_licenses.values()
        ),
        holding=holding,
        missing=(
            *images.missing(engine, bundle, absent),
            *dict.fromkeys(holding.missing(every)),
        ),
    )


def image_parts(
    engine: Engine, bundle: Bundle, carried: Iterable[Carried]
) -> Iterator[ImagePart]:
    """The images alone, which need no files of this host. Raises EngineError."""
    wanting = {one.entry.image: one for one in carried}
    for image in bundle.manifest.images:
        here = images.find(engine, image) is not None and images.named(engine, image)
        yield ImagePart(image=image, carried=wanting.get(image.config), here=here)


def needs(engine: Engine, bundle: Bundle, survey: Survey) -> Iterator[Need]:
    """What loading the parts that are not here writes, and where."""
    parts: tuple[ModelPart | LicensePart, ...] = (*survey.models, *survey.licenses)
    for one in parts:
        if not one.here:
            files = [file for file in one.wanted.files.values() if file.included]
            size = sum(file.size for file in files)
            yield Need(one.wanted.root, size, len(files) + 2)
    storage = Path(engine.host.storage)
    absent = [one.image for one in survey.images if not one.here]
    # An Engine in a machine of its own keeps its data out of sight.
    if absent and engine.local and storage.is_dir():
        carried = layer_bytes(bundle, bundle.manifest.images)
        share = layer_bytes(bundle, absent) / carried if carried else 1.0
        size = int(bundle.manifest.requires.engine_disk * share)
        yield Need(storage, size, way_out="remove what nothing needs: csctl prune")


_Wanting = tuple[Carried, Wanted]


def _key(wanting: _Wanting) -> tuple[str, Path]:
    _, wanted = wanting
    return wanted.path, wanted.root


def _model(bundle: Bundle, carried: Carried) -> Iterator[_Wanting]:
    root = carried.profile.models_root
    for one in bundle.manifest.models:
        if one.id == carried.entry.model:
            yield (
                carried,
                Wanted(
                    path=one.path,
                    root=root,
                    homes=(model.directory_of(root, one.id),),
                    files=files_of(bundle, one.path),
                ),
            )


def _license(bundle: Bundle, carried: Carried) -> Iterator[_Wanting]:
    root = carried.profile.license_root
    for one in bundle.manifest.licenses:
        if one.path == carried.entry.license:
            yield (
                carried,
                Wanted(
                    path=one.path,
                    root=root,
                    homes=tuple(have.directory for have in _like(root, one)),
                    files=files_of(bundle, one.path),
                ),
            )


def _like(root: Path, one: manifest.License) -> Iterator[StoredLicense]:
    """The licenses of a root that may be this one."""
    for have in license_store.stored(root):
        known = have.record
        if known and (known.id, known.fetched_at) == (one.model, one.fetched_at):
            yield have


def _model_part(
    bundle: Bundle, carried: Carried, wanted: Wanted, holding: Holding
) -> ModelPart:
    [one] = [one for one in bundle.manifest.models if one.path == wanted.path]
    here = model_is_here(one, wanted, holding)
    return ModelPart(model=one, carried=carried, wanted=wanted, here=here)


def _license_part(
    engine: Engine, bundle: Bundle, carried: Carried, wanted: Wanted, holding: Holding
) -> LicensePart:
    manifest_ = bundle.manifest
    [one] = [one for one in manifest_.licenses if one.path == wanted.path]
    image = next(i for i in manifest_.images if i.config == one.image)
    image_ids = frozenset((image.config, image.digest))
    profile = carried.profile
    serving = engine.container(profile.name)
    if serving is not None and serving.profile != profile.name:
        serving = None
    here = next(
        (
            have
            for have in _like(wanted.root, one)
            if have.record is not None
            and have.record.image_id in image_ids
            and not have.damage
            and holding.holds(have.directory, wanted.files)
        ),
        None,
    )
    standing = Standing(
        profile=profile.name,
        license=one,
        image_ids=image_ids,
        serving=serving,
        used=_used(profile, serving, image_ids),
        here=here,
        alone=not _brings(bundle, image, one.model),
        asked=_asked(engine, carried, image) if carried.refused else None,
        now=datetime.now(UTC),
        newest=_newest(bundle, one, profile),
    )
    return LicensePart(license=one, carried=carried, wanted=wanted, standing=standing)


def _newest(bundle: Bundle, one: manifest.License, profile: Profile) -> Moment:
    mend = "make the bundle anew"
    made, fetched = f"bundle {bundle.path} was made", f"{one.path} was fetched"
    told = (
        Moment(at=bundle.manifest.created, what=made, mend=mend),
        Moment(at=one.fetched_at, what=fetched, mend=mend),
        recorded.newest(profile),
    )
    return max(filter(None, told), key=lambda moment: moment.at)


def _used(
    profile: Profile, serving: Container | None, image_ids: frozenset[str]
) -> StoredLicense | None:
    """The license that serves; without a container the one that would."""
    if serving is not None and LABEL_LICENSE in serving.labels:
        try:
            return license_store.read(Path(serving.labels[LABEL_LICENSE]))
        except LicenseError:
            return None  # Nothing is known of it: nothing can be said against its heir.
    for image_id in image_ids:
        found = license_store.choose(profile.license_root, image_id, profile.model.id)
        if found and found.good and found.fits(image_id, profile.model.id):
            return found
    return None


def _brings(bundle: Bundle, image: manifest.Image, model_id: str) -> bool:
    """Whether anything of an image or a model is in the bundle itself."""
    blobs = (image.digest, image.config, *(layer.digest for layer in image.layers))
    files = files_of(bundle, f"models/{model_id}").values()
    return any(file.included for file in files) or any(
        oci.blob_path(digest) in bundle.members for digest in blobs
    )


def _asked(engine: Engine, carried: Carried, image: manifest.Image) -> tuple[str, str]:
    """Image id and model that the profile on this host asks for."""
    profile = carried.profile
    image_id = image.config
    own_name = str(profile.image) == str(images.name_here(image))
    if not own_name and profile.image.tag not in _MOVING:
        found = engine.image(str(profile.image))
        image_id = found.id if found is not None else ""
    return image_id, profile.model.id or carried.entry.model
