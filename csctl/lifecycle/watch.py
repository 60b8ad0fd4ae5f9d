"""Watching: what happens to the fleet, told as it happens.

The Engine is asked only after it told of an event, or a profile's file changed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from csctl.container.observed import Happening
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, EngineError, EngineUnavailable
from csctl.lifecycle.fleet_rows import FleetRows
from csctl.lifecycle.profile_files import ProfileFiles
from csctl.lifecycle.pump import Pump
from csctl.lifecycle.status import Status
from csctl.profile.model import Profile

_TICK = 0.25
_QUICK_TICK = 0.03
"""Seconds between two looks for answers while some are waited for."""
_GATHER = 0.2
"""Seconds in which events are gathered: a burst of them gives one look."""
_SHOWN = 0.1
"""Seconds that are left for the first rows to be shown."""
_FILES_SECONDS = 2.0
_SERVICES_SECONDS = 10.0
"""Seconds between two looks at services of Docker Swarm: no event tells of tasks."""
_DAYS_SECONDS = 60.0
_PAUSES = (0.5, 1.0, 2.0, 3.0)
"""Seconds before connecting again; the last counts from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """All rows of the fleet, in place of those before."""

    rows: tuple[Status, ...]
    engine: Engine
    problems: tuple[CsctlError, ...] = ()
    """What is wrong with profile files that do not load, and with a silent swarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The Engine does not answer any more."""

    error: EngineUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The profiles of other hosts, in place of those before."""

    profiles: tuple[Profile, ...]


Update = Rows | Lost | Elsewhere


def watch(
    connect: Callable[[], Engine],
    load: Callable[[], Sequence[Profile]],
    environ: Mapping[str, str],
    stop: threading.Event,
    places: Callable[[], Iterable[Path]] = tuple,
) -> Iterator[Update]:
    """Tell of the fleet, and whenever it is another one, until `stop`.

    It begins to look at once, while its caller gets ready to hear of it.
    `places` tells what `load` reads; what it comes to tell of is read too.
    A lost Engine is told once, and connected to again; a profile that does not load
    any more stays as it was, with its problem beside the rows. Profiles of other hosts
    are told of before anything else, and only whether they are other ones now.
    """
    return _told(Pump(_Watch(connect, load, environ, places)), stop)


def _told(pump: Pump[Update], stop: threading.Event) -> Iterator[Update]:
    # An Engine that hangs must not hold back whoever wants to stop.
    with closing(pump):
        while not stop.is_set() and (updates := pump.take(_TICK)) is not None:
            yield from updates


class _Watch:
    """The updates, one after another; another thread ends them."""

    def __init__(
        self,
        connect: Callable[[], Engine],
        load: Callable[[], Sequence[Profile]],
        environ: Mapping[str, str],
        places: Callable[[], Iterable[Path]],
    ) -> None:
        self._connect = connect
        self._places = places
        self._load = load
        self._environ = environ
        self._ended = threading.Event()
        self._elsewhere: tuple[Profile, ...] = ()

    def close(self) -> None:
        """End them soon."""
        self._ended.set()

    def __iter__(self) -> Iterator[Update]:
        files = ProfileFiles(self._load, self._environ, self._places)
        failures = 0
        while not self._ended.is_set():
            yield from self._others(files)
            try:
                for rows in self._connected(files):
                    failures = 0
                    yield rows
            except EngineError as error:
                if not failures:
                    yield Lost(error=_lost(error))
                self._ended.wait(_PAUSES[min(failures, len(_PAUSES) - 1)])
                failures += 1
                files.changed()

    def _others(self, files: ProfileFiles) -> Iterator[Elsewhere]:
        """Tell of the profiles of other hosts, where they are other ones now."""
        if files.elsewhere != self._elsewhere:
            self._elsewhere = files.elsewhere
            yield Elsewhere(profiles=files.elsewhere)

    def _connected(self, files: ProfileFiles) -> Iterator[Update]:
        """The rows until the Engine is lost, which raises EngineError."""
        with (
            closing(self._connect()) as engine,
            # Before the first look: nothing is missed between the two.
            closing(Pump(engine.events())) as events,
            closing(FleetRows(engine, self._environ)) as fleet,
        ):
            fleet.look(files.here)
            yield Rows(rows=fleet.rows, engine=engine, problems=_wrong(files, fleet))
            # Whoever shows them comes first: threads that ask would take its turns.
            self._ended.wait(_SHOWN)
            yield from self._changes(engine, files, events, fleet)

    def _changes(
        self,
        engine: Engine,
        files: ProfileFiles,
        events: Pump[Happening],
        fleet: FleetRows,
    ) -> Iterator[Update]:
        dates, days = _Every(_FILES_SECONDS), _Every(_DAYS_SECONDS)
        services = _Every(_SERVICES_SECONDS)
        told, news = _wrong(files, fleet), False
        while not self._ended.is_set():
            wrong = _wrong(files, fleet)
            if fleet.complete() or news or wrong != told:
                told = wrong
                yield Rows(rows=fleet.rows, engine=engine, problems=told)
            names = self._happened(events, fleet)
            if dates.due():
                names |= files.changed()
                yield from self._others(files)
            if services.due():
                names |= fleet.services()
            if names:
                fleet.look(files.here, names)
            news = bool(names)
            if days.due():
                news |= fleet.age(datetime.now(UTC))

    def _happened(self, events: Pump[Happening], fleet: FleetRows) -> set[str]:
        """Wait a moment for events; the rows that they are about."""
        some = events.take(_QUICK_TICK if fleet.waits else _TICK) or []
        names = fleet.concerned(some)
        if names:
            self._ended.wait(_GATHER)
            names |= fleet.concerned(events.take(0) or [])
        return names


class _Every:
    """Due so many seconds after it was due last."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    def due(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


def _wrong(files: ProfileFiles, fleet: FleetRows) -> tuple[CsctlError, ...]:
    silent = () if fleet.unknown is None else (fleet.unknown,)
    return (*files.problems, *silent)


def _lost(error: EngineError) -> EngineUnavailable:
    """An Engine that says no while it is looked at is as good as lost."""
    if isinstance(error, EngineUnavailable):
        return error
    return EngineUnavailable(error.message, remedy=error.remedy)
