"""Giving mounts to the image's user: as root directly, else through a container."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from csctl import lock, ownership, record, staging
from csctl.container.observed import Image
from csctl.container.spec import (
    LABEL_PROFILE,
    LABEL_ROLE,
    ROLE_ONE_SHOT,
    BindMount,
    ContainerSpec,
)
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, EngineError, OwnershipError
from csctl.ownership import Owner
from csctl.profile.model import Profile
from csctl.secret import Redactor

_USERS = "image-users.json"
_HELPER_SECONDS = 600.0
_LOCK_SECONDS = 60.0


def known_owner(state: Path, image: Image) -> Owner | None:
    """The image's user where `User` is a pair of numbers, or a record tells it."""
    user, _, group = image.user.partition(":")
    if user.isdecimal() and group.isdecimal():
        return Owner(int(user), int(group))
    try:
        uid, gid = json.loads((state / _USERS).read_text())[image.id]
        return Owner(int(uid), int(gid))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_owner(engine: Engine, profile: Profile, image: Image) -> Owner:
    """The image's user, read out of the image where need be, and recorded.

    Raises OwnershipError and EngineError.
    """
    state = profile.state_dir
    owner = known_owner(state, image) or _read_owner(engine, profile, image)
    _remember(state, image, owner)
    return owner


def _read_owner(engine: Engine, profile: Profile, image: Image) -> Owner:
    files = engine.read_files(
        image.id, ("/etc/passwd", "/etc/group"), labels=_labels(profile)
    )
    return ownership.identify(image.user, files["/etc/passwd"], files["/etc/group"])


def _labels(profile: Profile) -> dict[str, str]:
    return {LABEL_PROFILE: profile.name, LABEL_ROLE: ROLE_ONE_SHOT}


def _remember(state: Path, image: Image, owner: Owner) -> None:
    path = state / _USERS
    if _users(path).get(image.id) == [owner.uid, owner.gid]:
        return
    _make(state)
    # Profiles that share `data` share this file.
    with lock.hold(state / f"{_USERS}.lock", str(path), wait_seconds=_LOCK_SECONDS):
        staging.sweep(state, _USERS)
        users = _users(path) | {image.id: [owner.uid, owner.gid]}
        record.write_atomically(path, json.dumps(users, sort_keys=True, indent=1))


def _users(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return {}


def give(engine: Engine, profile: Profile, image: Image, path: Path) -> Owner:
    """Make a directory where absent, and give it and all below to the image's user.

    Raises OwnershipError with the command to run by hand where nothing else helps.
    """
    owner = find_owner(engine, profile, image)
    _make(path)
    ownership.check_root(path)
    if os.geteuid() == 0:
        ownership.fix(path, owner)
    elif _needs_help(path, owner):
        _through_helper(engine, profile, image, path, owner)
    return owner


def _needs_help(path: Path, owner: Owner) -> bool:
    try:
        return bool(ownership.find_wrong(path, owner, limit=1))
    except OwnershipError:
        return True  # Another user's directory that cannot be read: root may.


def _make(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OwnershipError(
            f"directory {path} cannot be made: {exc.strerror}",
            remedy=f"check free space and permissions of {path.parent}",
        ) from exc


def _through_helper(
    engine: Engine, profile: Profile, image: Image, path: Path, owner: Owner
) -> None:
    by_hand = f"run: sudo chown -hR {owner} {path}"
    candidates = [image.id]
    if profile.helper_image is not None:
        candidates.append(str(profile.helper_image))
    reasons = []
    for candidate in candidates:
        try:
            _chown(engine, profile, candidate, path, owner)
        except EngineError as error:
            reasons.append(error.message)
        else:
            return
    raise OwnershipError(
        f"{path} cannot be given to {owner}: csctl is not root, and no helper container"
        f" could do it ({'; '.join(reasons)})",
        remedy=by_hand,
    )


def _chown(
    engine: Engine, profile: Profile, image: str, path: Path, owner: Owner
) -> None:
    # Whoever only looks at owners needs none of it.
    from csctl.lifecycle import oneshot

    spec = ContainerSpec(
        name="",
        image=image,
        entrypoint=("chown",),
        arguments=("-hR", str(owner), "/mnt"),
        user="0:0",
        network="none",
        mounts=(BindMount(source=path, target="/mnt", submounts=False),),
        labels=_labels(profile),
    )
    watch = oneshot.Watch(
        what=f"giving {path} to {owner}",
        seconds=_HELPER_SECONDS,
        redact=Redactor(),
        logs=profile.state_dir / "logs",
    )
    events = oneshot.run(engine, spec, watch)
    while True:
        try:
            next(events)
        except StopIteration as stop:
            finished: oneshot.Finished = stop.value
            break
    if finished.exit_code != 0:
        raise EngineError(f"{image[:19]}: {' '.join(finished.lines[-2:])}")


def discard(engine: Engine, profile: Profile, image: Image, path: Path) -> None:
    """Remove a staging directory, also where its files are the image's user's."""
    staging.discard(path)
    if not path.exists() or os.geteuid() == 0:
        return
    mine = Owner(os.geteuid(), os.getegid())
    try:
        _through_helper(engine, profile, image, path, mine)
    except CsctlError:
        return  # Left to the next sweep, which may run as root.
    staging.discard(path)
