"""Work that goes first, and other work that begins only where all of that succeeded."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping
from functools import partial
from typing import Any

from csctl.errors import CsctlError
from csctl.lifecycle.events import Event, Waiting
from csctl.lifecycle.side_by_side import Work

_TICK_SECONDS = 0.25

Jobs = Mapping[str, Work[Event, Any]]
_NOTHING: Jobs = {}


def first_alone(
    first: Jobs, others: Jobs, before: Jobs = _NOTHING
) -> dict[str, Work[Event, Any]]:
    """All of this work for `side_by_side`; where any of `first` fails, no other begins.

    What does not begin fails, and names the one that did first. What comes `before` the
    work of the same name waits for nobody.
    """
    gate = _Gate(left=len(first))

    def prepared(name: str, work: Work[Event, Any]) -> Generator[Event, None, Any]:
        if name in before:
            yield from before[name]()
        return (yield from work())

    leading = {name: partial(prepared, name, work) for name, work in first.items()}
    passing = {name: partial(gate.pass_, work) for name, work in others.items()}
    return {
        **{name: partial(gate.lead, name, work) for name, work in leading.items()},
        **{name: partial(prepared, name, work) for name, work in passing.items()},
    }


class _Gate:
    """Closed until all that goes first has ended."""

    def __init__(self, *, left: int) -> None:
        self._left = left
        self._lock = threading.Lock()
        self._failed: str | None = None
        self._over = threading.Event()

    def lead(self, name: str, work: Work[Event, Any]) -> Generator[Event, None, Any]:
        """Work that goes first."""
        failed: str | None = name
        try:
            result = yield from work()
            failed = None
            return result
        finally:
            with self._lock:
                self._left -= 1
                self._failed = self._failed or failed
                if not self._left:
                    self._over.set()

    def pass_(self, work: Work[Event, Any]) -> Generator[Event, None, Any]:
        """Work that waits for that. Raises CsctlError where it must not begin."""
        seconds = 0.0
        while not self._over.wait(_TICK_SECONDS):
            seconds += _TICK_SECONDS
            yield Waiting(
                what="the first host", seconds=seconds, phase="waits", line=""
            )
        if self._failed is not None:
            raise CsctlError(f"not started, as {self._failed} goes first and failed")
        return (yield from work())
