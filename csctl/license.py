"""Licenses on disk, treated as opaque (facts: container.md section 6).

A license fits one image build and one model. Each one fetched is a directory of its
own below the license root, named by its time, with a record beside it; files that
were put into the root by hand are one license without a record. A serving container
keeps the directory that it was started with, so that fetching never touches it.
A set that failed its proof, or that was left by going back, stays with a mark in its
record that says so, and is never chosen.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import dropwhile, takewhile
from pathlib import Path

from csctl import record
from csctl.errors import CsctlError, LicenseError
from csctl.record import Record
from csctl.staging import PREFIX

KIND = "license"
DECLARED = "declared_expiry"
"""The record's detail that keeps what the profile declared at the fetch."""
REFUSED = "refused"
"""The record's detail that says why a license is not to be chosen."""
UNPROVEN = "not proven yet"
"""Why a license that is on trial is refused."""
_STAMP, _STAMP_LENGTH = "%Y%m%dT%H%M%SZ", 16
_SET_NAME = re.compile(r"\d{8}T\d{6}Z(?:-\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLicense:
    """A license's directory with its record, if it has one."""

    directory: Path
    files: tuple[str, ...]
    record: Record | None
    damage: tuple[str, ...]

    @property
    def fetched_at(self) -> datetime | None:
        return None if self.record is None else self.record.fetched_at

    @property
    def refused(self) -> str | None:
        """Why it is not to be chosen; None where nothing speaks against it."""
        return None if self.record is None else self.record.details.get(REFUSED)

    @property
    def good(self) -> bool:
        """Whether it is whole and not refused."""
        return bool(self.files) and not self.damage and self.refused is None

    def fits(self, image_id: str | None, model_id: str | None) -> bool:
        """Whether it is for this image and model, as far as anything tells."""
        if self.record is None:
            return True
        return (image_id is None or self.record.image_id == image_id) and (
            model_id is None or self.record.id == model_id
        )


def new_directory(root: Path, now: datetime) -> Path:
    """The directory for a license fetched now."""
    stamp = now.astimezone(UTC).strftime(_STAMP)
    path, count = root / stamp, 1
    while path.exists():
        count += 1
        path = root / f"{stamp}-{count}"
    return path


def placed_at(directory: Path) -> datetime | None:
    """When a license's directory was made, by its name; None for one without a time."""
    if _SET_NAME.fullmatch(directory.name) is None:
        return None
    try:
        made = datetime.strptime(directory.name[:_STAMP_LENGTH], _STAMP)
    except ValueError:
        return None
    return made.replace(tzinfo=UTC)


def stored(root: Path) -> Iterator[StoredLicense]:
    """All licenses below a root, the newest first. Raises LicenseError."""
    try:
        names = sorted((path.name for path in root.iterdir()), reverse=True)
    except FileNotFoundError:
        return
    except NotADirectoryError as exc:
        raise LicenseError(
            f"{root} is no directory", remedy="name a directory for licenses"
        ) from exc
    except OSError as exc:
        raise LicenseError(
            f"license directory {root} cannot be read: {exc.strerror}",
            remedy="run csctl as root, or as the owner of the files",
        ) from exc
    sets = [name for name in names if _SET_NAME.fullmatch(name)]
    for name in sets:
        license_ = read(root / name)
        if license_ is not None:
            yield license_
    others = [n for n in names if n not in sets and not _is_ours(n)]
    if others and (own := read(root)) is not None:
        yield own


def _is_ours(name: str) -> bool:
    return name.endswith(record.SUFFIX) or name.startswith((PREFIX, ".csctl"))


def read(directory: Path) -> StoredLicense | None:
    """The license in one directory; None where no file of its own lies there.

    Raises LicenseError where something cannot be read.
    """
    try:
        known = record.read(directory)
        files = tuple(
            path
            for path, status in record.files_below(directory)
            if status.st_size and not any(map(_is_ours_or_set, Path(path).parts))
        )
        faults = () if known is None else record.damage(directory, known)
    except CsctlError as exc:
        raise LicenseError(f"license: {exc.message}", remedy=exc.remedy) from exc
    if known is not None and known.kind != KIND:
        return None
    if not files and known is None:
        return None
    return StoredLicense(directory=directory, files=files, record=known, damage=faults)


def _is_ours_or_set(part: str) -> bool:
    return _is_ours(part) or _SET_NAME.fullmatch(part) is not None


def choose(
    root: Path, image_id: str | None, model_id: str | None
) -> StoredLicense | None:
    """The newest undamaged license that fits; else the newest one of all; else None.

    Refused ones do not count. Raises LicenseError.
    """
    newest = None
    for license_ in stored(root):
        if license_.refused is not None:
            continue
        newest = newest or license_
        if not license_.damage and license_.fits(image_id, model_id):
            return license_
    return newest


def refuse(license_: StoredLicense, reason: str) -> StoredLicense:
    """Mark a license as one that is not to be chosen. Raises CsctlError."""
    return _mark(license_, reason)


def accept(license_: StoredLicense) -> StoredLicense:
    """Take the mark of a license away. Raises CsctlError."""
    return license_ if license_.refused is None else _mark(license_, None)


def _mark(license_: StoredLicense, reason: str | None) -> StoredLicense:
    if license_.record is None:
        raise LicenseError(
            f"license {license_.directory} has no record in which a mark could stand",
            remedy=f"move {license_.directory} away by hand",
        )
    details = dict(license_.record.details) | {REFUSED: reason}
    marked = dataclasses.replace(license_.record, details=details)
    record.write(license_.directory, marked)
    return dataclasses.replace(license_, record=marked)


def before(root: Path, used: Path) -> StoredLicense | None:
    """The license to go back to from the one in `used`; None where there is none.

    Raises LicenseError.
    """
    older = dropwhile(lambda one: one.directory != used, stored(root))
    next(older, None)
    return next((one for one in older if one.good), None)


def newer(root: Path, than: Path) -> tuple[StoredLicense, ...]:
    """The licenses that might be chosen before the one in `than`.

    Raises LicenseError.
    """
    younger = takewhile(lambda one: one.directory != than, stored(root))
    return tuple(one for one in younger if one.refused is None)


def surplus(sets: Iterable[StoredLicense], keep: int) -> Iterator[StoredLicense]:
    """Of all licenses of a root, newest first, those that going back does not need.

    The newest good one and `keep` good ones before it stay, with all that is newer
    than the last of them; of older ones those go that csctl fetched.
    """
    good = 0
    for one in sets:
        if good <= keep:
            good += one.good
        elif one.record is not None and _SET_NAME.fullmatch(one.directory.name):
            yield one
