"""A bundle's file, opened by the strict reader.

Nothing is unpacked, and no name of the archive is ever used as a path: the manifest
tells what every header must be, byte for byte, and what differs is refused before any
data is read. Data itself is read by offset and size.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from csctl.bundle import layout, path, rule
from csctl.bundle.layout import BLOCK, Layout, Member
from csctl.bundle.manifest import LIMIT, File, Manifest, decode
from csctl.bundle.signature import Trust
from csctl.errors import BundleError, UsageError

END = "end of archive"
_RECORD = 20 * BLOCK
"""Copying by tar or dd may pad an archive with zeros to this size."""
_AGAIN = "carry the bundle over again, or make it anew"
_SIZE = re.compile(rb"[0-7]{11}\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """An open bundle: its file, what it says of itself, where its members lie."""

    path: Path
    fd: int
    data: bytes
    """The exact bytes of the manifest."""
    manifest: Manifest
    layout: Layout
    signed: bool
    signed_by: str | None
    """The fingerprint of the pinned key that signed; None where none is pinned."""
    members: dict[str, Member]
    files: dict[str, File]

    def __enter__(self) -> Bundle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        os.close(self.fd)

    def range(self, name: str) -> tuple[int, int]:
        """Offset and size of a member's data. Raises BundleError where it is none."""
        member = self.members.get(name)
        if member is None:
            raise BundleError(
                name,
                "is not included",
                remedy="use a bundle that holds it, or make one for this host",
            )
        return member.offset_of_data, member.size

    def read(self, name: str) -> bytes:
        """A small file as a whole, its sum checked. Raises BundleError."""
        offset, size = self.range(name)
        if size > rule.SMALL:
            raise ValueError(f"{name} has {size} bytes")
        data = read_at(self.fd, size, offset, name)
        file = self.files.get(name)
        if file is not None and hashlib.sha256(data).hexdigest() != file.sha256:
            raise damaged(name)
        return data


def damaged(name: str) -> BundleError:
    """The data of a member is not what the manifest says."""
    return BundleError(name, "its data has another sum", remedy=_AGAIN)


def open_bundle(file: Path, trust: Trust) -> Bundle:
    """Open a bundle and check all but the data of its members; the caller closes it.

    Raises UsageError where there is no file to open, BundleError that names the part
    at fault.
    """
    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as exc:
        raise UsageError(
            f"bundle {file} cannot be opened: {exc.strerror}",
            remedy="name the file that `bundle create` wrote",
        ) from exc
    return adopt(fd, file, trust)


def adopt(fd: int, file: Path, trust: Trust) -> Bundle:
    """The same with a descriptor, which is closed with the bundle; `file` names it."""
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise BundleError(
                str(file), "is no regular file", remedy="copy it to a file first"
            )
        return _open(file, fd, status.st_size, trust)
    except BaseException:
        os.close(fd)
        raise


def _open(file: Path, fd: int, size: int, trust: Trust) -> Bundle:
    data = _manifest_bytes(fd, file)
    place = BLOCK + layout.padded(len(data))
    signed = _name(_block(fd, place, path.SUMS)) == path.SIGNATURE
    signature = None
    if signed:
        place += BLOCK
        signature = read_at(fd, layout.SIGNATURE_SIZE, place, path.SIGNATURE)
    # The signature comes first: unsigned words are not even parsed.
    signed_by = trust.check(data, signature)
    manifest = decode(data)
    plan = layout.layout_of(manifest, data, signed=signed)
    _check_headers(fd, plan, manifest.created, size)
    _check_end(fd, plan, size)
    return Bundle(
        path=file,
        fd=fd,
        data=data,
        manifest=manifest,
        layout=plan,
        signed=signed,
        signed_by=signed_by,
        members={member.path: member for member in plan.members},
        files={one.path: one for one in manifest.files if one.included},
    )


def _manifest_bytes(fd: int, file: Path) -> bytes:
    block = _block(fd, 0, path.MANIFEST)
    if _name(block) != path.MANIFEST:
        raise BundleError(
            str(file),
            f"is no bundle: it does not begin with {path.MANIFEST}",
            remedy="name the file that `bundle create` wrote",
        )
    size = int(block[124:135], 8) if _SIZE.fullmatch(block[124:136]) else LIMIT + 1
    if size > LIMIT:
        _refuse(path.MANIFEST, f"is larger than {LIMIT} bytes")
    return read_at(fd, size, BLOCK, path.MANIFEST)


def _check_headers(fd: int, plan: Layout, created: datetime, size: int) -> None:
    end = 0
    for member in plan.members:
        # What pads the data before a header lies right before it.
        padding = member.offset_of_header - end
        read = read_at(fd, padding + BLOCK, end, member.path)
        block = read[padding:]
        right = layout.header(member, created)
        if block != right:
            _refuse(member.path, _difference(block, right, member))
        if any(read[:padding]):
            _refuse(member.path, "something stands before it that is no padding")
        end = member.end_of_data
        if end > size:
            _refuse(member.path, f"the file ends within it, at byte {size}")


def _difference(block: bytes, right: bytes, member: Member) -> str:
    """In what a header is not that of a member."""
    if not any(block):
        return "is missing: the archive ends before it"
    name, kind = _name(block), block[156:157]
    if name != member.path:
        return f"is missing: {path.plain(name)!r} stands in its place"
    if kind != b"0":
        return f"is no regular file, but of type {path.plain(kind.decode('latin-1'))!r}"
    if block[124:136] != right[124:136]:
        return f"its header tells another size than {member.size} bytes"
    return "its header is not the one that csctl writes"


def _check_end(fd: int, plan: Layout, size: int) -> None:
    end = plan.members[-1].end_of_data
    if size < plan.total:
        _refuse(END, f"{plan.total - size} bytes are missing")
    if size - plan.total >= _RECORD:
        _refuse(END, f"{size - plan.total} bytes too many stand behind it")
    rest = read_at(fd, size - end, end, END)
    if any(rest):
        name = _name(rest[-(-end // BLOCK) * BLOCK - end :][:BLOCK])
        what = f"{path.plain(name)!r} stands" if name else "something stands"
        _refuse(END, f"{what} behind the last member")


def _name(block: bytes) -> str:
    """The path that a header gives, as a string that may hold anything."""
    name, prefix = block[:100], block[345:500]
    parts = (part.split(b"\0")[0].decode("latin-1") for part in (prefix, name))
    return "/".join(filter(None, parts))


def _block(fd: int, offset: int, part: str) -> bytes:
    return read_at(fd, BLOCK, offset, part)


def read_at(fd: int, size: int, offset: int, part: str) -> bytes:
    """So many bytes of a file, all or BundleError that names the part they are of."""
    chunks = []
    while size:
        try:
            chunk = os.pread(fd, size, offset)
        except OSError as exc:
            raise unreadable(part, offset, exc) from exc
        if not chunk:
            _refuse(part, f"the file ends within it, at byte {offset}")
        chunks.append(chunk)
        offset += len(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def unreadable(part: str, offset: int, error: OSError) -> BundleError:
    """The medium gives an error where a part lies."""
    return BundleError(
        part,
        f"cannot be read at byte {offset} of the bundle: {error.strerror}",
        remedy="copy the bundle to another medium, and check that one",
    )


def _refuse(part: str, fault: str) -> NoReturn:
    raise BundleError(part, fault, remedy=_AGAIN)
