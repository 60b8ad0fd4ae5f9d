"""Work that goes on, and how far each of its jobs is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from csctl.lifecycle.events import Event
from csctl.lifecycle.side_by_side import Ended, Work, side_by_side
from csctl.tui.track import Track


class Run:
    """Jobs side by side: done in one thread, looked at and cancelled from another."""

    def __init__(
        self,
        title: str,
        jobs: Mapping[str, Work[Event, Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.title = title
        self._jobs, self.clock = jobs, clock
        self._cancel = threading.Event()
        self.tracks = {name: Track.begun(clock()) for name in jobs}
        """By job; each is a value, replaced as a whole."""
        self.over = False
        """Whether all jobs have ended, and cleaned up behind themselves."""

    @property
    def cancelling(self) -> bool:
        """Whether it was cancelled, and is not over yet."""
        return self._cancel.is_set() and not self.over

    def cancel(self) -> None:
        """Stop each job at its next event."""
        self._cancel.set()

    def work(self) -> None:
        """Do it all; returns once every job has ended."""
        try:
            for item in side_by_side(self._jobs, self._cancel):
                track, at = self.tracks[item.job], self.clock()
                self.tracks[item.job] = (
                    track.over(item, at)
                    if isinstance(item, Ended)
                    else track.after(item.event, at)
                )
        finally:
            self.over = True
