"""The mounts of a container, and who owns what they lead to; only looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from csctl import ownership
from csctl.container.observed import Container
from csctl.container.spec import BindMount
from csctl.engine.engine import Engine
from csctl.errors import OwnershipError
from csctl.lifecycle import mounts
from csctl.lifecycle.part import Part
from csctl.lifecycle.wanted import Wanted
from csctl.ownership import Owner
from csctl.profile.model import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """One mount: where it leads, whose that is, and whose it should be."""

    path: Path
    target: str
    read_only: bool
    exists: bool | None
    """None where it may not be looked at."""
    found: Owner | None
    wanted: Owner | None
    """None while the number of the image's user is not known."""
    right: bool | None
    """Whether all of it is the wanted owner's; None where that is not known."""
    wrong: Path | None
    """The first path, itself or below, that is absent or another's."""


def of_container(
    engine: Engine, container: Container, profile: Profile | None
) -> Part[Mounted]:
    """The mounts that a container has."""
    state = container.state_directory or (profile.state_dir if profile else None)
    image = engine.image(container.image_id)
    owner = mounts.known_owner(Path(state), image) if state and image else None
    return _look(container.mounts, owner)


def of_wanted(wanted: Wanted) -> Part[Mounted]:
    """The mounts that a container would have, were there one."""
    if wanted.spec is None:
        after = ", ".join(wanted.pending)
        return Part(notes=(f"what is to be mounted is known only after: {after}",))
    return _look(wanted.spec.mounts, wanted.seen.owner)


def _look(binds: Iterable[BindMount], owner: Owner | None) -> Part[Mounted]:
    notes = []
    if owner is None:
        notes.append(
            "the number of the image's user is not known; this finds it out:"
            " csctl mount check PROFILE"
        )
    rows = []
    for bind in binds:
        row = Mounted(
            path=bind.source,
            target=bind.target,
            read_only=bind.read_only,
            exists=None,
            found=None,
            wanted=owner,
            right=None,
            wrong=None,
        )
        try:
            row = _with_found(row)
            row = _with_wrong(row)
        except OwnershipError as error:
            notes.append(error.message)
        rows.append(row)
    return Part(tuple(rows), tuple(notes))


def _with_found(row: Mounted) -> Mounted:
    """The row with its owner. Raises OwnershipError where it cannot be looked at."""
    try:
        status = row.path.lstat()
    except FileNotFoundError:
        return replace(row, exists=False)
    except OSError as exc:
        raise OwnershipError(
            f"{row.path} cannot be looked at: {exc.strerror}",
            remedy="run csctl as root",
        ) from exc
    return replace(row, exists=True, found=Owner(status.st_uid, status.st_gid))


def _with_wrong(row: Mounted) -> Mounted:
    """The row with what is wrong. Raises OwnershipError where nothing tells."""
    if row.wanted is None:
        return row
    wrong: Path | None = row.path
    if row.found == row.wanted:
        below = ownership.find_wrong(row.path, row.wanted, limit=1)
        wrong = below[0].path if below else None
    return replace(row, right=wrong is None, wrong=wrong)
