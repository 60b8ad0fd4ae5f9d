"""Following a log by its container's name: restarts and replacements do not end it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from csctl.container.log_line import LogLine
from csctl.container.observed import Container
from csctl.container.service import Service
from csctl.contract.dialects import printable
from csctl.engine.engine import Engine
from csctl.engine.log_stream import LogStream
from csctl.errors import ContainerNotFound, EngineError, EngineUnavailable
from csctl.lifecycle import service
from csctl.lifecycle.lookup import managed
from csctl.lifecycle.pump import Pump
from csctl.lifecycle.ready import redactor_of
from csctl.secret import Redactor

_PATIENCE = 0.5
"""Seconds until a quiet log notices that it shall stop."""
_GATHER = 0.1
"""Seconds in which lines are gathered: a flood comes in handfuls."""
_PAUSE = 1.0
"""Seconds until an Engine that was lost, or a log that broke off, is tried again."""
_LOOK = 3.0
"""Seconds between two looks whether a service is still there."""
_TURNS = ("start", "rename", "destroy", "remove")
"""What happens where a log goes on, or where there is none any more."""
_NO_ENGINE = "the Engine does not answer"
_NO_CONTAINER = "there is no container now"
_NO_SERVICE = "there is no service now"
_GOING = ("removing", "dead")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that befell the container between two lines."""

    text: str


Entry = LogLine | Mark


def follow(
    connect: Callable[[], Engine],
    name: str,
    stop: threading.Event,
    *,
    tail: int | None = None,
    since: int | None = None,
) -> Iterator[list[Entry]]:
    """Yield handfuls of redacted lines, and marks, until `stop`; none twice.

    `tail` and `since` (Unix time in seconds) bound what is told of the past. It goes
    on when the container is restarted or replaced, when it is gone for a while, and
    when the Engine is. Raises NotManaged and whatever else the Engine says no to.
    """
    story = _Story(_Chapter(tail, since))
    while not stop.is_set():
        try:
            engine = connect()
            here = engine.container(name) is not None
            found = None if here else service.find(engine, name)
            if found is not None:
                yield from _run_service(engine, found, story, stop)
                stop.wait(_PAUSE)
            elif story.of_service:
                yield from story.interrupted(_NO_SERVICE)
                stop.wait(_PAUSE)
            else:
                yield from _run(engine, name, story, stop)
                _rest(engine, name, story, stop)
        except EngineUnavailable:
            yield from story.interrupted(_NO_ENGINE)
            stop.wait(_PAUSE)


def _run(
    engine: Engine, name: str, story: _Story, stop: threading.Event
) -> Iterator[list[Entry]]:
    """What one run of the container says, unless it was told already."""
    try:
        container = managed(engine, name)
        yield from story.met(container)
        if story.is_told(container):
            return
        chapter, redact = story.chapter(container), redactor_of(container)
        stream = _stream(engine, container, chapter)
    except ContainerNotFound:
        yield from story.interrupted(_NO_CONTAINER)
        return
    with closing(Pump(stream)) as pump:
        while not stop.is_set() and (lines := pump.take(_PATIENCE)) is not None:
            fresh = list(filter(chapter.is_new, lines))
            if fresh:
                yield [_clean(one, redact) for one in fresh]
            if lines:
                stop.wait(_GATHER)
    if not stop.is_set():
        yield from story.ended(engine.container(container.id))


def _run_service(
    engine: Engine, found: Service, story: _Story, stop: threading.Event
) -> Iterator[list[Entry]]:
    """What all tasks of a service say, also those to come, until it is removed."""
    yield from story.met_service()
    chapter = story.first
    chapter.repeat()
    lines = service.TaskLines(engine, found, tail=chapter.tail, since=chapter.since)
    with closing(Pump(lines)) as pump:
        looked = time.monotonic()
        while not stop.is_set() and (some := pump.take(_PATIENCE)) is not None:
            fresh = list(filter(chapter.is_new, some))
            if fresh:
                yield [LogLine(one.stamp, printable(one.text)) for one in fresh]
                stop.wait(_GATHER)
            # Swarm holds the stream of a service that is gone open.
            if time.monotonic() - looked > _LOOK:
                looked = time.monotonic()
                if service.find(engine, found.name) is None:
                    return


def _clean(line: LogLine, redact: Redactor) -> LogLine:
    text = printable(redact(line.text))
    return line if text == line.text else LogLine(line.stamp, text)


def _rest(engine: Engine, name: str, story: _Story, stop: threading.Event) -> None:
    """Wait until there may be a run that was not told."""
    with closing(Pump(engine.events())) as news:
        # What befell it before, no event tells.
        now = engine.container(name)
        if now is None and not story.is_interrupted(_NO_CONTAINER):
            return
        if now is not None and not story.is_told(now):
            if story.is_last(now):
                stop.wait(_PAUSE)
            return
        while not stop.is_set() and (told := news.take(_PATIENCE)) is not None:
            if any(one.name == name and one.action in _TURNS for one in told):
                return


def _stream(engine: Engine, container: Container, chapter: _Chapter) -> LogStream:
    chapter.repeat()
    try:
        return engine.stream_log(container.id, tail=chapter.tail, since=chapter.since)
    except EngineError as error:
        now = engine.container(container.id)
        if now is None or now.state in _GOING:
            raise ContainerNotFound(f"{container.name} is being removed") from error
        raise


@dataclass(slots=True)
class _Chapter:
    """What was told of one container."""

    tail: int | None = None
    since: int | None = None
    _second: str = ""
    """The newest second of which a line was told: from there on it is asked again."""
    _told: Counter[str] = field(default_factory=Counter)
    """Stamps in that second; two streams of one container may mix up their order."""
    _again: Counter[str] = field(default_factory=Counter)

    def repeat(self) -> None:
        """The Engine is about to tell the newest second once more."""
        self._again = self._told.copy()

    def is_new(self, line: LogLine) -> bool:
        """Whether a line was not told before; then it counts as told."""
        stamp, second = line.stamp, line.second
        if self._again and self._again[stamp] > 0:
            self._again[stamp] -= 1
            return False
        if second > self._second:
            self._second = second
            self._told.clear()
            self._again.clear()
            self.tail, self.since = None, int(datetime.fromisoformat(stamp).timestamp())
        if second == self._second:
            self._told[stamp] += 1
        return True


@dataclass(slots=True)
class _Story:
    """What was told of all containers that had the name."""

    first: _Chapter
    _chapters: dict[str, _Chapter] = field(default_factory=dict)
    """By id: a roll-back brings an old container back."""
    _last: Container | None = None
    _whole: tuple[str, datetime | None] | None = None
    """The run that was told to its end."""
    _interruption: str = ""
    of_service: bool = False
    """Whether it is told of a service's tasks."""

    def chapter(self, container: Container) -> _Chapter:
        """What was told of a container; of the first one not all of its past."""
        new = _Chapter() if self._chapters else self.first
        return self._chapters.setdefault(container.id, new)

    def is_told(self, container: Container) -> bool:
        """Whether this run was told to its end."""
        return self._whole == _run_of(container)

    def is_last(self, container: Container) -> bool:
        """Whether this run is the one last met."""
        return self._last is not None and _run_of(self._last) == _run_of(container)

    def met(self, container: Container) -> Iterator[list[Entry]]:
        """Say what befell the container since it was last met."""
        same, last = self.is_last(container), self._last
        self._last = container
        if self._interruption == _NO_ENGINE:
            yield [Mark(f"the Engine answers again {_clock(datetime.now(UTC))}")]
        self._interruption = ""
        if last is None or same:
            return
        what = "restarted" if last.id == container.id else "replaced by a new container"
        yield [Mark(f"{what} {_clock(container.started_at)}".rstrip())]

    def met_service(self) -> Iterator[list[Entry]]:
        """Say what befell the service since it was last met."""
        if self._interruption == _NO_ENGINE:
            yield [Mark(f"the Engine answers again {_clock(datetime.now(UTC))}")]
        elif self._interruption == _NO_SERVICE:
            yield [Mark("there is a service again")]
        self._interruption, self.of_service = "", True

    def ended(self, container: Container | None) -> Iterator[list[Entry]]:
        """Say how a run ended, if it did."""
        if container is None or container.running:
            return
        self._whole = _run_of(container)
        code = f", exit code {container.exit_code}" if container.started_at else ""
        yield [Mark(f"{container.state}{code}")]

    def is_interrupted(self, why: str) -> bool:
        """Whether it was said last that there is nothing to follow, and why."""
        return self._interruption == why

    def interrupted(self, why: str) -> Iterator[list[Entry]]:
        """Say once why there is nothing to follow."""
        if not self.is_interrupted(why):
            self._interruption = why
            yield [Mark(why)]


def _run_of(container: Container) -> tuple[str, datetime | None]:
    return container.id, container.started_at


def _clock(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%H:%M:%S}Z"
