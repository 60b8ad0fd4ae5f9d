"""Members on their way into FILE.part, several at a time, each hashed on the way."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from csctl.bundle import disk, journal
from csctl.bundle.layout import Member
from csctl.bundle.source import Source
from csctl.errors import BundleError, CsctlError

_PIECE = 1 << 20
"""What is hashed and written in one go."""
_JOIN_SECONDS = 1.0
_AGAIN = "run the same command again; if it stays so, do not trust the source"


class Copying:
    """The work of several threads, and how far they all are.

    A thread that waits for a registry keeps nobody from ending: each one has a
    descriptor of its own, and writes nothing more once it is told to stop.
    """

    def __init__(
        self,
        *,
        file: Path,
        members: Iterable[Member],
        sums: Mapping[str, str],
        sources: Mapping[str, Source],
        begun: Mapping[str, int],
    ) -> None:
        self._file = file
        # The largest first, so that no thread ends long after the others.
        self._members = sorted(members, key=lambda one: one.size, reverse=True)
        self._sums = sums
        self._sources = sources
        self._begun = begun
        self._queue: SimpleQueue[Member] = SimpleQueue()
        self._written = {member.path: 0 for member in self._members}
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._resumed = {member.path: 0 for member in self._members}
        self.total = sum(member.size for member in self._members)
        self.error: BaseException | None = None

    @property
    def done(self) -> int:
        """Bytes that are in their place."""
        return sum(self._written.values())

    @property
    def resumed(self) -> int:
        """Bytes that were in their place before."""
        return sum(self._resumed.values())

    def written(self) -> dict[str, int]:
        """The bytes of each member that are in their place, from its first one on."""
        return {name: size for name, size in self._written.items() if size}

    def start(self, workers: int) -> None:
        """Begin."""
        for member in self._members:
            self._queue.put(member)
        self._threads = [
            threading.Thread(target=self._work, daemon=True) for _ in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether it is over, well or not; waits so long for it."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if self._stop.is_set():
                return True
        return not any(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """Write nothing more."""
        self._stop.set()
        deadline = time.monotonic() + _JOIN_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        try:
            with disk.writing(self._file):
                fd = os.open(journal.part_of(self._file), os.O_RDWR | os.O_CLOEXEC)
            try:
                with suppress(Empty):
                    while not self._stop.is_set():
                        self._copy(fd, self._queue.get_nowait())
            finally:
                os.close(fd)
        except BaseException as error:
            # It is raised again by whoever waits; after a stop nobody does.
            if not self._stop.is_set():
                self.error = error
                self._stop.set()

    def _copy(self, fd: int, member: Member) -> None:
        digest = hashlib.sha256()
        # Without a sum nothing tells whether what was noted is there.
        known = member.path in self._sums
        before = min(self._begun.get(member.path, 0), member.size) if known else 0
        for piece in self._there(fd, member, before):
            digest.update(piece)
            self._resumed[member.path] += len(piece)
            self._written[member.path] += len(piece)
        self._fill(fd, member, digest)
        if self._fits(member, digest):
            return
        self._written[member.path] = self._resumed[member.path] = 0
        if before:
            # What an earlier run noted did not survive: once more, from the start.
            digest = hashlib.sha256()
            self._fill(fd, member, digest)
            if self._fits(member, digest):
                return
            self._written[member.path] = 0
        raise BundleError(
            member.path,
            f"{self._sources[member.path]} gives other content than its sum tells",
            remedy=_AGAIN,
        )

    def _there(self, fd: int, member: Member, size: int) -> Iterator[bytes]:
        offset, end = member.offset_of_data, member.offset_of_data + size
        while offset < end and not self._stop.is_set():
            with disk.writing(self._file):
                piece = os.pread(fd, min(_PIECE, end - offset), offset)
            if not piece:
                return
            yield piece
            offset += len(piece)

    def _fill(self, fd: int, member: Member, digest: hashlib._Hash) -> None:
        position = self._written[member.path]
        if position == member.size and member.size:
            return
        source = self._sources[member.path]
        with source.open(position) as chunks:
            for piece in _pieces(chunks):
                if position + len(piece) > member.size:
                    raise _size(member, source, "more")
                if self._stop.is_set():
                    return
                with disk.writing(self._file):
                    _pwrite(fd, piece, member.offset_of_data + position)
                digest.update(piece)
                position += len(piece)
                self._written[member.path] = position
        if position < member.size:
            raise _size(member, source, "less")

    def _fits(self, member: Member, digest: hashlib._Hash) -> bool:
        if self._stop.is_set():
            return True  # Nobody asks any more, and it may not be whole.
        return self._sums.get(member.path) in (None, digest.hexdigest())


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Chunks joined to pieces of about one size, and the rest."""
    held: list[bytes] = []
    size = 0
    try:
        for chunk in chunks:
            held.append(chunk)
            size += len(chunk)
            if size >= _PIECE:
                yield b"".join(held)
                held, size = [], 0
    except CsctlError:
        # What came before a break need not come again.
        yield b"".join(held)
        raise
    if held:
        yield b"".join(held)


def _pwrite(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        count = os.pwrite(fd, view, offset)
        view, offset = view[count:], offset + count


def _size(member: Member, source: Source, what: str) -> CsctlError:
    return BundleError(
        member.path,
        f"{source} gives {what} than the {member.size} bytes that were told",
        remedy=_AGAIN,
    )
