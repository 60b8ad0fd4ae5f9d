"""Verifying: every byte of a bundle, on several cores, all damage and not just one."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec

from csctl import record
from csctl.bundle import archive, oci, path
from csctl.bundle.archive import Bundle
from csctl.bundle.layout import Member
from csctl.bundle.manifest import Image, License
from csctl.bundle.sums import sums
from csctl.errors import BundleError
from csctl.lifecycle.events import Event, Transfer

_CHUNK = 256 << 10
_TELL_SECONDS = 0.2
_MOST_WORKERS = 8

Shape = TypeVar("Shape")


@dataclass(frozen=True, slots=True)
class Damage:
    """A part of a bundle that is not what the manifest says, and how."""

    part: str
    fault: str


def verify(
    bundle: Bundle, workers: int | None = None
) -> Generator[Event, None, tuple[Damage, ...]]:
    """Read every byte; all damage by part, in the order of the members.

    What fits its sum is then asked whether it says the same as the manifest.
    """
    damaged = yield from _read_all(bundle, workers or min(_MOST_WORKERS, _cores()))
    whole = bundle.members.keys() - {one.part for one in damaged}
    return (*damaged, *_contents(bundle, whole))


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _read_all(
    bundle: Bundle, workers: int
) -> Generator[Event, None, tuple[Damage, ...]]:
    members = [
        member for member in bundle.layout.members if member.path in bundle.files
    ]
    reading = _Reading(bundle)
    # The largest first, so that none of the workers ends long after the others.
    order = sorted(members, key=lambda member: member.size, reverse=True)
    pool = ThreadPoolExecutor(workers)
    try:
        jobs: dict[str, Future[str | None]] = {
            member.path: pool.submit(reading.fault, member) for member in order
        }
        total = sum(member.size for member in members)
        waiting = set(jobs.values())
        while waiting:
            _, waiting = wait(waiting, _TELL_SECONDS)
            yield Transfer(what="verifying", done=reading.done, total=total)
    finally:
        reading.stop.set()
        pool.shutdown(cancel_futures=True)
    found = ((member.path, jobs[member.path].result()) for member in members)
    return tuple(Damage(part, fault) for part, fault in found if fault is not None)


class _Reading:
    """Members being read by several threads, and how far they all are."""

    def __init__(self, bundle: Bundle) -> None:
        self.stop = threading.Event()
        self._bundle = bundle
        self._progress: dict[int, int] = {}
        self._local = threading.local()

    @property
    def done(self) -> int:
        """Bytes that were read."""
        return sum(self._progress.copy().values())

    def fault(self, member: Member) -> str | None:
        """What is wrong with the data of a member."""
        try:
            found = self._sum(member)
        except BundleError as error:
            return error.fault
        if found != self._bundle.files[member.path].sha256:
            return archive.damaged(member.path).fault
        return None

    def _sum(self, member: Member) -> str:
        digest = hashlib.sha256()
        buffer = self._buffer()
        offset, end = member.offset_of_data, member.end_of_data
        worker = threading.get_ident()
        self._progress.setdefault(worker, 0)
        while offset < end and not self.stop.is_set():
            wanted = buffer[: min(len(buffer), end - offset)]
            try:
                count = os.preadv(self._bundle.fd, [wanted], offset)
            except OSError as exc:
                raise archive.unreadable(member.path, offset, exc) from exc
            if not count:
                raise BundleError(member.path, f"the file ends at byte {offset}")
            digest.update(wanted[:count])
            offset += count
            self._progress[worker] += count
        return digest.hexdigest()

    def _buffer(self) -> memoryview:
        if not hasattr(self._local, "buffer"):
            self._local.buffer = memoryview(bytearray(_CHUNK))
        buffer: memoryview = self._local.buffer
        return buffer


def _contents(bundle: Bundle, whole: set[str]) -> Iterator[Damage]:
    if bundle.read(path.SUMS) != sums(bundle.manifest, bundle.data):
        yield Damage(path.SUMS, "is not the list of the manifest's sums")
    sizes = {f"sha256:{one.sha256}": one.size for one in bundle.manifest.files}
    for name, wanted in oci.documents(bundle.manifest.images, sizes).items():
        if name in whole and bundle.read(name) != wanted:
            yield Damage(name, "does not list the images of the manifest")
    for image in bundle.manifest.images:
        yield from _image(bundle, image, whole)
    yield from _records(bundle, whole)


class _Descriptor(msgspec.Struct, frozen=True):
    digest: str
    size: int | None = None


class _ImageManifest(msgspec.Struct, frozen=True):
    config: _Descriptor
    layers: list[_Descriptor]


class _RootFs(msgspec.Struct, frozen=True):
    diff_ids: list[str]


class _Config(msgspec.Struct, frozen=True):
    os: str
    architecture: str
    rootfs: _RootFs


class _File(msgspec.Struct, frozen=True):
    path: str
    size: int
    sha256: str


class _Record(msgspec.Struct, frozen=True):
    kind: str
    id: str
    image_id: str
    fetched_at: datetime
    files: list[_File]


def _image(bundle: Bundle, image: Image, whole: set[str]) -> Iterator[Damage]:
    name = oci.blob_path(image.digest)
    if name in whole:
        found = _parse(bundle, name, _ImageManifest)
        layers = [(layer.digest, layer.size) for layer in image.layers]
        if (
            found is None
            or found.config.digest != image.config
            or [(one.digest, one.size) for one in found.layers] != layers
        ):
            yield Damage(name, f"is not the manifest of {image.reference}")
    name = oci.blob_path(image.config)
    if name in whole:
        config = _parse(bundle, name, _Config)
        if (
            config is None
            or config.rootfs.diff_ids != [layer.diff_id for layer in image.layers]
            or [config.os, config.architecture] != image.platform.split("/")[:2]
        ):
            yield Damage(name, f"is not the configuration of {image.reference}")


def _records(bundle: Bundle, whole: set[str]) -> Iterator[Damage]:
    manifest = bundle.manifest
    wanted: dict[str, tuple[str, str, License | None]] = {
        one.path: ("model", one.id, None) for one in manifest.models
    }
    wanted |= {one.path: ("license", one.model, one) for one in manifest.licenses}
    for directory, (kind, identity, license_) in wanted.items():
        name = directory + record.SUFFIX
        if name not in whole:
            continue
        found = _parse(bundle, name, _Record)
        files = {
            (one.path.removeprefix(directory + "/"), one.size, one.sha256)
            for one in manifest.files
            if one.path.startswith(directory + "/")
        }
        if (
            found is None
            or (found.kind, found.id) != (kind, identity)
            or (license_ is not None and not _fits(found, license_))
            or {(one.path, one.size, one.sha256) for one in found.files} != files
        ):
            yield Damage(name, f"is not the record of {directory}")


def _fits(found: _Record, license_: License) -> bool:
    return (found.image_id, found.fetched_at) == (license_.image, license_.fetched_at)


def _parse(bundle: Bundle, name: str, shape: type[Shape]) -> Shape | None:
    """A small document of the bundle; None where it has another shape."""
    try:
        return msgspec.json.decode(bundle.read(name), type=shape)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
