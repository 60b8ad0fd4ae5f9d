"""How applying one profile went: the frame around whatever work it took."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass

from csctl import lock
from csctl.lifecycle import observe
from csctl.lifecycle.events import Event
from csctl.plan.steps import Step
from csctl.profile.model import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How applying one profile went."""

    profile: str
    steps: tuple[Step, ...]
    outcome: str
    """`ready` or `prepared` after some steps, or `unchanged`."""
    seconds: float


def outcome_of(
    profile: Profile,
    work: Generator[Event, None, tuple[Step, ...]],
    word: str = "ready",
) -> Generator[Event, None, Outcome]:
    """Do work that gives the steps it took, and tell how it went; `word` if any."""
    began = time.monotonic()
    done = yield from work
    return Outcome(
        profile=profile.name,
        steps=done,
        outcome=word if done else "unchanged",
        seconds=time.monotonic() - began,
    )


def locked(
    profile: Profile, work: Generator[Event, None, tuple[Step, ...]]
) -> Generator[Event, None, Outcome]:
    """The same under the profile's lock. Raises LockHeld."""
    with lock.hold(observe.lock_path(profile), f"profile {profile.name}"):
        return (yield from outcome_of(profile, work))
