"""How far one job is, folded from what it tells. Pure: the clock is handed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from csctl.lifecycle.events import (
    Event,
    Note,
    StepFinished,
    StepStarted,
    Transfer,
    Waiting,
)
from csctl.lifecycle.side_by_side import Ended
from csctl.plan.steps import Step

_WINDOW = 5.0
"""The speed is that of so many last seconds."""
_APART = 0.25
"""Samples of the speed are at least so many seconds apart."""
_STORY = 50

Sample = tuple[float, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One job: what it did, what it does, and how it ended."""

    began: float
    story: tuple[StepFinished | Note, ...] = ()
    """Finished steps and notes as they came, the newest last."""
    step: Step | None = None
    since: float
    """When the current step began, or the job where it has none."""
    now: Transfer | Waiting | None = None
    samples: tuple[Sample, ...] = ()
    end: Ended[Any] | None = None
    ended: float | None = None

    @classmethod
    def begun(cls, at: float) -> Track:
        """A job that has told nothing yet."""
        return cls(began=at, since=at)

    def after(self, event: Event, at: float) -> Track:
        """The track with one more event."""
        match event:
            case StepStarted(step=step):
                return replace(self, step=step, since=at, now=None, samples=())
            case StepFinished() | Note():
                story = (*self.story, event)[-_STORY:]
                if isinstance(event, Note):
                    return replace(self, story=story)
                return replace(
                    self, story=story, step=None, since=at, now=None, samples=()
                )
            case Transfer():
                return replace(self, now=event, samples=self._sampled(event, at))
            case Waiting():
                return replace(self, now=event, samples=())

    def over(self, end: Ended[Any], at: float) -> Track:
        """The track of a job that ended."""
        return replace(self, end=end, ended=at)

    @property
    def done(self) -> tuple[Step, ...]:
        """The steps that were finished."""
        return tuple(one.step for one in self.story if isinstance(one, StepFinished))

    @property
    def speed(self) -> float | None:
        """Bytes a second lately; None while nothing can be said."""
        if len(self.samples) < 2:
            return None
        (first, had), (last, has) = self.samples[0], self.samples[-1]
        return (has - had) / (last - first)

    def _sampled(self, event: Transfer, at: float) -> tuple[Sample, ...]:
        same = isinstance(self.now, Transfer) and self.now.what == event.what
        if not same or (self.samples and event.done < self.samples[-1][1]):
            return ((at, event.done),)
        if self.samples and at - self.samples[-1][0] < _APART:
            return self.samples
        recent = tuple(one for one in self.samples if at - one[0] <= _WINDOW)
        # Without an older one there is nothing to measure from.
        return (*(recent or self.samples[-1:]), (at, event.done))
