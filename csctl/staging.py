"""Staging: a directory beside the one it will become.

A download fills a staging directory on the same file system as its target; when it
is whole, one rename puts it into place. What stood there until then stays until then.
Staging directories lie beside their target, because a directory that another user
owns can be renamed within its parent, but not moved out of it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import shutil
import tempfile
from glob import escape
from pathlib import Path

from csctl.errors import CsctlError
from csctl.record import TEMPORARY, TEMPORARY_PREFIX, sync_directory

PREFIX = ".csctl-staging-"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def open_staging(target: Path) -> Path:
    """Make an empty staging directory for a target. Raises CsctlError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        path = tempfile.mkdtemp(prefix=f"{PREFIX}{target.name}-", dir=target.parent)
        os.chmod(path, 0o755)
    except OSError as exc:
        raise CsctlError(
            f"no staging directory can be made in {target.parent}: {exc.strerror}",
            remedy=f"check free space and permissions of {target.parent}",
        ) from exc
    return Path(path)


def place(staging: Path, target: Path) -> None:
    """Put a staging directory into its target's place, whole.

    What stood there before is removed afterwards; it is never gone before the new
    one stands. Raises CsctlError.
    """
    stood = target.exists()
    try:
        if stood:
            _exchange(staging, target)
        else:
            os.rename(staging, target)
        sync_directory(target.parent)
    except OSError as exc:
        raise CsctlError(
            f"{staging} cannot take the place of {target}: {exc.strerror}",
            remedy=f"check that {target} is no mount point, and the permissions of"
            f" {target.parent}",
        ) from exc
    if stood:
        discard(staging)


def discard(staging: Path) -> None:
    """Remove a staging directory; what cannot be removed is left to `sweep`."""
    shutil.rmtree(staging, ignore_errors=True)


def leftovers(parent: Path, name: str = "") -> tuple[Path, ...]:
    """Staging directories that a killed run left for a target, or for all of them."""
    # The whole name counts: `models` is not to meet what is staged for `models-2`.
    ours = re.compile(rf"{re.escape(name)}(?:-\w+|\.was)" if name else ".*")
    try:
        return tuple(
            sorted(
                path
                for path in parent.iterdir()
                if path.name.startswith(PREFIX)
                and ours.fullmatch(path.name.removeprefix(PREFIX))
            )
        )
    except OSError:
        return ()


def sweep(parent: Path, name: str = "") -> None:
    """Remove what killed runs left. The caller holds the lock of the target.

    A target that is missing while its former self waits under a `was` name lost it
    in the moment between two renames: it is put back first.
    """
    for path in leftovers(parent, name):
        if path.name.endswith(".was"):
            home = parent / path.name.removeprefix(PREFIX).removesuffix(".was")
            if not home.exists():
                os.rename(path, home)
                continue
        discard(path)
    record = f"{TEMPORARY_PREFIX}{name}"
    for path in parent.glob(f"{escape(record)}*{TEMPORARY}"):
        path.unlink(missing_ok=True)


def clone(source: Path, staging: Path) -> bool:
    """Fill a staging directory with a directory's files, by hard links where it may.

    Gives whether all are links. Raises CsctlError.
    """
    copied = []

    def link_or_copy(one: str, other: str) -> None:
        # Linux lets only an owner link, and what is staged may change its owner to be
        # removed: the file that serves must never be the same one then.
        if os.geteuid() in (0, os.lstat(one).st_uid):
            os.link(one, other, follow_symlinks=False)
        else:
            copied.append(shutil.copy2(one, other, follow_symlinks=False))

    try:
        shutil.copytree(
            source,
            staging,
            copy_function=link_or_copy,
            symlinks=True,
            dirs_exist_ok=True,
        )
        os.chmod(staging, 0o755)
    except (OSError, shutil.Error) as exc:
        raise CsctlError(
            f"{source} cannot be copied: {_first_reason(exc)}",
            remedy=f"check free space and permissions of {staging.parent}",
        ) from exc
    return not copied


def _first_reason(error: OSError) -> str:
    # copytree goes on after an error and raises a list of all.
    if isinstance(error, shutil.Error) and error.args:
        return str(error.args[0][0][2])
    return str(error)


def _exchange(one: Path, other: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.renameat2(
        _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE
    )
    if done == 0:
        return
    number = ctypes.get_errno()
    if number not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        raise OSError(number, os.strerror(number), str(other))
    # File systems without an atomic exchange (NFS, old ones): two renames, and
    # `sweep` mends a kill between them.
    former = other.with_name(f"{PREFIX}{other.name}.was")
    os.rename(other, former)
    try:
        os.rename(one, other)
    except OSError:
        os.rename(former, other)
        raise
    os.rename(former, one)
