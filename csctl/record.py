"""Records: what a downloaded directory is, and proof that it still is that.

The record of the directory `D` is the file `D.csctl.json` beside it, so that the
container, which sees `D` mounted, never meets a file that is not its own. A record is
written whole or not at all: temporary file, fsync, rename, fsync of the directory.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import get_native_id
from typing import Any

from csctl.errors import CsctlError, DownloadError

SUFFIX = ".csctl.json"
TEMPORARY_PREFIX = ".csctl-"
TEMPORARY = ".csctl-tmp"
_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSum:
    """One file of a download: path below its directory, bytes, sha256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a directory holds, from which image, since when."""

    kind: str
    """`model` or `license`."""
    id: str
    """The model's id; for a license the id of the model it was fetched for."""
    image: str
    """The image reference that downloaded it."""
    image_id: str
    fetched_at: datetime
    files: tuple[FileSum, ...]
    details: Mapping[str, Any] = field(default_factory=dict)
    """What only one kind has: a base model's locale, display models, ..."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def path_of(directory: Path) -> Path:
    """Where the record of a directory lies."""
    return directory.with_name(directory.name + SUFFIX)


def read(directory: Path) -> Record | None:
    """The record of a directory; None where there is none.

    Raises DownloadError where it is damaged, CsctlError where it cannot be read.
    """
    path = path_of(directory)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise CsctlError(
            f"record {path} cannot be read: {exc.strerror}",
            remedy="run csctl as the user who downloaded it, or as root",
        ) from exc
    try:
        return decode(data)
    except ValueError as exc:
        raise DownloadError(
            f"record {path} is damaged", remedy=f"remove {path} and download again"
        ) from exc


def decode(data: bytes) -> Record:
    """A record of its bytes. Raises ValueError."""
    try:
        return _decode(json.loads(data))
    except (KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise ValueError("not a record") from exc


def _decode(value: Any) -> Record:
    fetched_at = datetime.fromisoformat(value["fetched_at"])
    if fetched_at.tzinfo is None:
        raise ValueError(value["fetched_at"])
    return Record(
        kind=str(value["kind"]),
        id=str(value["id"]),
        image=str(value["image"]),
        image_id=str(value["image_id"]),
        fetched_at=fetched_at,
        files=tuple(
            FileSum(path=str(f["path"]), size=int(f["size"]), sha256=str(f["sha256"]))
            for f in value["files"]
        ),
        details=dict(value["details"]),
    )


def write(directory: Path, record: Record) -> None:
    """Write the record of a directory in one atomic step."""
    write_atomically(path_of(directory), encode(record))


def encode(record: Record) -> str:
    """The text of a record."""
    value = {"schema": _SCHEMA} | asdict(record)
    value["fetched_at"] = record.fetched_at.astimezone(UTC).isoformat()
    return json.dumps(value, indent=1, sort_keys=True)


def write_atomically(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace a file's content; a kill at any point leaves the old or the new one.

    Raises CsctlError.
    """
    try:
        _replace(path, text, mode)
    except OSError as exc:
        raise CsctlError(
            f"{path} cannot be written: {exc.strerror}",
            remedy=f"check free space and permissions of {path.parent}",
        ) from exc


def _replace(path: Path, text: str, mode: int) -> None:
    # The name tells those who list the directory that this is none of its content.
    temporary = path.with_name(
        f"{TEMPORARY_PREFIX}{path.name}-{os.getpid()}-{get_native_id()}{TEMPORARY}"
    )
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make renames inside a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def files_below(directory: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every regular file below a directory, sorted; links are not followed.

    Raises DownloadError at anything that is neither file nor directory: no download
    of the image makes such a thing.
    """
    for root, directories, names in os.walk(directory, onerror=_unreadable):
        directories.sort()
        for name in sorted(names + [d for d in directories if _is_link(root, d)]):
            path = os.path.join(root, name)
            try:
                status = os.lstat(path)
            except FileNotFoundError:
                continue  # A container that still writes here has just renamed it.
            if not stat.S_ISREG(status.st_mode):
                raise DownloadError(
                    f"{path} is neither a file nor a directory",
                    remedy=f"remove {path}",
                )
            yield os.path.relpath(path, directory), status


def _is_link(root: str, name: str) -> bool:
    return os.path.islink(os.path.join(root, name))


def _unreadable(error: OSError) -> None:
    raise DownloadError(
        f"{error.filename} cannot be read: {error.strerror}",
        remedy="run csctl as root, or as the owner of the files",
    ) from error


def take_sums(directory: Path, *, known: Record | None = None) -> tuple[FileSum, ...]:
    """Read every file below a directory and sum it, on all cores.

    Files that a `known` record lists with the same size are taken from it unread; the
    caller vouches that they are hard links to the files it was written for.
    Raises DownloadError.
    """
    trusted = {file.path: file for file in known.files} if known else {}

    def take(path: str, size: int) -> FileSum:
        old = trusted.get(path)
        if old is not None and old.size == size:
            return old
        try:
            with open(directory / path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
        except OSError as exc:
            raise DownloadError(
                f"{directory / path} cannot be read: {exc.strerror}",
                remedy="run csctl as root, or as the owner of the files",
            ) from exc
        return FileSum(path=path, size=size, sha256=digest)

    with ThreadPoolExecutor() as pool:
        listed = list(files_below(directory))
        return tuple(
            pool.map(take, (path for path, _ in listed), (s.st_size for _, s in listed))
        )


def damage(directory: Path, record: Record) -> tuple[str, ...]:
    """What is missing or has another size than recorded; fast, reads no content."""
    faults = []
    for file in record.files:
        try:
            size = os.lstat(directory / file.path).st_size
        except OSError as exc:
            faults.append(f"{file.path}: {exc.strerror}")
            continue
        if size != file.size:
            faults.append(f"{file.path}: {size} bytes instead of {file.size}")
    return tuple(faults)
