"""Where every byte of a bundle lies: a plain ustar archive, known before it is written.

Everything is pure. One manifest gives one sequence of members with one header each, so
that a writer can put members into place in any order, and a reader can compare.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from csctl.bundle import oci, path
from csctl.bundle.manifest import File, Manifest

BLOCK = 512
END = bytes(2 * BLOCK)
"""Two blocks of zeros end an archive."""
SIGNATURE_SIZE = 64
_OCTAL_LIMIT = 8**11
_CHECKSUM = slice(148, 156)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One regular file of the archive."""

    path: str
    size: int
    offset_of_header: int
    offset_of_data: int

    @property
    def end_of_data(self) -> int:
        """The offset behind its last byte, where its padding begins."""
        return self.offset_of_data + self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The members in their order, and the bytes of the whole archive."""

    members: tuple[Member, ...]
    total: int


def plan_members(sizes: Iterable[tuple[str, int]]) -> Layout:
    """The places of members, given as path and size in their order."""
    members = []
    offset = 0
    for name, size in sizes:
        data = offset + BLOCK
        members.append(
            Member(path=name, size=size, offset_of_header=offset, offset_of_data=data)
        )
        offset = data + padded(size)
    return Layout(members=tuple(members), total=offset + len(END))


def layout_of(manifest: Manifest, data: bytes, *, signed: bool) -> Layout:
    """The layout of the bundle that a manifest, with its bytes, describes."""
    first = [(path.MANIFEST, len(data))]
    if signed:
        first.append((path.SIGNATURE, SIGNATURE_SIZE))
    included = sorted((file for file in manifest.files if file.included), key=_rank)
    files = [(file.path, file.size) for file in included]
    return plan_members([*first, (path.SUMS, sums_size(manifest)), *files])


def sums_size(manifest: Manifest) -> int:
    """The bytes of the bundle's SHA256SUMS, whose lines have a fixed form."""
    names = (file.path for file in manifest.files if file.included)
    return sum(64 + 2 + len(name) + 1 for name in (path.MANIFEST, *names))


_ROLES = ("howto", *path.DIRECTORIES)


def _rank(file: File) -> tuple[int, bool, int, str]:
    special = file.path in oci.FILES
    place = oci.FILES.index(file.path) if special else 0
    return _ROLES.index(file.role), not special, place, file.path


def padded(size: int) -> int:
    """A size rounded up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def header(member: Member, created: datetime) -> bytes:
    """The header of a member, the same for everyone who makes this bundle."""
    parts = path.split(member.path)
    if parts is None:
        raise ValueError(f"{member.path} is too long for tar")
    prefix, name = parts
    block = bytearray(
        b"".join(
            (
                name.encode().ljust(100, b"\0"),
                b"0000644\0" + b"0000000\0" * 2,
                _number(member.size),
                _number(int(created.timestamp())),
                b" " * 8,
                b"0" + bytes(100),
                b"ustar\x0000",
                bytes(64),
                b"0000000\0" * 2,
                prefix.encode().ljust(155, b"\0"),
                bytes(12),
            )
        )
    )
    block[_CHECKSUM] = b"%06o\0 " % sum(block)
    return bytes(block)


def _number(value: int) -> bytes:
    if value < _OCTAL_LIMIT:
        return b"%011o\0" % value
    # From 8 GiB on a size is binary, which every tar of today reads.
    return b"\x80" + value.to_bytes(11, "big")
