"""Writing a bundle: every member into its place, several at a time, whole or resumed.

The layout is known from the manifest. So FILE.part has its full size from the start,
and members are filled in wherever they lie, hashed on the way; when all fit their sums,
one rename makes FILE of it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from csctl.bundle import disk, journal, layout, path, space
from csctl.bundle.copying import Copying
from csctl.bundle.journal import Journal
from csctl.bundle.layout import Layout
from csctl.bundle.manifest import Manifest, decode
from csctl.bundle.source import Bytes, Source
from csctl.bundle.space import Need
from csctl.bundle.sums import sums
from csctl.errors import CsctlError, LockHeld
from csctl.lifecycle.events import Event, Transfer
from csctl.record import sync_directory

WORKERS = 3
_TELL_SECONDS = 0.2
_NOTE_SECONDS = 1.0
_FLUSH_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A bundle that is whole."""

    path: Path
    bytes: int
    resumed: int
    """How many of these bytes an earlier run had brought."""


def write(
    file: Path,
    data: bytes,
    signature: bytes | None,
    sources: Mapping[str, Source],
    *,
    workers: int = WORKERS,
) -> Generator[Event, None, Written]:
    """Write the bundle of a manifest, given as bytes, from the sources of its files.

    Broken off, it leaves FILE.part, from which the next run of the same manifest goes
    on. Raises CsctlError: BundleError for what has another sum than the manifest says.
    """
    manifest = decode(data)
    plan = layout.layout_of(manifest, data, signed=signature is not None)
    known = {**sources, path.MANIFEST: Bytes(data)}
    known[path.SUMS] = Bytes(sums(manifest, data))
    if signature is not None:
        known[path.SIGNATURE] = Bytes(signature)
    wanted = Journal(
        of=journal.mark(data, signature),
        created=manifest.created,
        written={},
    )
    with _part(file) as fd:
        begun = _begun(file, fd, wanted)
        _allocate(file, fd, plan, begun)
        with disk.writing(file):
            _write_headers(fd, plan, manifest)
        copying = Copying(
            file=file,
            members=plan.members,
            sums={one.path: one.sha256 for one in manifest.files if one.included},
            sources=known,
            begun=begun,
        )
        with _flushing(file):
            try:
                yield from _follow(file, copying, workers, wanted)
            finally:
                copying.stop()
                _note(file, wanted, copying)
        yield Transfer(what="flushing to disk", done=copying.total, total=copying.total)
        with disk.writing(file):
            os.fsync(fd)
            os.rename(journal.part_of(file), file)
            sync_directory(file.absolute().parent)
        journal.remove(file)
    return Written(path=file, bytes=plan.total, resumed=copying.resumed)


def _follow(
    file: Path, copying: Copying, workers: int, wanted: Journal
) -> Generator[Event, None, None]:
    copying.start(workers)
    noted = time.monotonic()
    while not copying.wait(_TELL_SECONDS):
        yield Transfer(
            what=f"writing {file.name}", done=copying.done, total=copying.total
        )
        if time.monotonic() - noted >= _NOTE_SECONDS:
            _note(file, wanted, copying)
            noted = time.monotonic()
    if copying.error is not None:
        raise copying.error


@contextmanager
def _flushing(file: Path) -> Iterator[None]:
    """Let bytes go to the disk while others still come: little is left for the end."""
    # A descriptor of its own: one error of the disk is told to each of them once.
    with disk.writing(file):
        fd = os.open(journal.part_of(file), os.O_RDONLY | os.O_CLOEXEC)
    over = threading.Event()

    def flush() -> None:
        try:
            while not over.wait(_FLUSH_SECONDS):
                # Whoever waits for the last flush is told what goes wrong.
                with contextlib.suppress(OSError):
                    os.fdatasync(fd)
        finally:
            os.close(fd)

    # Nobody waits for it: a slow disk would keep a run from being broken off.
    threading.Thread(target=flush, daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _note(file: Path, wanted: Journal, copying: Copying) -> None:
    # Without a journal a run that is broken off begins anew, and that is all.
    with contextlib.suppress(OSError):
        written = copying.written()
        journal.write(
            file, Journal(of=wanted.of, created=wanted.created, written=written)
        )


@contextmanager
def _part(file: Path) -> Iterator[int]:
    """FILE.part, open and ours alone."""
    part = journal.part_of(file)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        with disk.writing(file):
            # It holds a license: others need not read it.
            fd = os.open(part, flags, 0o600)
        try:
            _lock(file, fd)
            # Whoever held the lock may have made FILE of it meanwhile.
            if part.exists() and os.path.samestat(part.stat(), os.fstat(fd)):
                yield fd
                return
        finally:
            os.close(fd)


def _lock(file: Path, fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        raise LockHeld(
            f"another csctl is writing {file}",
            remedy="wait until it is done, or end it",
        ) from exc


def _begun(file: Path, fd: int, wanted: Journal) -> Mapping[str, int]:
    """What an earlier run wrote of the same bundle; nothing of another one stays."""
    left = journal.read(file)
    if left is not None and left.of == wanted.of:
        return left.written
    with disk.writing(file):
        os.ftruncate(fd, 0)
    return {}


def _allocate(file: Path, fd: int, plan: Layout, begun: Mapping[str, int]) -> None:
    missing = plan.total - os.fstat(fd).st_blocks * 512
    try:
        directory = file.absolute().parent
        space.check([Need(directory, max(0, missing), way_out=disk.ELSEWHERE)])
        with disk.writing(file):
            _reserve(fd, plan.total)
    except CsctlError:
        if not begun:
            _discard(file)
        raise


def _reserve(fd: int, total: int) -> None:
    try:
        os.posix_fallocate(fd, 0, total)
    except OSError as exc:
        if exc.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            raise
    os.ftruncate(fd, total)


def _discard(file: Path) -> None:
    with contextlib.suppress(OSError):
        journal.part_of(file).unlink()
    journal.remove(file)


def _write_headers(fd: int, plan: Layout, manifest: Manifest) -> None:
    for member in plan.members:
        header = layout.header(member, manifest.created)
        os.pwrite(fd, header, member.offset_of_header)
