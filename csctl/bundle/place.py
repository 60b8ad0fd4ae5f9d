"""Putting a bundle's models and licenses into place: staged, whole, then renamed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from csctl import license as license_store
from csctl import lock, model, record, staging
from csctl.bundle import archive, manifest
from csctl.bundle.archive import Bundle
from csctl.bundle.holding import Holding, Wanted, read_record
from csctl.bundle.manifest import File
from csctl.container.observed import Image
from csctl.errors import BundleError, CsctlError
from csctl.lifecycle import models, mounts
from csctl.lifecycle.events import Event, Transfer
from csctl.lifecycle.job import Job
from csctl.ownership import Owner
from csctl.record import FileSum, Record

_CHUNK = 1 << 20
_LOCK_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Where content comes from: a bundle, and what this host has."""

    bundle: Bundle
    holding: Holding


def model_is_here(one: manifest.Model, wanted: Wanted, holding: Holding) -> bool:
    """Whether a model's directory has all its files, and a record that says so."""
    [home] = wanted.homes
    known = read_record(home)
    if known is None or (known.kind, known.id) != (model.KIND, one.id):
        return False
    recorded = {(file.path, file.sha256) for file in known.files}
    files = {(name, file.sha256) for name, file in wanted.files.items()}
    shown = [_display(display) for display in known.details.get("display", ())]
    return (
        files <= recorded
        and all(_told(display) in shown for display in one.display)
        and holding.holds(home, wanted.files)
    )


def put_model(
    job: Job, image: Image, one: manifest.Model, wanted: Wanted, stock: Stock
) -> Generator[Event, None, Path]:
    """Put a model into place; what it replaces stands until then. Raises CsctlError.

    Display models that lie beside it already, whole and recorded, stay.
    """
    [home] = wanted.homes
    target = wanted.root / one.id
    with models.hold(job, one.id):
        staging.sweep(wanted.root, one.id)
        kept = dict(_kept(home, wanted, stock.holding))
        known = _model_record(image, one, wanted, kept, stock)
        if stock.holding.holds(home, wanted.files):
            record.write(home, known)
            return home
        files: dict[str, File | Path] = dict(wanted.files)
        files |= {name: home / name for name in kept}
        place = staging.open_staging(target)
        try:
            owner = mounts.find_owner(job.engine, job.profile, image)
            yield from _fill(place, files, stock, owner, what=f"model {one.id}")
            mounts.give(job.engine, job.profile, image, place)
            # Killed in between, the record always fits what lies there.
            if target.exists():
                staging.place(place, target)
                record.write(target, known)
            else:
                record.write(target, known)
                staging.place(place, target)
        finally:
            if place.exists():
                mounts.discard(job.engine, job.profile, image, place)
    return target


def _kept(
    home: Path, wanted: Wanted, holding: Holding
) -> Iterator[tuple[str, FileSum]]:
    known = read_record(home)
    for file in known.files if known is not None else ():
        if file.path not in wanted.files and holding.is_right(
            home, file.path, file.sha256
        ):
            yield file.path, file


def _model_record(
    image: Image,
    one: manifest.Model,
    wanted: Wanted,
    kept: Mapping[str, FileSum],
    stock: Stock,
) -> Record:
    displays = [_told(display) for display in one.display]
    before = read_record(wanted.homes[0])
    if kept and before is not None:
        others = map(_display, before.details.get("display", ()))
        displays += [display for display in others if display not in displays]
    carried = _carried_record(stock.bundle, one) or before
    return Record(
        kind=model.KIND,
        id=one.id,
        image=carried.image if carried else wanted.path,
        image_id=image.id,
        fetched_at=carried.fetched_at if carried else stock.bundle.manifest.created,
        files=(*_sums(wanted), *kept.values()),
        details={"base_locale": one.base_locale, "display": displays},
    )


def _carried_record(bundle: Bundle, one: manifest.Model) -> Record | None:
    name = one.path + record.SUFFIX
    if name not in bundle.members:
        return None
    try:
        return record.decode(bundle.read(name))
    except ValueError as exc:
        raise BundleError(name, "is no record", remedy="make the bundle anew") from exc


def _told(display: manifest.Display) -> dict[str, Any]:
    return {"type": display.type, "locale": display.locale, "id": display.id}


def _display(value: Any) -> dict[str, Any]:
    return {name: value.get(name) for name in ("type", "locale", "id")}


def _sums(wanted: Wanted) -> tuple[FileSum, ...]:
    return tuple(
        FileSum(path=name, size=file.size, sha256=file.sha256)
        for name, file in sorted(wanted.files.items())
    )


def put_license(
    job: Job, image: Image, one: manifest.License, wanted: Wanted, stock: Stock
) -> Generator[Event, None, Path]:
    """Put a license into a directory of its own, as the newest one of its root.

    Raises CsctlError.
    """
    root = wanted.root
    with hold_licenses(root):
        staging.sweep(root)
        target = license_store.new_directory(root, datetime.now(UTC))
        place = staging.open_staging(target)
        # Others need not see a license; csctl itself must, root or not.
        mode = 0o750 if os.geteuid() == 0 else 0o755
        try:
            owner = mounts.find_owner(job.engine, job.profile, image)
            files: dict[str, File | Path] = dict(wanted.files)
            what = f"license {target.name}"
            yield from _fill(place, files, stock, owner, what=what, mode=mode)
            mounts.give(job.engine, job.profile, image, place)
            record.write(target, _license_record(one, wanted, image))
            staging.place(place, target)
        finally:
            if place.exists():
                mounts.discard(job.engine, job.profile, image, place)
    return target


def hold_licenses(root: Path) -> AbstractContextManager[None]:
    """The lock of all licenses of a root."""
    return lock.hold(
        root / ".csctl.lock", f"licenses in {root}", wait_seconds=_LOCK_SECONDS
    )


def _license_record(one: manifest.License, wanted: Wanted, image: Image) -> Record:
    declared = one.expires_at if one.expiry_source == "declared" else None
    return Record(
        kind=license_store.KIND,
        id=one.model,
        image=one.image_reference,
        # The Engine that it was fetched with may name images in another way.
        image_id=image.id,
        fetched_at=one.fetched_at,
        files=_sums(wanted),
        details={
            license_store.DECLARED: declared.isoformat() if declared else None,
            license_store.REFUSED: None,
        },
    )


def _fill(
    place: Path,
    files: Mapping[str, File | Path],
    stock: Stock,
    owner: Owner,
    *,
    what: str,
    mode: int = 0o755,
) -> Generator[Event, None, None]:
    """Fill a staging directory. Raises CsctlError."""
    total = sum(one.size for one in files.values() if isinstance(one, File))
    done = 0
    try:
        for name, one in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(one, File) and one.included:
                for count in _copy(stock.bundle, one, path):
                    done += count
                    yield Transfer(what=f"writing {what}", done=done, total=total)
                continue
            source = one if isinstance(one, Path) else stock.holding.find(one.sha256)
            assert source is not None, "what is missing was looked for before"
            _link_or_copy(source, path, owner)
            done += one.size if isinstance(one, File) else 0
        for directory in (place, *(d for d in place.rglob("*") if d.is_dir())):
            directory.chmod(mode if directory == place else 0o755)
            record.sync_directory(directory)
    except OSError as exc:
        raise CsctlError(
            f"{what} cannot be written into {place}: {exc.strerror}",
            remedy=f"check free space and permissions of {place.parent}, then load"
            " again",
        ) from exc


def _copy(bundle: Bundle, file: File, path: Path) -> Iterator[int]:
    """Write a member to a new file, summed once more as it is written."""
    digest = hashlib.sha256()
    offset, size = bundle.range(file.path)
    with open(path, "xb", buffering=0) as out:
        os.fchmod(out.fileno(), 0o644)
        for begin in range(0, size, _CHUNK):
            count = min(_CHUNK, size - begin)
            chunk = archive.read_at(bundle.fd, count, offset + begin, file.path)
            digest.update(chunk)
            rest = memoryview(chunk)
            while rest:
                rest = rest[out.write(rest) :]
            yield count
        os.fsync(out.fileno())
    if digest.hexdigest() != file.sha256:
        raise archive.damaged(file.path)


def _link_or_copy(source: Path, path: Path, owner: Owner) -> None:
    status = source.lstat()
    # The file may serve right now: one that would change its owner must not be it.
    if (status.st_uid, status.st_gid) == (owner.uid, owner.gid) and os.geteuid() in (
        0,
        status.st_uid,
    ):
        os.link(source, path, follow_symlinks=False)
        return
    shutil.copyfile(source, path, follow_symlinks=False)
    with open(path, "rb") as copied:
        os.fsync(copied.fileno())
