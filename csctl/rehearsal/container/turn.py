"""One turn: what is answered, in which order, to the audio of one request id.

Facts: speech-protocol.md section 3. Offsets count from the turn's first audio byte.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import results
from .recogniser import Recogniser
from .results import Shape, Span
from .utterance import Cutter, Utterance
from .wave import Wave

_TICKS_PER_SECOND = 10_000_000
_TICKS_PER_MILLISECOND = 10_000
_FIRST_GUESS_SECONDS = 0.5

Reply = tuple[str, dict[str, Any]]
"""Path and body of a message to the client."""


class Manner(NamedTuple):
    """How a client wants to be heard."""

    once: bool = False
    """One utterance, as `interactive` does it; all there are otherwise."""
    shape: Shape = Shape()
    initial_silence: float = 5.0
    """Seconds, of `once` alone."""
    end_silence: float = 0.6
    """Seconds that end an utterance."""

    @property
    def longest(self) -> float:
        """Seconds after which an utterance is cut."""
        return 15 if self.once else 30


class Turn:
    """Hears the audio of one turn, and yields every reply when it is due."""

    def __init__(self, manner: Manner, recogniser: Recogniser) -> None:
        self.ended = False
        self._manner = manner
        self._recogniser = recogniser
        self._wave = Wave()
        self._cutter: Cutter | None = None
        self._samples = 0
        self._announced = False
        self._next_guess = 0

    @property
    def seconds(self) -> float:
        """How much was heard."""
        return self._samples / self._wave.rate if self._samples else 0.0

    def start(self) -> Iterator[Reply]:
        """The first words of every turn."""
        yield "turn.start", {"context": {"serviceTag": os.urandom(16).hex()}}

    def hear(self, data: bytes) -> Iterator[Reply]:
        """More audio, its WAV header first. Raises UnknownFormat."""
        samples = self._wave.feed(data)
        if self.ended or not samples:
            return
        if self._cutter is None:
            self._cutter = Cutter(
                self._wave.rate, self._manner.end_silence, self._manner.longest
            )
        self._samples += len(samples)
        for utterance in self._cutter.feed(samples):
            yield from self._conclude(utterance)
            if self._manner.once:
                return
        if (growing := self._cutter.open) is not None:
            yield from self._suppose(growing)
        elif self._manner.once and self.seconds >= self._manner.initial_silence:
            yield from self._give_up()

    def finish(self) -> Iterator[Reply]:
        """No more audio comes."""
        if self.ended:
            return
        last = self._cutter.finish() if self._cutter else None
        if last is not None:
            yield from self._conclude(last)
        elif self._manner.once:
            yield from self._give_up()
        if self._manner.once:
            return
        yield "speech.endDetected", {"Offset": self._heard()}
        end = {"RecognitionStatus": "EndOfDictation"}
        yield "speech.phrase", end | {"Offset": self._heard(), "Duration": 0}
        yield from self._end()

    def _suppose(self, utterance: Utterance) -> Iterator[Reply]:
        yield from self._announce(utterance)
        if len(utterance.samples) < self._next_guess:
            return
        # Ever longer apart, so that all guesses together cost what the result does.
        self._next_guess = len(utterance.samples) * 2
        text = self._recogniser.guess(utterance.samples, self._wave.rate)
        if text:
            yield "speech.hypothesis", results.hypothesis(text, self._span(utterance))

    def _announce(self, utterance: Utterance) -> Iterator[Reply]:
        if not self._announced:
            self._announced = True
            self._next_guess = int(self._wave.rate * _FIRST_GUESS_SECONDS)
            yield "speech.startDetected", {"Offset": self._ticks(utterance.start)}

    def _conclude(self, utterance: Utterance) -> Iterator[Reply]:
        yield from self._announce(utterance)
        self._announced = False
        span = self._span(utterance)
        # It means `stop sending`: in a turn of several utterances it comes once.
        if self._manner.once:
            yield "speech.endDetected", {"Offset": span.offset + span.duration}
        text = self._recogniser.recognise(utterance.samples, self._wave.rate)
        yield "speech.phrase", results.phrase(text, span, self._manner.shape)
        if self._manner.once:
            yield from self._end()

    def _give_up(self) -> Iterator[Reply]:
        yield "speech.endDetected", {"Offset": self._heard()}
        silence = Span(0, self._heard())
        yield "speech.phrase", results.verdict("InitialSilenceTimeout", silence)
        yield from self._end()

    def _end(self) -> Iterator[Reply]:
        self.ended = True
        yield "turn.end", {}

    def _span(self, utterance: Utterance) -> Span:
        start, end = self._ticks(utterance.start), self._ticks(utterance.end)
        return Span(start, end - start)

    def _ticks(self, samples: int) -> int:
        return samples * _TICKS_PER_SECOND // self._wave.rate

    def _heard(self) -> int:
        """All audio so far, rounded up to a whole millisecond.

        An SDK opens one more turn with what is left of a millisecond.
        """
        if not self._samples:
            return 0
        exact = self._samples * _TICKS_PER_SECOND
        unit = self._wave.rate * _TICKS_PER_MILLISECOND
        return -(-exact // unit) * _TICKS_PER_MILLISECOND
