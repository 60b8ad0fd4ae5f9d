"""Profiles on disk, written by csctl: a new one, or one with other keys.

What is written is a valid profile, or nothing is written. A file keeps its mode and its
owner, and a symbolic link stays one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import get_native_id

from csctl.errors import CsctlError, Problem, ProfileError, UsageError
from csctl.profile import document as reader
from csctl.profile import key
from csctl.profile.edit import difference, edit
from csctl.profile.load import parse
from csctl.record import TEMPORARY, TEMPORARY_PREFIX, sync_directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A profile's file as it is, and as it would be; valid then."""

    path: Path
    before: str
    after: str

    @property
    def difference(self) -> str:
        """What would change, as a unified diff; empty where nothing would."""
        return difference(self.before, self.after, str(self.path))

    def write(self) -> None:
        """Write the file in one atomic step. Raises CsctlError."""
        if _read(self.path) != self.before.encode():
            raise CsctlError(
                f"{self.path} was changed by someone else meanwhile",
                remedy="look at the new difference, and try again",
            )
        try:
            # A link stays, and what it leads to is replaced.
            _replace(Path(os.path.realpath(self.path)), self.after.encode())
        except OSError as exc:
            raise _unwritable(self.path, exc) from exc


def propose(
    path: Path,
    changes: Mapping[str, str | None],
    environ: Mapping[str, str],
    document: int | None = None,
) -> Proposal:
    """Work out what setting keys of a profile comes to; None removes a key.

    `document` says which of a file's YAML documents is meant, from 1; it may be left
    out where only one holds anything. Raises ProfileError where the file cannot be
    edited or would be no valid profile, UsageError where it is unclear what is meant.
    """
    data = _read(path)
    text, problems = reader.decode(data, str(path))
    if problems:
        raise ProfileError(tuple(problems))
    index = document or _only_document(text, path)
    _refuse_to_show(data, path, environ)
    before = data.decode()
    after = edit(before, changes, document=index, file=str(path))
    parse(after.encode(), file=str(path), base=path.parent, environ=environ)
    return Proposal(path=path, before=before, after=after)


def _only_document(text: str, path: Path) -> int:
    nodes, _ = reader.read(text, str(path))
    held = [index for index, node in enumerate(nodes, 1) if node.value is not None]
    if len(held) > 1:
        raise UsageError(
            f"{path} holds {len(held)} profiles",
            remedy=f"say which one is meant: --document {held[0]} to {held[-1]}",
        )
    return held[0] if held else 1


def _refuse_to_show(data: bytes, path: Path, environ: Mapping[str, str]) -> None:
    """Refuse a file in which a key may stand in clear, as the difference shows lines.

    Other faults are no matter: they may be what is about to be mended.
    """
    try:
        parse(data, file=str(path), base=path.parent, environ=environ)
    except ProfileError as error:
        if hidden := tuple(_hidden(error.problems)):
            raise ProfileError(hidden) from error


def _hidden(problems: Iterable[Problem]) -> Iterable[Problem]:
    for problem in problems:
        names = tuple(problem.path.partition("[")[0].split("."))
        if key.in_secret(names) or key.kind_at(names) is None:
            yield problem


def create(path: Path, text: str) -> None:
    """Write a new profile. Raises UsageError where the file exists, CsctlError."""
    require_absent(path)
    try:
        # Exclusively: whoever was faster keeps what he wrote.
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        sync_directory(path.parent)
    except FileExistsError:
        require_absent(path)
    except OSError as exc:
        raise _unwritable(path, exc) from exc


def require_absent(path: Path) -> None:
    """Refuse to overwrite. Raises UsageError."""
    if os.path.lexists(path):
        raise UsageError(
            f"{path} exists already",
            remedy=f"name another file, or change this one: csctl set {path} KEY=VALUE",
        )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(reader.SIZE_LIMIT + 1)
    except OSError as exc:
        raise UsageError(
            f"{path} cannot be read: {exc.strerror}",
            remedy="name one file that holds a profile",
        ) from exc


def _unwritable(path: Path, exc: OSError) -> CsctlError:
    return CsctlError(
        f"{path} cannot be written: {exc.strerror}",
        remedy=f"check free space, and who owns it and {path.absolute().parent}",
    )


def _replace(path: Path, data: bytes) -> None:
    status = path.stat()
    temporary = path.with_name(
        f"{TEMPORARY_PREFIX}{path.name}-{os.getpid()}-{get_native_id()}{TEMPORARY}"
    )
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchown(descriptor, status.st_uid, status.st_gid)
            os.fchmod(descriptor, status.st_mode & 0o7777)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
