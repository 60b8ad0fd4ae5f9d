"""The files of profiles: read again when they change, by looking at their dates."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from csctl.errors import CsctlError, ProfileError
from csctl.profile.model import Profile

Stamps = Mapping[Path, tuple[int, int, int] | None]


class ProfileFiles:
    """Profiles as their files say; a file that is broken is taken as it was before."""

    def __init__(
        self,
        load: Callable[[], Sequence[Profile]],
        environ: Mapping[str, str],
        places: Callable[[], Iterable[Path]] = tuple,
    ) -> None:
        """`places` tells what `load` reads; it may come to tell of more."""
        self._load = load
        self._places = places
        self._environ = environ
        self.profiles: tuple[Profile, ...] = ()
        self.problems: tuple[CsctlError, ...] = ()
        """What is wrong with files that do not load; another tuple at each reading."""
        self._read()
        self._written = _stamps(self._paths())
        self._licenses = _stamps(self._roots())

    @property
    def here(self) -> tuple[Profile, ...]:
        """Those of this host."""
        return tuple(one for one in self.profiles if one.host is None)

    @property
    def elsewhere(self) -> tuple[Profile, ...]:
        """Those of other hosts, where their files are."""
        return tuple(one for one in self.profiles if one.host is not None)

    def changed(self) -> set[str]:
        """Read again what changed; those of this host that say or keep otherwise."""
        before = {profile.name: profile for profile in self.here}
        written = _stamps({*self._written, *self._places()})
        if written != self._written:
            self._read()
            # Those known before count from before the reading: nothing is missed.
            self._written = {**_stamps(self._paths()), **written}
        after = {profile.name: profile for profile in self.here}
        kept, self._licenses = self._licenses, _stamps(self._roots())
        return {
            name
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)
            or kept.get(root := after[name].license_root) != self._licenses[root]
        }

    def _read(self) -> None:
        try:
            self.profiles, self.problems = tuple(self._load()), ()
        except ProfileError as error:
            broken = {problem.file for problem in error.problems}
            self.profiles, self.problems = self._sound(broken), (error,)
        except CsctlError as error:
            self.problems = (error,)

    def _sound(self, broken: Collection[str]) -> tuple[Profile, ...]:
        """The profiles of the other files as they are now, of these as they were."""
        from csctl.profile import load as reader

        old = [one for one in self.profiles if str(one.source.file) in broken]
        files = dict.fromkeys(
            one.source.file for one in self.profiles if one not in old
        )
        try:
            return (*reader.load(files, self._environ), *old)
        except ProfileError:
            return self.profiles

    def _paths(self) -> Iterable[Path]:
        """All files, and their folders, into which another file may come."""
        files = {profile.source.file for profile in self.profiles}
        files.update(self._places())
        for error in self.problems:
            if isinstance(error, ProfileError):
                files |= {Path(problem.file) for problem in error.problems}
        return files | {file.parent for file in files}

    def _roots(self) -> Iterable[Path]:
        return (profile.license_root for profile in self.here)


def _stamps(paths: Iterable[Path]) -> Stamps:
    return {path: _stamp(path) for path in paths}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
