"""What a host has already, in digests only: small enough to be carried by hand.

Layers count by their chain: most Engines find a layer again only above the same lower
ones. Files of models count one by one, a license as a whole. An earlier bundle is an
inventory as well, of what it brought or found.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from csctl import license as licenses
from csctl import model as models
from csctl import record
from csctl.bundle import oci
from csctl.bundle.manifest import Image, Manifest
from csctl.container.spec import LABEL_LICENSE
from csctl.contract.arguments import MODELS
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, UsageError
from csctl.profile.model import Profile

FORMAT: Final = "csctl-inventory"
VERSION: Final = 1
_LIMIT = 32 << 20
_REMEDY = "name the file that `bundle inventory` wrote on the other host"
_AT_MOST = 1_000_000

_Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[a-f0-9]{64}\Z")]
_Digests = Annotated[tuple[_Digest, ...], msgspec.Meta(max_length=_AT_MOST)]


class Inventory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Digests of what one host has, sorted."""

    format: Literal["csctl-inventory"] = FORMAT
    version: Literal[1] = VERSION
    chains: _Digests
    """Of each layer of an image with all layers below it."""
    models: _Digests
    """Of each model's file: its model, its name, its content."""
    licenses: _Digests
    """Of each license as a whole: the names and contents of its files."""


def encode(inventory: Inventory) -> bytes:
    """An inventory as JSON."""
    return msgspec.json.format(msgspec.json.encode(inventory), indent=1) + b"\n"


def load(file: Path) -> Inventory:
    """Read an inventory. Raises UsageError."""
    try:
        with open(file, "rb") as stream:
            data = stream.read(_LIMIT)
    except OSError as exc:
        raise UsageError(
            f"inventory {file} cannot be read: {exc.strerror}", remedy=_REMEDY
        ) from exc
    return decode(data, str(file))


def decode(data: bytes, what: str) -> Inventory:
    """Read an inventory's JSON, with `what` it is called. Raises UsageError."""
    try:
        return msgspec.json.decode(data, type=Inventory)
    except (msgspec.DecodeError, RecursionError, ValueError) as exc:
        raise UsageError(f"{what} is no inventory: {exc}", remedy=_REMEDY) from exc


def common(inventories: Iterable[Inventory]) -> Inventory:
    """What every one of some hosts has, at least one."""
    found = tuple(inventories)
    return _inventory(
        chains=set.intersection(*(set(one.chains) for one in found)),
        models=set.intersection(*(set(one.models) for one in found)),
        licenses=set.intersection(*(set(one.licenses) for one in found)),
    )


def of_bundle(manifest: Manifest) -> Inventory:
    """What a host has after this bundle was loaded."""
    return _inventory(
        chains=(
            chain
            for image in manifest.images
            for chain in chains(layer.diff_id for layer in image.layers)
        ),
        models=_models_of(manifest).values(),
        licenses=_licenses_of(manifest).values(),
    )


def left_out(manifest: Manifest, have: Iterable[Inventory]) -> frozenset[str]:
    """The paths of those files of a complete state that a host has."""
    have = tuple(have)
    known = {one for inventory in have for one in inventory.chains}
    files = {one for inventory in have for one in inventory.models}
    sets = {one for inventory in have for one in inventory.licenses}
    paths = {path for path, mark in _models_of(manifest).items() if mark in files}
    gone = {path for path, mark in _licenses_of(manifest).items() if mark in sets}
    paths |= {
        file.path
        for file in manifest.files
        if file.role == "license" and file.path.rpartition("/")[0] in gone
    }
    return frozenset(paths | _layers_left_out(manifest.images, known))


def _layers_left_out(images: Iterable[Image], known: set[str]) -> set[str]:
    """Blobs of layers whose every use is known already."""
    there: set[str] = set()
    needed: set[str] = set()
    for image in images:
        above = chains(layer.diff_id for layer in image.layers)
        for layer, chain in zip(image.layers, above, strict=True):
            (there if chain in known else needed).add(oci.blob_path(layer.digest))
    return there - needed


def chains(diff_ids: Iterable[str]) -> Iterator[str]:
    """The chain of each layer, from the lowest on, as Engines compute it."""
    chain = ""
    for diff_id in diff_ids:
        chain = _digest(f"{chain} {diff_id}") if chain else diff_id
        yield chain


def take(engine: Engine, profiles: Iterable[Profile]) -> Inventory:
    """What this host has: all images, and the models and licenses of profiles.

    Those of managed containers are found without their profile. Raises CsctlError.
    """
    engine.require_local("an inventory")
    model_roots, license_roots = _roots(engine, profiles)
    found = (engine.image(one.id) for one in engine.images())
    return _inventory(
        chains=(chain for image in found if image for chain in chains(image.layers)),
        models=(mark for root in model_roots for mark in _models_below(root)),
        licenses=(mark for root in license_roots for mark in _licenses_below(root)),
    )


def _roots(
    engine: Engine, profiles: Iterable[Profile]
) -> tuple[list[Path], list[Path]]:
    profiles = tuple(profiles)
    model_roots = {profile.models_root for profile in profiles}
    license_roots = {profile.license_root for profile in profiles}
    managed = [row.name for row in engine.containers() if row.serves]
    for container in engine.inspect_all(managed).values():
        for mount in container.mounts:
            if mount.target == MODELS:
                model_roots |= {mount.source, mount.source.parent}
        if (used := container.labels.get(LABEL_LICENSE)) is not None:
            license_roots.add(Path(used).parent)
    return sorted(model_roots), sorted(license_roots)


def _models_below(root: Path) -> Iterator[str]:
    # What cannot be read or is damaged is not there: so it is brought again.
    with suppress(CsctlError):
        own = record.read(root)
        if own is not None and own.kind == models.KIND:
            yield from _marks(own.id, root, own)
        for known in models.records(root):
            yield from _marks(known.id, root / known.id, known)


def _marks(model_id: str, directory: Path, known: record.Record) -> Iterator[str]:
    if not record.damage(directory, known):
        for file in known.files:
            yield _model_mark(model_id, file.path, file.sha256)


def _licenses_below(root: Path) -> Iterator[str]:
    with suppress(CsctlError):
        for one in licenses.stored(root):
            if one.record is not None and not one.damage:
                yield _license_mark({f.path: f.sha256 for f in one.record.files})


def _models_of(manifest: Manifest) -> Mapping[str, str]:
    """The mark of each model's file, by its path; records have none."""
    ids = {model.path: model.id for model in manifest.models}
    marks = {}
    for file in manifest.files:
        if file.role == "model" and file.path.count("/") > 1:
            _, name, below = file.path.split("/", 2)
            identity = ids[f"models/{name}"]
            marks[file.path] = _model_mark(identity, below, file.sha256)
    return marks


def _licenses_of(manifest: Manifest) -> Mapping[str, str]:
    """The mark of each license, by the path of its directory."""
    files: dict[str, dict[str, str]] = {one.path: {} for one in manifest.licenses}
    for file in manifest.files:
        if file.role == "license" and file.path.count("/") > 1:
            top, name, below = file.path.split("/", 2)
            files[f"{top}/{name}"][below] = file.sha256
    return {path: _license_mark(sums) for path, sums in files.items()}


def _model_mark(model_id: str, name: str, sha256: str) -> str:
    return _digest(f"{model_id}/{name} {sha256}")


def _license_mark(sums: Mapping[str, str]) -> str:
    return _digest("\n".join(f"{name} {sha}" for name, sha in sorted(sums.items())))


def _digest(text: str) -> str:
    # The name of a file may be any bytes.
    return "sha256:" + hashlib.sha256(os.fsencode(text)).hexdigest()


def _inventory(
    *, chains: Iterable[str], models: Iterable[str], licenses: Iterable[str]
) -> Inventory:
    return Inventory(
        chains=tuple(sorted(set(chains))),
        models=tuple(sorted(set(models))),
        licenses=tuple(sorted(set(licenses))),
    )
