"""A line: a container that audio is sent to, and how. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from urllib.parse import urlencode

from csctl.speech.audio import Audio

PATH = "/speech/recognition/conversation/cognitiveservices/v1"
"""Keeps one turn for as much audio as there is."""


class Pace(enum.Enum):
    """How fast audio is sent."""

    REAL_TIME = "real time"
    """Each piece once it has been spoken, as a microphone would."""
    FREE = "as fast as taken"
    """As fast as the container takes it from the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long a stream waits, in seconds."""

    connect: float = 10.0
    silence: float = 30.0
    """How long the container may say nothing, beyond the audio that it has still to
    answer for: speech may pause for long, and a container be as slow as real time."""
    total: float | None = None
    """For all of it; where none is set, a minute and ten times the audio."""

    def total_for(self, audio: Audio) -> float:
        """How long all of the audio may take."""
        return 60.0 + 10 * audio.seconds if self.total is None else self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A container that audio is sent to, and how."""

    name: str
    """What messages call it."""
    host: str
    port: int
    locale: str = "en-US"
    pace: Pace = Pace.FREE
    deadlines: Deadlines = Deadlines()

    @property
    def url(self) -> str:
        """Where it recognises; detailed results tell how sure it is."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        query = urlencode({"language": self.locale, "format": "detailed"})
        return f"ws://{host}:{self.port}{PATH}?{query}"
