"""Making a bundle: what is missing is brought to this host, and all of it is packed."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from csctl import __version__
from csctl.bundle import inventory, journal, manifest, oci, path, wheels
from csctl.bundle.howto import howto
from csctl.bundle.inventory import Inventory
from csctl.bundle.manifest import Image, License, Manifest, Model, Requires
from csctl.bundle.origin import Origin
from csctl.bundle.packed import Packed
from csctl.bundle.parts import Parts, add_license, add_model
from csctl.bundle.profile_text import carried, exact_image
from csctl.bundle.signature import sign
from csctl.bundle.wheels import Target
from csctl.bundle.write import Written, write
from csctl.container.observed import Image as EngineImage
from csctl.engine.engine import Engine
from csctl.errors import UsageError
from csctl.http.resume import PATIENCE
from csctl.lifecycle.events import Event, Note
from csctl.lifecycle.prepare import Prepared, prepare_profile
from csctl.profile.host import Host
from csctl.profile.model import Profile
from csctl.reference import ImageReference


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a bundle is to be."""

    output: Path
    created: datetime | None = None
    """Where none is given, that of a run that was broken off counts, or else now."""
    have: tuple[Inventory, ...] = ()
    """What the other host has is left out."""
    key: bytes | None = dataclasses.field(default=None, repr=False)
    """The private key to sign with, as PEM."""
    csctl_for: Target | None = None
    """The host that csctl itself is packed for."""
    patience: float = PATIENCE
    """So many seconds a registry may send nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """A bundle that was made."""

    written: Written
    manifest: Manifest


def create(
    engine: Engine,
    profiles: Iterable[Profile],
    environ: Mapping[str, str],
    order: Order,
) -> Generator[Event, None, Created]:
    """Make the bundle of some profiles.

    Broken off, what was downloaded stays, and so does FILE.part for the next run to go
    on from; FILE is whole or not there. Raises CsctlError.
    """
    engine.require_local("making a bundle")
    profiles = tuple(profiles)
    check(order, profiles)
    prepared: list[Prepared] = []
    for profile in sorted(profiles, key=lambda one: one.name):
        ready = yield from prepare_profile(engine, profile, environ)
        prepared.append(ready)
    with ExitStack() as stack:
        origin = Origin(engine, environ, order.output, stack, patience=order.patience)
        packed = yield from _images(origin, prepared)
        parts = Parts()
        if order.csctl_for is not None:
            yield Note(text="gathering csctl and what it needs as wheels")
            wheels.add(parts, order.csctl_for, stack)
        described, data, signature = _sealed(parts, prepared, packed, order)
        included = {one.path for one in described.files if one.included}
        sources = {
            name: source for name, source in parts.sources.items() if name in included
        }
        written = yield from write(order.output, data, signature, sources)
    return Created(written=written, manifest=described)


def _sealed(
    parts: Parts,
    prepared: Iterable[Prepared],
    packed: Mapping[str, Packed],
    order: Order,
) -> tuple[Manifest, bytes, bytes | None]:
    """The manifest, its bytes and their signature."""
    left = journal.read(order.output)
    moments = [order.created or datetime.now(UTC)]
    if order.created is None and left is not None:
        # Of that moment it may be the one that was broken off.
        moments.insert(0, left.created)
    for moment in moments:
        created = moment.astimezone(UTC).replace(microsecond=0)
        described = _describe(parts, tuple(prepared), packed, order, created)
        data = manifest.encode(described)
        signature = sign(order.key, data) if order.key is not None else None
        if left is not None and left.of == journal.mark(data, signature):
            break
    return described, data, signature


def check(order: Order, profiles: Iterable[Profile]) -> None:
    """Refuse beforehand what would fail in the end. Raises UsageError."""
    hosts: dict[str, Host | None] = {}
    for one in profiles:
        if hosts.setdefault(one.name, one.host) != one.host:
            raise UsageError(
                f"{one.name} is a profile of several hosts, and a bundle holds a name"
                " once",
                remedy="make a bundle for each host",
            )
    if order.key is not None:
        sign(order.key, b"")
    file = order.output
    directory = file.absolute().parent
    if file.is_dir() or not os.access(directory, os.W_OK | os.X_OK):
        raise UsageError(
            f"{file} cannot be written", remedy="name a file in a directory of yours"
        )


def _images(
    origin: Origin, prepared: Iterable[Prepared]
) -> Generator[Event, None, dict[str, Packed]]:
    """The images of profiles, each once, by the reference that it resolved to."""
    packed: dict[str, Packed] = {}
    for one in prepared:
        for reference, image in _images_of(one):
            if str(reference) not in packed:
                packed[str(reference)] = yield from origin.find(reference, image)
    return packed


def _images_of(one: Prepared) -> Iterator[tuple[ImageReference, EngineImage]]:
    """What serves, and what stands before it."""
    yield one.reference, one.image
    if one.front is not None and one.front.image is not None:
        yield one.front.reference, one.front.image


def _describe(
    parts: Parts,
    prepared: tuple[Prepared, ...],
    packed: Mapping[str, Packed],
    order: Order,
    created: datetime,
) -> Manifest:
    """The manifest; all files that it lists are added to the parts."""
    images = _add_images(parts, packed)
    models = _add_models(parts, prepared)
    licenses: dict[str, License] = {}
    profiles = []
    for one in prepared:
        image = packed[str(one.reference)].entry
        license_ = None
        if one.license is not None:
            license_ = add_license(parts, one, image.config)
            licenses[license_.path] = license_
        profiles.append(_add_profile(parts, one, image, license_))
    draft = Manifest(
        created=created,
        made_by=f"csctl {__version__}",
        delta=False,
        images=images,
        models=models,
        licenses=tuple(licenses[name] for name in sorted(licenses)),
        profiles=tuple(profiles),
        files=(),
        requires=Requires(disk=0, engine_disk=0),
    )
    draft = _with_files(draft, parts, order.have)
    draft = msgspec.structs.replace(draft, requires=_requires(draft, prepared, packed))
    parts.add("howto", path.HOWTO, howto(draft))
    return _with_files(draft, parts, order.have)


def _add_images(parts: Parts, packed: Mapping[str, Packed]) -> tuple[Image, ...]:
    images = {one.entry.reference: one.entry for one in packed.values()}
    sizes: dict[str, int] = {}
    for one in packed.values():
        sizes |= one.sizes
        for digest, source in one.sources.items():
            sum_ = digest.removeprefix("sha256:")
            name = oci.blob_path(digest)
            parts.place("image", name, one.sizes[digest], sum_, source)
    entries = tuple(images[name] for name in sorted(images))
    for name, data in oci.documents(entries, sizes).items() if entries else ():
        parts.add("image", name, data)
    return entries


def _add_models(parts: Parts, prepared: Iterable[Prepared]) -> tuple[Model, ...]:
    by_id: dict[str, list[Prepared]] = {}
    for one in prepared:
        by_id.setdefault(one.model.id, []).append(one)
    return tuple(add_model(parts, by_id[name]) for name in sorted(by_id))


def _add_profile(
    parts: Parts, one: Prepared, image: Image, license_: License | None
) -> manifest.Profile:
    profile = one.profile
    name = f"{path.DIRECTORIES['profile']}{profile.name}.yaml"
    reference = exact_image(profile, one.reference, image.digest)
    parts.add("profile", name, carried(profile, reference, one.model.id))
    return manifest.Profile(
        name=profile.name,
        path=name,
        image=image.config,
        model=one.model.id,
        license=license_.path if license_ is not None else None,
        mode=profile.mode,
    )


def _with_files(draft: Manifest, parts: Parts, have: tuple[Inventory, ...]) -> Manifest:
    files = tuple(parts.files[name] for name in sorted(parts.files))
    complete = msgspec.structs.replace(draft, files=files)
    out = inventory.left_out(complete, have)
    return msgspec.structs.replace(
        complete,
        delta=bool(out),
        files=tuple(
            msgspec.structs.replace(one, included=False) if one.path in out else one
            for one in files
        ),
    )


def _requires(
    draft: Manifest, prepared: Iterable[Prepared], packed: Mapping[str, Packed]
) -> Requires:
    """Bytes of files; and of images both as they come and as they are kept."""
    carried_ = {one.path: one.size for one in draft.files if one.included}
    files = sum(one.size for one in draft.files if one.included and one.role != "image")
    images = {
        image.id: (reference, image)
        for one in prepared
        for reference, image in _images_of(one)
    }
    engine_disk = 0
    for reference, image in images.values():
        entry = packed[str(reference)].entry
        layers = {oci.blob_path(layer.digest) for layer in entry.layers}
        brought = layers & carried_.keys()
        if brought:
            engine_disk += sum(carried_[name] for name in brought) + image.size
    return Requires(disk=files, engine_disk=engine_disk)
