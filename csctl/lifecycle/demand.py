"""What a container has to do before it counts as ready, and in what time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from csctl.profile.model import Profile
from csctl.speech.audio import SAMPLE
from csctl.speech.words import words

_LOCALE = "en-US"
_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Speech that a container has to recognise."""

    sample: Path
    expect: str | None
    """The words that have to come; any will do where this is None."""
    locale: str

    def fault(self, text: str) -> str | None:
        """What is wrong with a text that was recognised; None where it passes."""
        heard = words(text)
        if not heard:
            return f"recognises no speech in {self.sample}"
        if self.expect is None or heard == words(self.expect):
            return None
        return (
            f"recognises {text[:_SHOWN]!r} in {self.sample}, where {self.expect!r} is"
            " expected"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """`/ready` answers 200 in time, and where there is a hearing it is passed."""

    seconds: float
    hearing: Hearing | None = None

    @classmethod
    def of(cls, profile: Profile, timeout: timedelta | None = None) -> Demand:
        """What a profile demands; `timeout` in place of its own."""
        wait = timeout or profile.ready.timeout
        return cls(seconds=wait.total_seconds(), hearing=hearing_of(profile))


def hearing_of(profile: Profile) -> Hearing | None:
    """The speech that a profile's container has to recognise, if any.

    The locale is that of its base model or else of its display models; a custom model
    decides by itself what it recognises (facts: container.md section 1).
    """
    speech = profile.ready.speech
    if speech is None:
        return None
    base = profile.model.base and profile.model.base.locale
    display = profile.display and profile.display.locale
    return Hearing(
        sample=speech if isinstance(speech, Path) else SAMPLE,
        expect=profile.ready.expect,
        locale=base or display or _LOCALE,
    )
