"""Comparing and setting the ownership of a profile's mounts."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from csctl import license as licenses
from csctl import model, ownership
from csctl.errors import UsageError
from csctl.lifecycle import mounts
from csctl.lifecycle.events import Event
from csctl.lifecycle.job import Job
from csctl.lifecycle.on_host import model_on_disk
from csctl.ownership import Owner
from csctl.profile.replica import replicas_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """A mount, or a path below it that is wrong while the mount itself is right."""

    path: Path
    uid: int | None
    """None where the path is absent."""
    gid: int | None
    wanted: Owner
    wrong: bool


def paths_of(job: Job) -> tuple[Path, ...]:
    """The directories that the profile's container mounts, as far as they are known."""
    profile = job.profile
    paths: list[Path] = []
    try:
        paths.append(model.directory_of(profile.models_root, model_on_disk(profile)))
    except UsageError:
        paths.append(profile.models_root)
    if profile.mode == "disconnected":
        chosen = licenses.choose(profile.license_root, job.image().id, None)
        paths.append(chosen.directory if chosen else profile.license_root)
        paths += (one.output_dir for one in replicas_of(profile))
    return tuple(paths)


def check(job: Job) -> Generator[Event, None, tuple[Ownership, ...]]:
    """Compare without changing. Raises OwnershipError where nothing can be read."""
    owner = mounts.find_owner(job.engine, job.profile, job.image())
    yield from ()
    return tuple(row for path in paths_of(job) for row in _compare(path, owner))


def _compare(path: Path, owner: Owner) -> Iterator[Ownership]:
    try:
        status = path.lstat()
    except FileNotFoundError:
        yield Ownership(path=path, uid=None, gid=None, wanted=owner, wrong=True)
        return
    right = (status.st_uid, status.st_gid) == (owner.uid, owner.gid)
    yield Ownership(
        path=path, uid=status.st_uid, gid=status.st_gid, wanted=owner, wrong=not right
    )
    for one in ownership.find_wrong(path, owner):
        if one.path != path:
            yield Ownership(
                path=one.path, uid=one.uid, gid=one.gid, wanted=owner, wrong=True
            )


def fix(job: Job) -> Generator[Event, None, tuple[Ownership, ...]]:
    """Give all mounts to the image's user; the comparison afterwards.

    Raises OwnershipError.
    """
    for path in paths_of(job):
        mounts.give(job.engine, job.profile, job.image(), path)
    return (yield from check(job))
