"""Transcribing: audio files sent to a container, and what it says of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from csctl.errors import CsctlError
from csctl.speech.convert import opened
from csctl.speech.drive import drive
from csctl.speech.heard import Hypothesis, Phrase
from csctl.speech.line import Line
from csctl.speech.session import recognize


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """What is being said in a file so far."""

    file: Path
    hypothesis: Hypothesis


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said in a file, for good."""

    file: Path
    phrase: Phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """All that was said in a file, or up to the error that ended it."""

    file: Path
    phrases: tuple[Phrase, ...]
    audio_seconds: float | None
    """How long it plays; None where it could not be opened."""
    seconds: float
    """How long it took."""
    error: CsctlError | None

    @property
    def text(self) -> str:
        """The text alone."""
        return " ".join(phrase.text for phrase in self.phrases)


Event = Supposed | Said | Transcript


def transcribe(
    line: Line, files: Sequence[Path], *, at_once: int = 1, convert: bool = False
) -> Generator[Event, None, None]:
    """Send files, so many at once; yield what is said, and each one's transcript.

    An error ends its own file only, and stands in its transcript.
    """
    yield from drive(_all(line, files, at_once, convert=convert))


async def _all(
    line: Line, files: Sequence[Path], at_once: int, *, convert: bool
) -> AsyncGenerator[Event, None]:
    told: asyncio.Queue[Event | BaseException] = asyncio.Queue()
    free = asyncio.Semaphore(at_once)

    async def one(file: Path) -> None:
        try:
            async with free:
                await _one(line, file, told, convert=convert)
        except BaseException as exc:
            told.put_nowait(exc)
            raise

    tasks = [asyncio.create_task(one(file)) for file in files]
    try:
        left = len(files)
        while left:
            item = await told.get()
            if isinstance(item, BaseException):
                raise item
            left -= isinstance(item, Transcript)
            yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _one(
    line: Line,
    file: Path,
    told: asyncio.Queue[Event | BaseException],
    *,
    convert: bool,
) -> None:
    began = time.monotonic()
    phrases: list[Phrase] = []
    audio_seconds: float | None = None
    failed: CsctlError | None = None
    try:
        async with opened(file, convert=convert) as audio:
            audio_seconds = audio.seconds
            async for event in recognize(line, audio):
                match event:
                    case Hypothesis():
                        told.put_nowait(Supposed(file=file, hypothesis=event))
                    case Phrase():
                        phrases.append(event)
                        told.put_nowait(Said(file=file, phrase=event))
    except CsctlError as error:
        failed = error
    told.put_nowait(
        Transcript(
            file=file,
            phrases=tuple(phrases),
            audio_seconds=audio_seconds,
            seconds=time.monotonic() - began,
            error=failed,
        )
    )
