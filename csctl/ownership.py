"""Who must own the mounts, and giving them to that user.

The image runs as a user of its own (facts: container.md section 7); its number is read
from the image, never guessed. All changes go through directory descriptors and never
follow a link, so that nobody who can write below a mount can aim them elsewhere.
"""

from __future__ import annotations

import os
import stat
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
_PROTECTION = Path("/proc/sys/fs/protected_hardlinks")


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
    `uid:gid`; digits are a number always, and of several lines the first counts; a
    lone user takes its group from passwd, or 0. Raises OwnershipError.
    """
    name, _, group_name = user.partition(":")
    entry = _entry(name or "0", passwd, 4)
    if entry is not None:
        uid, gid = int(entry[2]), int(entry[3])
    elif not name or name.isdecimal():
        uid, gid = int(name or 0), 0
    else:
        raise OwnershipError(
            f"the image runs as {name!r}, which its own /etc/passwd does not list",
            remedy="report this image; give its mounts to the right user by hand",
        )
    if not group_name:
        return Owner(uid, gid)
    if group_name.isdecimal():
        return Owner(uid, int(group_name))
    if (line := _entry(group_name, group, 3)) is not None:
        return Owner(uid, int(line[2]))
    raise OwnershipError(
        f"the image's group {group_name!r} is not in its own /etc/group",
        remedy="report this image; give its mounts to the right group by hand",
    )


def _entry(asked: str, text: str, least: int) -> list[str] | None:
    """The first line with a name, or with a number where the name is one."""
    if asked.isdecimal():
        number = int(asked)
        return next((f for f in _lines(text, least) if int(f[2]) == number), None)
    return next((f for f in _lines(text, least) if f[0] == asked), None)


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
        for path, status, _, _ in islice(_walk(root, owner), limit)
    )


def fix(root: Path, owner: Owner) -> int:
    """Give `root` and all below it to `owner`, where wrong; how many were changed.

    Raises OwnershipError: for a root that cannot be meant, for a file that somebody may
    have linked there, and where the system refuses.
    """
    check_root(root)
    changed = 0
    for path, status, directory, name in _walk(root, owner):
        if _may_be_foreign(status):
            raise OwnershipError(
                f"{path} has {status.st_nlink} names, and on this host anybody may give"
                " one to a file of somebody else",
                remedy=f"look where it came from (find / -samefile {path}); then run:"
                " sysctl fs.protected_hardlinks=1",
            )
        try:
            os.chown(
                name, owner.uid, owner.gid, dir_fd=directory, follow_symlinks=False
            )
        except FileNotFoundError:
            continue  # A container that serves may remove its own files meanwhile.
        except OSError as exc:
            raise OwnershipError(
                f"{path} cannot be given to {owner}: {exc.strerror}",
                remedy=f"run: sudo chown -hR {owner} {root}",
            ) from exc
        changed += 1
    return changed


def _may_be_foreign(status: os.stat_result) -> bool:
    """Whether a file may be one of the system's, linked there to be given away."""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink == 1:
        return False
    try:
        return _PROTECTION.read_text().strip() == "0"
    except OSError:
        return False


_Found = tuple[str, os.stat_result, int, str]
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def _walk(root: Path, owner: Owner) -> Iterator[_Found]:
    """What `owner` does not own: path, status, descriptor of a directory, name in it.

    What vanishes meanwhile is passed over.
    """
    try:
        descriptor = os.open(root, _DIRECTORY)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise _unreadable(str(root), exc) from exc
    try:
        status = os.fstat(descriptor)
        if status.st_uid != owner.uid or status.st_gid != owner.gid:
            yield str(root), status, descriptor, "."
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
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if (
                    status.st_uid != uid or status.st_gid != gid
                ) and status.st_dev == device:
                    yield prefix + entry.name, status, descriptor, entry.name
                if entry.is_dir(follow_symlinks=False) and status.st_dev == device:
                    directories.append(entry.name)
        for name in directories:
            try:
                child = os.open(name, _DIRECTORY, dir_fd=descriptor)
            except FileNotFoundError:
                continue
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
