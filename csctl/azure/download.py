"""Files of the service on this disk: safe names, nothing half-written, resumed.

A file comes into its folder under a name of its own, `.NAME.<digits>.csctl-part`, and
takes its place once it is whole. What a broken run left is gone on with by the next.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from csctl.azure.blob import Blobs, Seen
from csctl.azure.entity import id_of, shown
from csctl.errors import AzureError, CsctlError, DownloadError, UsageError
from csctl.record import sync_directory

PART: Final = ".csctl-part"
_TOLD_BYTES = 1 << 20
_NAME_BYTES = 200
_UNWANTED = frozenset('\\:*?"<>|')


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file that is to come."""

    path: Path
    url: str
    size: int | None
    """None where the service does not tell."""

    @property
    def part(self) -> Path:
        """Where it grows; what is another file at the service has another name."""
        mark = hashlib.sha256(f"{shown(self.url)} {self.size}".encode()).hexdigest()
        return self.path.with_name(f".{self.path.name}.{mark[:12]}{PART}")

    @property
    def here(self) -> bool:
        """Whether it is there already, as far as its size tells."""
        try:
            return self.size is not None and self.path.stat().st_size == self.size
        except OSError:
            return False


def of_files(values: Iterable[Mapping[str, Any]], folder: Path) -> list[Wanted]:
    """The files of a listing. Raises AzureError for a name that leads elsewhere."""
    wanted: dict[Path, Wanted] = {}
    for value in values:
        url = (value.get("links") or {}).get("contentUrl")
        if not isinstance(url, str):
            raise AzureError(
                f"file {value.get('name')!r} has no contentUrl",
                remedy="ask for the list once more",
            )
        path = folder / safe(str(value.get("name") or id_of(value)))
        if path in wanted:
            path = path.with_name(f"{(id_of(value) or '')[:8]}-{path.name}")
        size = (value.get("properties") or {}).get("size")
        wanted[path] = Wanted(
            path=path, url=url, size=size if isinstance(size, int) else None
        )
    return list(wanted.values())


def of_manifest(manifest: Mapping[str, Any], folder: Path) -> list[Wanted]:
    """The files of a model's manifest, which tells no sizes. Raises AzureError."""
    return of_files(
        (
            {"name": one.get("name"), "links": {"contentUrl": one.get("contentUrl")}}
            for one in manifest.get("modelFiles") or ()
        ),
        folder,
    )


def safe(name: str) -> PurePosixPath:
    """A file's name as a path below some folder.

    Subfolders stay; what a file system may not take becomes `_`. Raises AzureError for
    a name that would lead out of the folder.
    """
    parts = name.replace("\\", "/").split("/")
    if (
        not name
        or name.startswith("/")
        or any(part in ("", ".", "..") for part in parts)
    ):
        raise AzureError(
            f"the service names a file {name[:100]!r}, which would not lie in the"
            " folder for it",
            remedy="nothing was written; download it alone: get-file tells its URL",
        )
    return PurePosixPath(*map(_plain, parts))


def _plain(part: str) -> str:
    plain = "".join("_" if c in _UNWANTED or not c.isprintable() else c for c in part)
    while len(plain.encode()) > _NAME_BYTES:
        plain = plain[:-1]
    return plain


def missing(wanted: Sequence[Wanted], *, overwrite: bool) -> list[Wanted]:
    """Those that are not there. Raises UsageError for others in their place.

    A file of the size that the service tells is taken for the one that is wanted.
    """
    left = [one for one in wanted if overwrite or not one.here]
    taken = [str(one.path) for one in left if os.path.lexists(one.path)]
    if taken and not overwrite:
        more = f" and {len(taken) - 3} more" if len(taken) > 3 else ""
        raise UsageError(
            f"{', '.join(taken[:3])}{more}: another file stands there",
            remedy="choose another folder, or add --overwrite",
        )
    return left


def fetch(blobs: Blobs, wanted: Wanted) -> Generator[int, None, int]:
    """Bring one file into its place; yields the bytes so far, gives all of them.

    Raises AzureError; DownloadError where what came is not what was announced.
    """
    try:
        wanted.path.parent.mkdir(parents=True, exist_ok=True)
        resumed = wanted.part.exists()
        try:
            size = yield from _filled(blobs, wanted)
        except DownloadError:
            if not resumed:
                raise
            # What an earlier run left was of another state of the file.
            size = yield from _filled(blobs, wanted)
        os.replace(wanted.part, wanted.path)
        sync_directory(wanted.path.parent)
    except OSError as exc:
        raise CsctlError(
            f"{wanted.path} cannot be written: {exc.strerror}",
            remedy=f"check free space and permissions of {wanted.path.parent}",
        ) from exc
    return size


def _filled(blobs: Blobs, wanted: Wanted) -> Generator[int, None, int]:
    """Bring the part to its end; one that turns out to be wrong goes."""
    try:
        return (yield from _fill(blobs, wanted))
    except DownloadError:
        wanted.part.unlink(missing_ok=True)
        raise


def _fill(blobs: Blobs, wanted: Wanted) -> Generator[int, None, int]:
    seen = Seen()
    with wanted.part.open("a+b") as file:
        digest = hashlib.md5(usedforsecurity=False)
        done = told = _take(file.fileno(), digest)
        if done != wanted.size or not done:
            for chunk in blobs.chunks(wanted.url, seen, done):
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                if done - told >= _TOLD_BYTES:
                    told = done
                    yield done
        file.flush()
        os.fsync(file.fileno())
    _check(wanted, done, seen.md5, digest.digest())
    yield done
    return done


def _take(descriptor: int, digest: Any) -> int:
    """Sum what is there already."""
    done = 0
    for piece in _pieces(descriptor):
        digest.update(piece)
        done += len(piece)
    return done


def _pieces(descriptor: int) -> Iterator[bytes]:
    offset = 0
    while piece := os.pread(descriptor, _TOLD_BYTES, offset):
        offset += len(piece)
        yield piece


def _check(wanted: Wanted, done: int, md5: str | None, digest: bytes) -> None:
    fault = None
    if wanted.size is not None and done != wanted.size:
        fault = f"{done} bytes came of the {wanted.size} that the service tells"
    elif md5 and md5 != base64.b64encode(digest).decode():
        fault = "its content has not the sum that the storage tells"
    if fault:
        raise DownloadError(f"{wanted.path.name}: {fault}", remedy="try again")
