"""The rows of the fleet: looked at when something happens, completed in background.

The Engine tells of containers at once. Whether they are ready, and how far they are
from their profiles, is asked of others: a row goes without until the answer comes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from csctl.container.observed import Happening
from csctl.engine.engine import Engine
from csctl.errors import EngineError, EngineUnavailable
from csctl.lifecycle import service
from csctl.lifecycle.questions import Questions
from csctl.lifecycle.readiness import Readiness
from csctl.lifecycle.status import (
    Answer,
    Comparison,
    Look,
    Status,
    compare,
    compare_alone,
    look,
)
from csctl.profile.model import Profile

_SIDE_BY_SIDE = 8


class FleetRows:
    """A row for each profile, and for each managed container that no profile names."""

    def __init__(self, engine: Engine, environ: Mapping[str, str]) -> None:
        self._engine = engine
        self._environ = environ
        self.unknown: EngineError | None = None
        """Why a swarm does not tell of its services; they are as they were then."""
        self._rows: dict[str, Status] = {}
        self._ranks: dict[str, int] = {}
        self._readiness = Readiness(engine)
        self._comparisons: Questions[Comparison] = Questions(_SIDE_BY_SIDE)
        self._unasked: dict[str, Callable[[], Comparison]] = {}

    @property
    def rows(self) -> tuple[Status, ...]:
        """The profiles' in their order, then the others by name."""
        last = len(self._ranks)
        return tuple(
            row
            for _, row in sorted(
                self._rows.items(),
                key=lambda item: (self._ranks.get(item[0], last), item[0]),
            )
        )

    @property
    def waits(self) -> bool:
        """Whether a row may be completed at any moment."""
        return self._readiness.waits or bool(self._unasked or self._comparisons.open)

    def concerned(self, happenings: Iterable[Happening]) -> set[str]:
        """The names of the rows that may be other ones now."""
        real = [one for one in happenings if one.changes]
        ids = {one.id for one in real}
        return (
            {one.name for one in real}
            | {one.profile for one in real}
            # A container that was renamed has left the row of its old name.
            | {name for name, row in self._rows.items() if _id(row) in ids}
        )

    def services(self) -> set[str]:
        """The names of services, those that came and went among them.

        Raises EngineError.
        """
        try:
            found = service.names(self._engine)
        except EngineUnavailable:
            raise
        except EngineError as error:
            self._silence(error)
            return set()
        self.unknown = None
        return found | self._of_swarm()

    def look(
        self, profiles: Sequence[Profile], names: Collection[str] | None = None
    ) -> None:
        """Look at all, or at some names. Raises EngineError."""
        seen = look(self._engine, profiles, names)
        gone = self._rows.keys() - seen.names
        if seen.unknown is not None:
            self._silence(seen.unknown)
            kept = self._of_swarm()
            names_told = tuple(name for name in seen.names if name not in kept)
            seen, gone = dataclasses.replace(seen, names=names_told), gone - kept
        elif names is None:
            self.unknown = None
        for name in gone if names is None else gone & set(names):
            del self._rows[name]
            self._forget(name)
        for name in seen.names:
            self._rows[name] = seen.row(name, Answer(), self._known(seen, name))
        self._ranks = {profile.name: rank for rank, profile in enumerate(profiles)}
        self._follow(seen)

    def _of_swarm(self) -> set[str]:
        return {name for name, row in self._rows.items() if _in_swarm(row)}

    def _silence(self, error: EngineError) -> None:
        # The same once more is no news.
        if self.unknown is None or self.unknown.message != error.message:
            self.unknown = error

    def _follow(self, seen: Look) -> None:
        """Note what is to be asked of others than the Engine."""
        every = (row.container for row in self._rows.values())
        self._readiness.follow(filter(None, every))
        for name in seen.names:
            row = self._rows[name]
            self._rows[name] = _answered(row, self._readiness.of(name))
            self._forget(name)
            compared = seen.snapshot is not None and row.wanted
            if row.container and (compared or _in_swarm(row)):
                question = partial(compare, self._engine, seen, name, self._environ)
                self._unasked[name] = question

    def _forget(self, name: str) -> None:
        self._unasked.pop(name, None)
        self._comparisons.forget(name)

    def _known(self, seen: Look, name: str) -> Comparison:
        """What is known before comparing: what was found last, or without a profile."""
        container, old = seen.containers.get(name), self._rows.get(name)
        if container is None:
            return Comparison()
        known = old is not None and (old.wanted is not None or _in_swarm(old))
        if old is not None and known and _id(old) == container.id:
            return Comparison(drift=old.drift, problem=old.problem)
        if container.serves_in_swarm:
            return Comparison()  # Only Swarm itself tells.
        return compare_alone(container)

    def complete(self) -> bool:
        """Ask what is to be asked, and fill in what was answered meanwhile.

        Whether that changes any row.
        """
        for name, question in self._unasked.items():
            self._comparisons.ask(name, question)
        self._unasked.clear()
        changed = self._readiness.take()
        for name in changed:
            self._rows[name] = _answered(self._rows[name], self._readiness.of(name))
        for name, found in self._comparisons.answers():
            row = self._rows[name]
            if (found.drift, found.problem) != (row.drift, row.problem):
                changed.add(name)
                self._rows[name] = dataclasses.replace(
                    row, drift=found.drift, problem=found.problem
                )
        return bool(changed)

    def age(self, now: datetime) -> bool:
        """Count the days of licenses from `now`; whether any count changes."""
        before = list(map(_term, self._rows.values()))
        for name, row in self._rows.items():
            if row.license is not None:
                aged = dataclasses.replace(row.license, now=now)
                self._rows[name] = dataclasses.replace(row, license=aged)
        return before != list(map(_term, self._rows.values()))

    def close(self) -> None:
        """Ask nothing any more."""
        self._unasked.clear()
        self._readiness.close()
        self._comparisons.close()


def _id(row: Status) -> str | None:
    return row.container.id if row.container else None


def _in_swarm(row: Status) -> bool:
    if row.container is not None:
        return row.container.serves_in_swarm
    return row.wanted is not None and row.wanted.deploy is not None


def _answered(row: Status, answer: Answer) -> Status:
    return dataclasses.replace(row, ready=answer.ready, api_status=answer.api_status)


def _term(row: Status) -> tuple[int | None, str] | None:
    known = row.license
    if known is None:
        return None
    declared = row.wanted.license if row.wanted else None
    return known.days_left, known.term(declared)
