"""Readiness: containers asked again and again whether they serve; never the Engine."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from csctl import probe
from csctl.container.observed import Container
from csctl.engine.engine import Engine
from csctl.lifecycle.questions import Questions
from csctl.lifecycle.ready import address_of
from csctl.lifecycle.status import Answer, ask

_SIDE_BY_SIDE = 32
_PAUSE = 1.0
"""Seconds between two questions to a container that is not ready."""
_READY_PAUSE = 10.0


@dataclass(slots=True)
class _Asked:
    """One run of a container, and what it said last."""

    container: Container
    answer: Answer = field(default_factory=Answer)
    due: float = 0.0

    @property
    def run(self) -> tuple[str, datetime | None]:
        return self.container.id, self.container.started_at


class Readiness:
    """What running containers said last; a new run has said nothing yet."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asked: dict[str, _Asked] = {}
        self._questions: Questions[Answer] = Questions(_SIDE_BY_SIDE)

    @property
    def waits(self) -> bool:
        """Whether an answer may come at any moment."""
        return bool(self._questions.open)

    def follow(self, containers: Iterable[Container]) -> None:
        """From now on ask those of them that run, and no other."""
        before, self._asked = self._asked, {}
        for container in containers:
            if container.running:
                new = _Asked(container)
                old = before.get(container.name, new)
                self._asked[container.name] = old if old.run == new.run else new
        for name, old in before.items():
            if self._asked.get(name) is not old:
                self._questions.forget(name)

    def of(self, name: str) -> Answer:
        """What a container said last."""
        asked = self._asked.get(name)
        return asked.answer if asked else Answer()

    def take(self) -> set[str]:
        """Take what was answered, and ask whoever is due; who says otherwise now."""
        now, changed = time.monotonic(), set()
        for name, answer in self._questions.answers():
            asked = self._asked[name]
            if answer != asked.answer:
                changed.add(name)
            asked.answer = answer
            asked.due = now + (_READY_PAUSE if answer.ready else _PAUSE)
        for name, asked in self._asked.items():
            if asked.due <= now and name not in self._questions.open:
                question = partial(_again, self._engine, asked.container, asked.answer)
                self._questions.ask(name, question)
        return changed

    def close(self) -> None:
        """Ask nobody any more."""
        self._asked.clear()
        self._questions.close()


def _again(engine: Engine, container: Container, before: Answer) -> Answer:
    """Ask a ready one only whether it still is: its key was accepted."""
    address = address_of(engine, container)
    if before.ready and address is not None and probe.is_ready(address):
        return before
    return ask(engine, container)
