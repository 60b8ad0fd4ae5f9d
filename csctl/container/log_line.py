"""A line of a container's log, with the moment at which the Engine took it."""

from __future__ import annotations

from dataclasses import dataclass

_SECOND = len("2026-01-31T12:00:00")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, as the container wrote it: not redacted."""

    stamp: str
    """ISO 8601 to the nanosecond; empty where the Engine told none."""
    text: str

    @property
    def second(self) -> str:
        """The stamp without what is below a second."""
        return self.stamp[:_SECOND]


def parse(raw: str) -> LogLine:
    """Read a line that the Engine was asked to stamp."""
    stamp, _, text = raw.partition(" ")
    if len(stamp) <= _SECOND or stamp[4] != "-" or stamp[10] != "T":
        return LogLine("", raw)
    return LogLine(stamp, text)
