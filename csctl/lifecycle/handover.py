"""Replacing a replica behind a front, so that no recognition is dropped.

The new container starts beside the old one and proves itself; then the front lets new
sessions go to it and none to the old one, which is stopped once its sessions have
ended. The names tell each state, as in `csctl.lifecycle.replace`: broken off before the
names change, the old one serves on and the new one is swept; broken off later, the next
run goes on draining.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from dataclasses import dataclass

from csctl.container.spec import ContainerSpec, next_name, old_name
from csctl.engine.engine import Engine
from csctl.errors import NotReady, RolledBack
from csctl.front import server
from csctl.front.runtime import Runtime
from csctl.lifecycle import front
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event, Note
from csctl.lifecycle.memory import free_memory
from csctl.lifecycle.proof import FAILURES
from csctl.lifecycle.ready import stay_ready, wait_until_ready
from csctl.lifecycle.replace import keep_log, replace, resume, settle, undo
from csctl.plan.refusals import needed
from csctl.profile.model import Profile, Seat

_CHECK_SECONDS = 30.0
"""How long a front may take to reach a container that is ready."""


def put_in_place(
    engine: Engine, profile: Profile, spec: ContainerSpec, demand: Demand
) -> Generator[Event, None, None]:
    """Replace a profile's container in the way that its place allows.

    Raises RolledBack when the new one fails and the old one serves.
    """
    if profile.seat is None:
        yield from replace(engine, spec, demand)
    else:
        way = Handover(engine=engine, replica=profile, seat=profile.seat)
        yield from way.replace(spec, demand)


def carry_on(
    engine: Engine, profile: Profile, demand: Demand
) -> Generator[Event, None, None]:
    """Bring a replacement that was broken off to its end, from whatever state it is in.

    Raises RolledBack when the new one fails and the old one serves.
    """
    if profile.seat is None:
        yield from resume(engine, profile.name, demand)
    else:
        way = Handover(engine=engine, replica=profile, seat=profile.seat)
        yield from way.resume(profile.name, demand)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """One replica and its seat behind a front."""

    engine: Engine
    replica: Profile
    seat: Seat

    @property
    def _runtime(self) -> Runtime:
        return front.runtime_of(self.replica.state_dir, self.seat.front)

    def replace(
        self, spec: ContainerSpec, demand: Demand
    ) -> Generator[Event, None, None]:
        """Put a container of `spec` into the place of the replica that has its name.

        Raises RolledBack when the new one fails; the old one has served on then.
        """
        if not self._front_answers():
            yield from replace(self.engine, spec, demand)
        elif needed(self.replica) <= free_memory(self.engine):
            yield from self._beside(spec, demand)
        else:
            yield Note(text="memory is short: the old one is drained before it stops")
            yield from self._drain(spec.name)
            yield from replace(self.engine, spec, demand)
            yield from self._admit(spec.name)

    def resume(self, name: str, demand: Demand) -> Generator[Event, None, None]:
        """Bring a replacement to its end from whatever state it is in.

        Raises RolledBack when the new container fails and the old one serves again.
        """
        if (yield from settle(self.engine, name, demand)):
            yield from self._retire(name)

    def remove(self, name: str) -> Generator[Event, None, None]:
        """Take a replica away for good, after its sessions have ended."""
        yield from self._drain(name)
        self.engine.stop(name)
        self.engine.remove(name)

    def _front_answers(self) -> bool:
        try:
            self._runtime.servers()
        except NotReady:
            return False
        return True

    def _beside(
        self, spec: ContainerSpec, demand: Demand
    ) -> Generator[Event, None, None]:
        engine, name = self.engine, spec.name
        passing = next_name(name)
        engine.remove(passing)
        engine.create(dataclasses.replace(spec, name=passing))
        try:
            yield Note(text="the new container starts beside the old one")
            engine.start(passing)
            yield from wait_until_ready(engine, passing, demand)
            yield from stay_ready(engine, passing)
        except FAILURES as error:
            kept = keep_log(engine, passing)
            engine.remove(passing)
            raise RolledBack(
                f"{name}: the new container failed, and the old one serves on:"
                f" {error.message}",
                remedy=f"the whole log of the new one is in {kept}"
                if kept
                else "mend the profile, and apply again",
            ) from error
        except BaseException:
            engine.remove(passing)
            raise
        try:
            engine.rename(name, old_name(name))
            engine.rename(passing, name)
        except BaseException:
            undo(engine, name)
            engine.remove(passing)
            raise
        yield from self._retire(name)

    def _retire(self, name: str) -> Generator[Event, None, None]:
        """Let the sessions go to the new one, and the old one to its end."""
        yield from self._admit(name)
        yield from self._drain(old_name(name))
        self.engine.remove(old_name(name))

    def _admit(self, name: str) -> Generator[Event, None, None]:
        container = self.engine.container(name)
        if container is None or not self._front_answers():
            return
        front.admit(self._runtime, container)
        host = server.host_of(container.id)
        yield from front.wait_for(self._runtime, host, seconds=_CHECK_SECONDS)

    def _drain(self, name: str) -> Generator[Event, None, None]:
        container = self.engine.container(name)
        if container is None or not self._front_answers():
            return
        host = server.host_of(container.id)
        cut = yield from front.drain(
            self._runtime, host, seconds=self.seat.drain.total_seconds()
        )
        if cut:
            yield Note(text=f"{cut} sessions of {name} went on for too long, and end")
