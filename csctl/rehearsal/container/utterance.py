"""Where speech begins and ends: utterances, cut out of a stream by its loudness."""

from __future__ import annotations

from array import array
from typing import NamedTuple

_FRAMES_PER_SECOND = 50
_LOUD = 200
"""Mean amplitude from which on a frame is loud: -44 dB of the full scale, 32,768."""
_LOUD_FRAMES = 3
"""As many loud frames in a row begin an utterance: a click is shorter."""
_MARGIN_FRAMES = 10
"""Quiet frames that belong to an utterance's audio on each side: soft consonants."""
_KEPT_FRAMES = _MARGIN_FRAMES + _LOUD_FRAMES - 1
"""So that the margin is there when the last of the first loud frames comes."""


class Utterance(NamedTuple):
    """Speech that is going on, or has ended."""

    start: int
    """Of its first loud sample, counted from the beginning of the stream."""
    end: int
    samples: array[int]
    """With a margin on both sides."""


class Cutter:
    """Cuts one stream into utterances."""

    def __init__(self, rate: int, silence_seconds: float, longest_seconds: float):
        self._frame = rate // _FRAMES_PER_SECOND
        self._patience = max(1, round(silence_seconds * _FRAMES_PER_SECOND))
        self._longest = round(longest_seconds * _FRAMES_PER_SECOND)
        self._rest: array[int] = array("h")
        self._kept: array[int] = array("h")
        self._frames = 0
        self._loud = 0
        self._start: int | None = None
        self._end = 0

    @property
    def open(self) -> Utterance | None:
        """The utterance that is going on."""
        if self._start is None:
            return None
        first, last = self._start * self._frame, self._end * self._frame
        return Utterance(first, last, self._kept)

    def feed(self, samples: array[int]) -> list[Utterance]:
        """Hear more; the utterances that ended."""
        self._rest += samples
        ended, position = [], 0
        while position + self._frame <= len(self._rest):
            frame = self._rest[position : position + self._frame]
            position += self._frame
            if (utterance := self._hear(frame)) is not None:
                ended.append(utterance)
        del self._rest[:position]
        return ended

    def finish(self) -> Utterance | None:
        """The utterance that the end of the stream ends."""
        self._kept += self._rest
        return self._cut() if self._start is not None else None

    def _hear(self, frame: array[int]) -> Utterance | None:
        # Every fourth sample tells the loudness well enough, at a quarter of the time.
        some = frame[::4]
        loud = sum(map(abs, some)) > _LOUD * len(some)
        self._frames += 1
        self._kept += frame
        self._loud = self._loud + 1 if loud else 0
        if self._start is None:
            if self._loud == _LOUD_FRAMES:
                self._start = self._frames - _LOUD_FRAMES
                self._end = self._frames
            else:
                del self._kept[: -_KEPT_FRAMES * self._frame]
            return None
        if loud:
            self._end = self._frames
        quiet = self._frames - self._end
        if quiet < self._patience and self._frames - self._start < self._longest:
            return None
        return self._cut()

    def _cut(self) -> Utterance:
        assert self._start is not None
        surplus = (self._frames - self._end - _MARGIN_FRAMES) * self._frame
        keep = len(self._kept) - max(0, surplus)
        utterance = Utterance(
            self._start * self._frame, self._end * self._frame, self._kept[:keep]
        )
        self._kept = self._kept[keep:]
        self._start, self._loud = None, 0
        return utterance
