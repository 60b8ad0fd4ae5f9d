"""The newest moment that csctl recorded for a profile, to hold the clock against.

Records of models and licenses, the names of license sets, and the history count; what
cannot be read tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from csctl import license as licenses
from csctl import record
from csctl.clock import Moment
from csctl.errors import CsctlError
from csctl.lifecycle import history
from csctl.profile.model import Profile


def newest(profile: Profile) -> Moment | None:
    """The newest one; None where nothing was recorded yet."""
    found = (
        *_fetched(profile.models_root),
        *_fetched(profile.license_root),
        *_placed(profile.license_root),
        *_done(profile),
    )
    return max(found, key=lambda one: one.at, default=None)


def _fetched(root: Path) -> Iterator[Moment]:
    for path in root.glob(f"*{record.SUFFIX}"):
        directory = path.with_name(path.name.removesuffix(record.SUFFIX))
        try:
            known = record.read(directory)
        except CsctlError:
            continue
        if known is not None:
            what = f"{known.kind} {directory} was fetched"
            yield Moment(at=known.fetched_at, what=what, mend=f"move {path} away")


def _placed(root: Path) -> Iterator[Moment]:
    for directory in root.glob("*/"):
        at = licenses.placed_at(directory)
        if at is not None:
            what = f"license {directory} was put there"
            yield Moment(at=at, what=what, mend=f"move {directory} away")


def _done(profile: Profile) -> Iterator[Moment]:
    mend = f"move {history.path_of(profile.state_dir, profile.name)} away"
    for entry in history.read(profile.state_dir, profile.name):
        what = f"profile {profile.name} was applied"
        yield Moment(at=entry.at, what=what, mend=mend)
