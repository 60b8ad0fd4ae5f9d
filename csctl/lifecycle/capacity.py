"""Capacity: how many streams at real time a container sustains, level by level.

Every level sends the same audio so many times at once, as microphones would. The first
at which a stream fails or results fall behind is the last.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from csctl.container.observed import Sample
from csctl.errors import CsctlError, SpeechError
from csctl.speech.audio import Audio
from csctl.speech.convert import opened
from csctl.speech.drive import drive
from csctl.speech.heard import Began, Phrase
from csctl.speech.line import Line
from csctl.speech.session import recognize

_SPREAD_SECONDS = 1.0
"""Streams of a level begin within this time: callers do not speak in step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Where measuring ends."""

    most: int = 50
    """Streams at once."""
    seconds: float = 20.0
    """Audio that each stream of a level sends at most."""
    behind: float = 2.0
    """Seconds after the words were spoken at which their text is late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """So many streams at once, and how that went."""

    streams: int
    factor: float
    """From the first audio to the last word, by the length of the audio: slowest."""
    latencies: tuple[float, ...]
    """Seconds from when a phrase was spoken until its text came, sorted."""
    errors: tuple[CsctlError, ...]
    """Of the streams that failed."""
    behind: bool
    """Whether text came late."""
    cpus: float | None
    """Cores that a container used in the mean; None where that is not known."""
    memory: int | None
    """Bytes that one used at most."""

    @property
    def sustained(self) -> bool:
        """Whether every stream was served in time."""
        return not (self.errors or self.behind)

    def latency(self, percent: float) -> float | None:
        """The latency that so many percent of the phrases keep to."""
        if not self.latencies:
            return None
        rank = math.ceil(percent / 100 * len(self.latencies))
        return self.latencies[max(0, rank - 1)]


@dataclass(frozen=True, slots=True)
class Rising:
    """A level begins."""

    streams: int
    seconds: float
    """How long it takes, if results do not fall behind."""


def counts(most: int) -> Iterator[int]:
    """The streams of each level: 1, 2, 3, 4, 6, 9, 13 and so on, up to the most."""
    count = 1
    while count < most:
        yield count
        count += max(1, count // 2)
    yield most


def measure(
    line: Line,
    file: Path,
    bounds: Bounds,
    readings: Callable[[], Sequence[Sample]] = tuple,
) -> Generator[Rising | Level, None, None]:
    """Yield each level when it begins and when it is over, up to the first that fails.

    `readings` gives what the container used since it was called last. Closing the
    generator ends all streams. Raises UsageError for audio that is none.
    """
    yield from drive(_measure(line, file, bounds, readings))


async def _measure(
    line: Line,
    file: Path,
    bounds: Bounds,
    readings: Callable[[], Sequence[Sample]],
) -> AsyncGenerator[Rising | Level, None]:
    async with opened(file) as whole:
        audio = whole.first(bounds.seconds)
        for count in counts(bounds.most):
            yield Rising(count, audio.seconds + _SPREAD_SECONDS)
            readings()
            ends = await _streams(line, audio, count)
            level = _level(audio, ends, bounds, readings())
            yield level
            if not level.sustained:
                return


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """How one stream went."""

    seconds: float
    latencies: tuple[float, ...]


async def _streams(line: Line, audio: Audio, count: int) -> list[_Run | CsctlError]:
    pause = _SPREAD_SECONDS / count
    tasks = [
        asyncio.create_task(_stream(line, audio, number * pause))
        for number in range(count)
    ]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _stream(line: Line, audio: Audio, delay: float) -> _Run | CsctlError:
    clock = asyncio.get_running_loop().time
    await asyncio.sleep(delay)
    began = clock()
    latencies: list[float] = []
    try:
        async for event in recognize(line, audio):
            match event:
                case Began():
                    began = clock()
                case Phrase():
                    spoken = began + event.offset + event.duration
                    latencies.append(max(0.0, clock() - spoken))
    except CsctlError as error:
        return error
    if not latencies:
        return SpeechError(
            f"{line.name} recognises no speech in it",
            remedy="name a file in which somebody speaks within the first seconds",
        )
    return _Run(seconds=clock() - began, latencies=tuple(latencies))


def _level(
    audio: Audio,
    ends: Sequence[_Run | CsctlError],
    bounds: Bounds,
    samples: Sequence[Sample],
) -> Level:
    runs = [end for end in ends if isinstance(end, _Run)]
    latencies = sorted(one for run in runs for one in run.latencies)
    slowest = max((run.seconds for run in runs), default=0.0)
    late = [one for one in latencies if one > bounds.behind]
    return Level(
        streams=len(ends),
        factor=slowest / audio.seconds,
        latencies=tuple(latencies),
        errors=tuple(end for end in ends if isinstance(end, CsctlError)),
        # One phrase in twenty may come late; the end of a stream may not.
        behind=len(late) > len(latencies) / 20
        or slowest > audio.seconds + bounds.behind,
        cpus=sum(one.cpus for one in samples) / len(samples) if samples else None,
        memory=max((one.memory for one in samples), default=None),
    )
