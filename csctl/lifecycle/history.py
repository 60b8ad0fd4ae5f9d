"""History: what was applied to a profile's container, when, why, and how it went.

The last entries stand in a small file of the profile's state directory. Nothing is
decided by them, so that a file which is damaged or cannot be written is no failure.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from csctl import record, staging
from csctl.errors import CsctlError, NotReady, RolledBack
from csctl.lifecycle.events import Event, Note, StepFinished, StepStarted, Waiting
from csctl.plan.steps import Replace, Start, Step
from csctl.profile.model import Profile
from csctl.secret import Redactor

Result = TypeVar("Result")

KEPT = 50
"""So many entries are kept."""
_STEADY = "ready"
"""The phase of a container that is watched after it became ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A step as it was taken, and how long it took."""

    action: str
    target: str
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run that took at least one step, or failed in its first."""

    at: datetime
    """When it began, in UTC."""
    steps: tuple[Done, ...]
    """Those that were done."""
    broken_off: Done | None
    """The step under way when it failed or was interrupted."""
    outcome: str
    """`ready`, `refreshed`, `removed`, `rolled-back`, `not-ready`, `failed` or
    `interrupted`."""
    seconds: float
    ready_seconds: float | None
    """How long the container took from its start until ready; None where it did not
    become so, or nothing was started."""
    error: str | None


def path_of(state: Path, name: str) -> Path:
    """Where the entries of a profile stand."""
    return state / f"{name}.history.json"


def read(state: Path, name: str) -> tuple[Entry, ...]:
    """The entries of a profile, the newest first; none where the file is damaged."""
    try:
        value = json.loads(path_of(state, name).read_bytes())
        entries = [_decode(one) for one in value["entries"]]
    except (OSError, ValueError, TypeError, LookupError, OverflowError, RecursionError):
        return ()
    return tuple(reversed(entries))


def last_start(profile: Profile) -> float | None:
    """Seconds from the start of its container until ready, the last time it was."""
    entries = read(profile.state_dir, profile.name)
    known = (one.ready_seconds for one in entries if one.ready_seconds is not None)
    return next(known, None)


def kept(
    profile: Profile, work: Generator[Event, None, Result], *, well: str = "ready"
) -> Generator[Event, None, Result]:
    """Do `work` and keep an entry of it, however it ends; `well` names a good end.

    The caller holds the profile's lock. `work` without a step leaves no entry.
    """
    account = _Account(well)
    try:
        result = yield from account.follow(work)
    except BaseException as error:
        # It ends in `error`, and that the entry is missing is no news beside it.
        _append(profile, account.entry(error))
        raise
    if (problem := _append(profile, account.entry(None))) is not None:
        yield Note(text=f"this is not in the history: {problem.message}")
    return result


class _Account:
    """What the events of a run tell of it."""

    def __init__(self, well: str) -> None:
        self._well = well
        self._at = datetime.now(UTC)
        self._began = time.monotonic()
        self._done: list[Done] = []
        self._step: Step | None = None
        self._step_began = self._began
        self._started: float | None = None
        self._wait_began: float | None = None
        self._ready_seconds: float | None = None

    def follow(
        self, work: Generator[Event, None, Result]
    ) -> Generator[Event, None, Result]:
        try:
            while True:
                try:
                    event = next(work)
                except StopIteration as stop:
                    self._end_wait()
                    result: Result = stop.value
                    return result
                self._take(event)
                yield event
        finally:
            work.close()

    def _take(self, event: Event) -> None:
        match event:
            case StepStarted(step=step):
                self._step, self._step_began = step, time.monotonic()
            case StepFinished(step=step, seconds=seconds):
                self._done.append(_taken(step, seconds))
                self._step = None
                self._end_wait()
                if isinstance(step, Start):
                    self._started = time.monotonic()
            case Waiting(phase=phase, seconds=seconds) if self._serves:
                if phase == _STEADY:
                    self._end_wait()
                elif self._wait_began is None:
                    self._wait_began = time.monotonic() - seconds

    @property
    def _serves(self) -> bool:
        """Whether it is the serving container that is waited for.

        It may be a download's instead, or one that proves a license.
        """
        if self._step is not None:
            return isinstance(self._step, Replace)
        return bool(self._done) and self._done[-1].action == Start.action

    def _end_wait(self) -> None:
        # Ready at the first look, nothing was said of waiting.
        began = self._started if self._wait_began is None else self._wait_began
        if began is not None and self._ready_seconds is None:
            self._ready_seconds = time.monotonic() - began

    def entry(self, error: BaseException | None) -> Entry | None:
        """The run as an entry; None where it did not come to its first step."""
        if not self._done and self._step is None:
            return None
        now = time.monotonic()
        broken_off = None
        if error is not None and self._step is not None:
            broken_off = _taken(self._step, now - self._step_began)
        return Entry(
            at=self._at,
            steps=tuple(self._done),
            broken_off=broken_off,
            outcome=self._well if error is None else _outcome(error),
            seconds=now - self._began,
            ready_seconds=self._ready_seconds if error is None else None,
            error=_sentence(error),
        )


def _taken(step: Step, seconds: float) -> Done:
    return Done(
        action=step.action, target=step.target, reason=step.reason, seconds=seconds
    )


def _outcome(error: BaseException) -> str:
    match error:
        case RolledBack():
            return "rolled-back"
        case NotReady():
            return "not-ready"
        case Exception():
            return "failed"
        case _:
            return "interrupted"


def _sentence(error: BaseException | None) -> str | None:
    if isinstance(error, CsctlError):
        return error.message
    return type(error).__name__ if isinstance(error, Exception) else None


def _append(profile: Profile, entry: Entry | None) -> CsctlError | None:
    """Write an entry behind those before; what stood in the way."""
    if entry is None:
        return None
    state, name = profile.state_dir, profile.name
    path = path_of(state, name)
    staging.sweep(state, path.name)
    entries = (*reversed(read(state, name)), entry)[-KEPT:]
    value = {"entries": [_encode(one) for one in entries]}
    try:
        record.write_atomically(path, json.dumps(value, indent=1))
    except CsctlError as error:
        return error
    return None


def _encode(entry: Entry) -> dict[str, Any]:
    error = None if entry.error is None else Redactor()(entry.error)
    return dataclasses.asdict(entry) | {"at": entry.at.isoformat(), "error": error}


def _decode(value: Any) -> Entry:
    at = datetime.fromisoformat(value["at"])
    if at.tzinfo is None:
        raise ValueError(value["at"])
    return Entry(
        at=at,
        steps=tuple(map(_done, value["steps"])),
        broken_off=None if value["broken_off"] is None else _done(value["broken_off"]),
        outcome=str(value["outcome"]),
        seconds=float(value["seconds"]),
        ready_seconds=_number(value["ready_seconds"]),
        error=None if value["error"] is None else str(value["error"]),
    )


def _done(value: Any) -> Done:
    return Done(
        action=str(value["action"]),
        target=str(value["target"]),
        reason=str(value["reason"]),
        seconds=float(value["seconds"]),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
