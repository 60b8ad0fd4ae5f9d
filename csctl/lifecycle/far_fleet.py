"""The fleet of other hosts: csctl of each is asked again and again, side by side.

A host has a thread of its own, so that one that hangs delays no other, and nobody waits
for it when csctl ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from csctl.errors import CsctlError
from csctl.lifecycle.errand import Errand
from csctl.lifecycle.far_row import FarRow, Told, read, rows_of
from csctl.profile.host import Host
from csctl.profile.model import Profile

_SHOWN = 0.2
"""Seconds that are left for the first rows to be shown."""
_PAUSE = 12.0
"""Seconds from an answer to the next question."""


@dataclass(slots=True)
class _Asked:
    """A host, and what it said last."""

    host: Host
    profiles: tuple[Profile, ...]
    told: list[Told] | None = None
    error: CsctlError | None = None
    again: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def rows(self) -> tuple[FarRow, ...]:
        return tuple(rows_of(self.host, self.profiles, self.told, self.error))


class FarFleet:
    """Rows of profiles on other hosts, as far as these hosts have answered."""

    def __init__(
        self,
        environ: Mapping[str, str],
        tell: Callable[[], object],
        *,
        pause: float = _PAUSE,
    ) -> None:
        """`tell` is called in another thread whenever a host answered, or did not.

        `pause` is in seconds.
        """
        self._environ, self._tell, self._pause = environ, tell, pause
        self._asked: dict[Host, _Asked] = {}

    @property
    def rows(self) -> tuple[FarRow, ...]:
        """All rows, host by host."""
        return tuple(row for one in list(self._asked.values()) for row in one.rows)

    def follow(self, profiles: Sequence[Profile]) -> None:
        """From now on ask for these and no others; each names another host."""
        wanted: dict[Host, list[Profile]] = {}
        for one in profiles:
            assert one.host is not None, "it is of another host"
            wanted.setdefault(one.host, []).append(one)
        before, self._asked = self._asked, {}
        for host, some in wanted.items():
            old = before.pop(host, None)
            asked = self._asked[host] = old or _Asked(host, ())
            asked.profiles = tuple(some)
            asked.again.set()
            if old is None:
                threading.Thread(target=self._ask, args=(asked,), daemon=True).start()
        for gone in before.values():
            _end(gone)

    def again(self) -> None:
        """Ask all hosts at once: something was done there."""
        for one in self._asked.values():
            one.again.set()

    def close(self) -> None:
        """Ask nobody any more."""
        self.follow(())

    def _ask(self, asked: _Asked) -> None:
        # Whoever shows the rows comes first: what is started would take its turns.
        asked.ended.wait(_SHOWN)
        while not asked.ended.is_set():
            asked.again.clear()
            try:
                told = self._answer(asked)
            except CsctlError as error:
                # The same one again is no news.
                if str(error) != str(asked.error):
                    asked.error = error
            else:
                asked.told, asked.error = told, None
            if not asked.ended.is_set():
                self._tell()
                asked.again.wait(self._pause)

    def _answer(self, asked: _Asked) -> list[Told]:
        """What csctl there says."""
        errand = Errand(
            host=asked.host, verb=("status", "--json"), profiles=asked.profiles
        )
        report = errand.wait(self._environ, asked.ended.is_set)
        told = read(report.out)
        if told is None:
            raise report.error
        return told


def _end(asked: _Asked) -> None:
    asked.ended.set()
    asked.again.set()
