"""Who must own the mounts, and giving them to that user.

The image runs as a user of its own (facts: container.md section 7); its number is read
from the image, never guessed. All changes go through directory descriptors and never
follow a link, so that nobody who can write below a mount can aim them elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from csctl.errors import OwnershipError

_SYSTEM = """
/ /bin /boot /dev /etc /home /lib /lib32 /lib64 /media /mnt /opt /proc /root /run
/sbin /srv /sys /tmp /usr /usr/lib /usr/local /var /var/lib /var/lib/docker /var/log
/var/run /var/tmp
"""
_FORBIDDEN = frozenset(_SYSTEM.split())


@dataclass(frozen=True, slots=True)
class Owner:
    """A user and a group, by number."""

    uid: int
    gid: int

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """A path whose owner is not the wanted one."""

    path: Path
    uid: int
    gid: int


def identify(user: str, passwd: str, group: str) -> Owner:
    """The numbers behind an image's `User`, by its own `/etc/passwd` and `/etc/group`.

    Reads `User` as the Engine does: empty is root; `name`, `uid`, `name:group` and
    `uid:gid`; a lone user takes its group from passwd, or 0. Raises OwnershipError.
    """
    name, _, group_name = user.partition(":")
    users = {fields[0]: fields for fields in _lines(passwd, 4)}
    if not name:
        entry: list[str] | None = None
        uid = 0
    elif name in users:
        entry = users[name]
        uid = int(entry[2])
    elif name.isdecimal():
        uid = int(name)
        entry = next((f for f in users.values() if f[2] == name), None)
    else:
        raise OwnershipError(
            f"the image runs as {name!r}, which its own /etc/passwd does not list",
            remedy="report this image; give its mounts to the right user by hand",
        )
    if not group_name:
        return Owner(uid, int(entry[3]) if entry else 0)
    groups = {fields[0]: int(fields[2]) for fields in _lines(group, 3)}
    if group_name in groups:
        return Owner(uid, groups[group_name])
    if group_name.isdecimal():
        return Owner(uid, int(group_name))
    raise OwnershipError(
        f"the image's group {group_name!r} is not in its own /etc/group",
        remedy="report this image; give its mounts to the right group by hand",
    )


def _lines(text: str, least: int) -> Iterator[list[str]]:
    for line in text.splitlines():
        fields = line.split(":")
        numbers = fields[2:least]
        if len(fields) >= least and all(number.isdecimal() for number in numbers):
            yield fields


def check_root(path: Path) -> None:
    """Refuse a path that cannot be meant. Raises OwnershipError."""
    absolute = Path(os.path.normpath(path.absolute()))
    real = path.resolve()
    for candidate in (absolute, real):
        if str(candidate) in _FORBIDDEN or candidate.parent == Path("/home"):
            raise OwnershipError(
                f"{path} belongs to the system; its ownership is not csctl's to change",
                remedy="give the profile a directory of its own",
            )
    if path.is_symlink():
        raise OwnershipError(
            f"{path} is a symbolic link", remedy=f"name {real} itself in the profile"
        )


def find_wrong(root: Path, owner: Owner, *, limit: int = 1000) -> tuple[Wrong, ...]:
    """Paths at and below `root` that `owner` does not own, at most `limit` of them.

    Links are looked at, never followed; a mount of something else is not entered.
    An absent root gives nothing. Raises OwnershipError where a directory cannot be
    read.
    """
    return tuple(
        Wrong(path=Path(path), uid=status.st_uid, gid=status.st_gid)
        for path, status, _ in islice(_walk(root, owner), limit)
    )


def fix(root: Path, owner: Owner) -> int:
    """Give `root` and all below it to `owner`, where wrong; how many were changed.

    Raises OwnershipError: for a root that cannot be meant, and where the system
    refuses.
    """
    check_root(root)
    changed = 0
    for path, _, parent in _walk(root, owner):
        try:
            os.chown(
                path if parent is None else os.path.basename(path),
                owner.uid,
                owner.gid,
                dir_fd=parent,
                follow_symlinks=False,
            )
        except OSError as exc:
            raise OwnershipError(
                f"{path} cannot be given to {owner}: {exc.strerror}",
                remedy=f"run: sudo chown -hR {owner} {root}",
            ) from exc
        changed += 1
    return changed


_Found = tuple[str, os.stat_result, int | None]


def _walk(root: Path, owner: Owner) -> Iterator[_Found]:
    """What `owner` does not own: path, status, descriptor of the directory."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        descriptor = os.open(root, flags)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise _unreadable(str(root), exc) from exc
    try:
        status = os.fstat(descriptor)
        if status.st_uid != owner.uid or status.st_gid != owner.gid:
            yield str(root), status, None
        yield from _walk_below(str(root), descriptor, status.st_dev, owner)
    finally:
        os.close(descriptor)


def _walk_below(
    path: str, descriptor: int, device: int, owner: Owner
) -> Iterator[_Found]:
    # Recursion over descriptors of our own: `os.fwalk` is as safe, but asks for the
    # status of each file once more.
    uid, gid = owner.uid, owner.gid
    prefix = path.rstrip("/") + "/"
    directories = []
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if (
                    status.st_uid != uid or status.st_gid != gid
                ) and status.st_dev == device:
                    yield prefix + entry.name, status, descriptor
                if entry.is_dir(follow_symlinks=False) and status.st_dev == device:
                    directories.append(entry.name)
        for name in directories:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            child = os.open(name, flags, dir_fd=descriptor)
            try:
                yield from _walk_below(prefix + name, child, device, owner)
            finally:
                os.close(child)
    except OSError as exc:
        raise _unreadable(path, exc) from exc


def _unreadable(path: str, error: OSError) -> OwnershipError:
    return OwnershipError(
        f"{path} cannot be read: {error.strerror}",
        remedy="run csctl as root to look into it",
    )
