"""What long work tells while it goes on: small frozen values, for both front ends."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from csctl.plan.steps import Step

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A step of the plan begins."""

    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """A step of the plan is done."""

    step: Step
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Bytes of a download so far; `total` is None where it cannot be known."""

    what: str
    done: int
    total: int | None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A container is being waited for."""

    what: str
    seconds: float
    phase: str
    line: str
    """The last line of its log, redacted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something worth a line."""

    text: str


Event = StepStarted | StepFinished | Transfer | Waiting | Note


def timed(
    step: Step, work: Generator[Event, None, Result]
) -> Generator[Event, None, Result]:
    """The work of one step, between the events that tell of its start and end."""
    yield StepStarted(step=step)
    since = time.monotonic()
    result = yield from work
    yield StepFinished(step=step, seconds=time.monotonic() - since)
    return result
