"""Which files of a bundle's complete state this host has already, by reading them.

A size and a name vouch for nothing: every file that is to be used, or left as it is, is
summed again.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from csctl import record
from csctl.bundle.archive import Bundle
from csctl.bundle.manifest import File
from csctl.errors import DownloadError
from csctl.lifecycle.events import Event, Transfer
from csctl.record import Record

_TELL_SECONDS = 0.2
_CHUNK = 256 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A directory of the bundle, and where on this host it might be already."""

    path: str
    """In the bundle: `models/<id>`, or `licenses/<key>`."""
    root: Path
    """The directory that is to have it."""
    homes: tuple[Path, ...]
    files: Mapping[str, File]
    """By their path below the directory."""


def files_of(bundle: Bundle, directory: str) -> dict[str, File]:
    """The files of a directory of the bundle, included or not; without its record."""
    below = f"{directory}/"
    return {
        one.path.removeprefix(below): one
        for one in bundle.manifest.files
        if one.path.startswith(below)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Files of this host with their sums."""

    sums: Mapping[Path, str]

    def is_right(self, home: Path, name: str, sha256: str) -> bool:
        """Whether a file below a directory is what it should be."""
        return self.sums.get(home / name) == sha256

    def holds(self, home: Path, files: Mapping[str, File]) -> bool:
        """Whether a directory has all these files."""
        return all(self.is_right(home, n, one.sha256) for n, one in files.items())

    def find(self, sha256: str) -> Path | None:
        """Any file with this content."""
        return next((path for path, one in self.sums.items() if one == sha256), None)

    def missing(self, wanted: Iterable[Wanted]) -> Iterator[str]:
        """The files that are neither in the bundle nor on this host."""
        for one in wanted:
            for file in one.files.values():
                if not file.included and self.find(file.sha256) is None:
                    yield file.path


def look(wanted: Iterable[Wanted]) -> Generator[Event, None, Holding]:
    """Sum what may be a wanted file, on all cores. Raises CsctlError."""
    sizes: dict[Path, int] = {}
    for path, size in _candidates(tuple(wanted)):
        try:
            status = path.lstat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and status.st_size == size:
            sizes[path] = size
    sums = yield from _sum_all(sizes)
    return Holding(sums=sums)


def _candidates(wanted: tuple[Wanted, ...]) -> Iterator[tuple[Path, int]]:
    left_out = {
        (file.size, file.sha256)
        for one in wanted
        for file in one.files.values()
        if not file.included
    }
    for one in wanted:
        for home in one.homes:
            yield from ((home / name, file.size) for name, file in one.files.items())
            # What is recorded beside it may be a display model of another profile.
            yield from ((home / known.path, known.size) for known in _recorded(home))
    if left_out:
        for root in dict.fromkeys(one.root for one in wanted):
            for path in sorted(root.glob(f"*{record.SUFFIX}")):
                home = path.with_name(path.name.removesuffix(record.SUFFIX))
                for known in _recorded(home):
                    if (known.size, known.sha256) in left_out:
                        yield home / known.path, known.size


def _recorded(home: Path) -> tuple[record.FileSum, ...]:
    known = read_record(home)
    return () if known is None else known.files


def read_record(home: Path) -> Record | None:
    """The record of a directory; one that is damaged vouches for nothing."""
    try:
        return record.read(home)
    except DownloadError:
        return None


def _sum_all(sizes: Mapping[Path, int]) -> Generator[Event, None, dict[Path, str]]:
    done: list[int] = []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        jobs: dict[Path, Future[str | None]] = {
            path: pool.submit(_sum, path, done) for path in sizes
        }
        total = sum(sizes.values())
        waiting = set(jobs.values())
        try:
            while waiting:
                _, waiting = wait(waiting, _TELL_SECONDS)
                read = min(total, sum(done))
                yield Transfer(what="checking what is here", done=read, total=total)
        except GeneratorExit:
            pool.shutdown(cancel_futures=True)
            raise
    found = ((path, job.result()) for path, job in jobs.items())
    return {path: one for path, one in found if one is not None}


def _sum(path: Path, done: list[int]) -> str | None:
    """The sum of a file; None where it cannot be read, as if it were not there."""
    digest = hashlib.sha256()
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                done.append(len(chunk))
    except OSError:
        return None
    return digest.hexdigest()
