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
from datetime import UTC, date, datetime, time, timedelta
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Literal

from csctl import record
from csctl.errors import CsctlError, LicenseError
from csctl.profile.model import License as Declared
from csctl.record import Record
from csctl.staging import PREFIX

Term = Literal["valid", "due", "expired", "unknown"]

KIND = "license"
DECLARED = "declared_expiry"
"""The record's detail that keeps what the profile declared at the fetch."""
REFUSED = "refused"
"""The record's detail that says why a license is not to be chosen."""
UNPROVEN = "not proven yet"
"""Why a license that is on trial is refused."""
_RENEW_BEFORE = timedelta(days=7)
"""When a license is due, where no profile says so."""
_TEXT_LIMIT = 1 << 20
_SET_NAME = re.compile(r"\d{8}T\d{6}Z(?:-\d+)?")
_EXPIRY = re.compile(
    r"expir\w{0,20}\W{1,12}?(?:\w{1,20}\W{1,4})?(\d{4}-\d\d-\d\d)"
    r"(?:[T ](\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?))?",
    re.IGNORECASE,
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """When a license ends, and how that is known."""

    at: datetime | None
    source: str
    """`declared`, `file` (as found, unverified) or `unknown`."""

    def days_left(self, now: datetime) -> int | None:
        """Whole days left, rounded down; negative once it is over."""
        return None if self.at is None else (self.at - now).days


def new_directory(root: Path, now: datetime) -> Path:
    """The directory for a license fetched now."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    path, count = root / stamp, 1
    while path.exists():
        count += 1
        path = root / f"{stamp}-{count}"
    return path


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


def expiry(license_: StoredLicense | None, declared: Declared | None) -> Expiry:
    """When a license ends: declared by the profile, else found in a file, else unknown.

    What the profile declared at the fetch is in the record, for those who look without
    the profile.
    A found date is the only ISO date beside a name like `expir...` in a text file
    among the license's; two different ones are none. A declared day ends the license
    when it begins, in UTC.
    """
    if declared is not None and declared.expires is not None:
        return Expiry(at=start_of(declared.expires), source="declared")
    if license_ is None:
        return Expiry(at=None, source="unknown")
    fetched_at = license_.fetched_at
    if declared is not None and declared.valid_for and fetched_at is not None:
        return Expiry(at=fetched_at + declared.valid_for, source="declared")
    if license_.record is not None and license_.record.details.get(DECLARED):
        at = datetime.fromisoformat(license_.record.details[DECLARED])
        return Expiry(at=at, source="declared")
    found = set(_dates(license_))
    if len(found) == 1:
        return Expiry(at=found.pop(), source="file")
    return Expiry(at=None, source="unknown")


def start_of(day: date) -> datetime:
    """The moment at which a day begins, in UTC."""
    return datetime.combine(day, time(), UTC)


def _dates(license_: StoredLicense) -> Iterator[datetime]:
    for name in license_.files:
        path = license_.directory / name
        try:
            if path.stat().st_size > _TEXT_LIMIT:
                continue
            text = path.read_text()
        except (OSError, UnicodeDecodeError):
            continue
        if "\0" in text:
            continue
        for day, moment in _EXPIRY.findall(text):
            try:
                at = datetime.fromisoformat(f"{day}T{moment}" if moment else day)
            except ValueError:
                continue
            yield at if at.tzinfo else at.replace(tzinfo=UTC)


def check(
    license_: StoredLicense | None,
    ends: Expiry,
    *,
    image_id: str | None,
    model_id: str | None,
    declared: Declared | None,
    now: datetime,
) -> None:
    """Raise LicenseError where a license is missing, wrong, expired or due."""
    remedy = "fetch one: csctl license pull"
    if license_ is None:
        raise LicenseError("there is no license", remedy=remedy)
    place = license_.directory
    if license_.damage:
        raise LicenseError(
            f"license {place} is damaged: {license_.damage[0]}", remedy=remedy
        )
    if not license_.files:
        raise LicenseError(f"license {place} is empty", remedy=remedy)
    if not license_.fits(image_id, model_id):
        raise LicenseError(
            f"license {place} was fetched for another image or model", remedy=remedy
        )
    if license_.fetched_at is not None and license_.fetched_at - now > _CLOCK_SLACK:
        raise LicenseError(
            f"the clock is behind: license {place} was fetched at"
            f" {license_.fetched_at.isoformat()}",
            remedy="set the clock of this host",
        )
    when = f"{ends.at.date().isoformat()} ({ends.source})" if ends.at else ""
    match term(ends, declared, now):
        case "expired":
            raise LicenseError(f"license {place} expired on {when}", remedy=remedy)
        case "due":
            raise LicenseError(
                f"license {place} is due: it ends on {when}", remedy=remedy
            )


def term(ends: Expiry, declared: Declared | None, now: datetime) -> Term:
    """How far a license is from its end; `due` is by the profile's `renew_before`."""
    if ends.at is None:
        return "unknown"
    if ends.at <= now:
        return "expired"
    renew_before = declared.renew_before if declared else _RENEW_BEFORE
    return "due" if ends.at - now <= renew_before else "valid"


_CLOCK_SLACK = timedelta(minutes=5)
