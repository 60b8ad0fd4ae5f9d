"""What the types of a manifest cannot say: that all its parts fit together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from csctl import record
from csctl.bundle import oci, path
from csctl.errors import InvalidReference
from csctl.reference import ImageReference

if TYPE_CHECKING:
    from csctl.bundle.manifest import File, Image, License, Manifest, Profile

SMALL = 8 << 20
"""The most bytes of a file that is read as a whole."""

Faults = Iterator[tuple[str, str]]
# What the header of a tar can hold.
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2242, 1, 1, tzinfo=UTC)


def faults(manifest: Manifest) -> Faults:
    """Each part at fault, with why; paths first, since the rest relies on them."""
    yield from _moments(manifest)
    yield from _paths(manifest.files)
    yield from _delta(manifest)
    files = {file.path: file for file in manifest.files}
    yield from _images(manifest.images, files)
    yield from _models(manifest, files)
    yield from _licenses(manifest, files)
    yield from _profiles(manifest, files)


def _moments(manifest: Manifest) -> Faults:
    if manifest.created.microsecond or not _FIRST <= manifest.created < _LAST:
        yield path.MANIFEST, "`created` is no whole second of 1970 to 2241"
    ends = (one.expires_at for one in manifest.licenses)
    fetched = (one.fetched_at for one in manifest.licenses)
    for moment in (manifest.created, *fetched, *filter(None, ends)):
        if moment.utcoffset() != timedelta(0):
            yield path.MANIFEST, f"{moment.isoformat()} is not in UTC"


def _paths(files: Iterable[File]) -> Faults:
    before = ""
    for file in files:
        fault = path.fault(file.path, file.role)
        if fault is not None:
            yield path.plain(file.path), fault
        elif file.path <= before:
            yield path.plain(file.path), "files are not sorted by path, each once"
        before = file.path
    yield from path.clashes(file.path for file in files)


def _delta(manifest: Manifest) -> Faults:
    left_out = any(not file.included for file in manifest.files)
    if manifest.delta != left_out:
        yield path.MANIFEST, "`delta` tells the contrary of `files`"
    howto = [file for file in manifest.files if file.role == "howto"]
    if not howto or not howto[0].included:
        yield path.HOWTO, "is not included"


def _images(images: Iterable[Image], files: dict[str, File]) -> Faults:
    images = tuple(images)
    yield from _named(images)
    wanted = _blobs(images) | (dict.fromkeys(oci.FILES) if images else {})
    for name, size in wanted.items():
        file = files.get(name)
        if file is None:
            yield name, "is not among the files"
        elif size is not None and file.size != size:
            yield name, f"has {file.size} bytes, and {size} as a layer"
        elif name.startswith(oci.BLOBS) and name != oci.BLOBS + file.sha256:
            yield name, "is not named by its sum"
    read = [digest for image in images for digest in (image.digest, image.config)]
    yield from _small(files, (*oci.FILES, *map(oci.blob_path, read)))
    for file in _of_role("image", files):
        if file.path not in wanted:
            yield file.path, "belongs to no image"


def _blobs(images: Iterable[Image]) -> dict[str, int | None]:
    """The blobs of images by path, with their bytes where the image tells them."""
    blobs: dict[str, int | None] = {}
    for image in images:
        for layer in image.layers:
            blobs[oci.blob_path(layer.digest)] = layer.size
        for digest in (image.digest, image.config):
            blobs.setdefault(oci.blob_path(digest), None)
    return blobs


def _named(images: Iterable[Image]) -> Faults:
    names = set()
    for image in images:
        try:
            ImageReference.parse(image.reference)
        except InvalidReference as exc:
            yield path.MANIFEST, path.plain(exc.message, 256)
        if image.reference in names:
            yield path.MANIFEST, f"image {image.reference} comes twice"
        names.add(image.reference)


def _models(manifest: Manifest, files: dict[str, File]) -> Faults:
    for model in manifest.models:
        if model.path != f"models/{model.id}":
            yield path.plain(model.path), f"is not models/{model.id}"
    yield from _directories("model", [one.path for one in manifest.models], files)


def _licenses(manifest: Manifest, files: dict[str, File]) -> Faults:
    for license_ in manifest.licenses:
        at = path.plain(license_.path)
        if license_.path.count("/") != 1:
            yield at, "is no license set right below licenses/"
        if (license_.expires_at is None) != (license_.expiry_source == "unknown"):
            yield at, "its end and the source of it do not fit together"
        yield from _known(manifest, at, license_)
    yield from _directories("license", [one.path for one in manifest.licenses], files)


def _profiles(manifest: Manifest, files: dict[str, File]) -> Faults:
    licenses = {one.path: one for one in manifest.licenses}
    for profile in manifest.profiles:
        at = f"profiles/{profile.name}.yaml"
        if profile.path != at:
            yield path.plain(profile.path), f"is not {at}"
        yield from _known(manifest, at, profile)
        yield from _small(files, (at,))
        if at not in files:
            yield at, "is not among the files"
        if profile.license is None:
            continue
        license_ = licenses.get(profile.license)
        if license_ is None:
            yield at, f"its license {path.plain(profile.license)} is not in the bundle"
        elif (license_.image, license_.model) != (profile.image, profile.model):
            yield at, "its license is for another image or model"
    named = {profile.path for profile in manifest.profiles}
    if len(named) < len(manifest.profiles):
        yield path.MANIFEST, "a profile comes twice"
    for file in _of_role("profile", files):
        if file.path not in named:
            yield file.path, "belongs to no profile"


def _known(manifest: Manifest, at: str, one: License | Profile) -> Faults:
    """Whether the image and the model of a part are in the bundle as well."""
    if all(image.config != one.image for image in manifest.images):
        yield at, f"its image {one.image} is not in the bundle"
    if all(model.id != one.model for model in manifest.models):
        yield at, f"its model {one.model} is not in the bundle"


def _directories(role: str, paths: list[str], files: dict[str, File]) -> Faults:
    """Each directory has files and a record, and no file lies elsewhere."""
    empty = set(paths)
    records = {name + record.SUFFIX for name in paths}
    for file in _of_role(role, files):
        directory = "/".join(file.path.split("/")[:2])
        if file.path in records:
            continue
        if directory not in paths or directory == file.path:
            yield file.path, f"belongs to no {role}"
        empty.discard(directory)
    for name in paths:
        if name + record.SUFFIX not in files:
            yield path.plain(name + record.SUFFIX), "is not among the files"
    yield from _small(files, records)
    for name in empty:
        yield path.plain(name), f"is a {role} without files"
    if len(set(paths)) < len(paths):
        yield path.MANIFEST, f"a {role} comes twice"


def _small(files: dict[str, File], names: Iterable[str]) -> Faults:
    for file in filter(None, map(files.get, names)):
        if file.size > SMALL:
            yield file.path, f"has {file.size} bytes, {SMALL} are the most"


def _of_role(role: str, files: dict[str, File]) -> Iterator[File]:
    return (file for file in files.values() if file.role == role)
