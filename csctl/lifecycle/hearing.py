"""A hearing: speech is sent to a container, to see that it recognises it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

from csctl import probe
from csctl.errors import CsctlError
from csctl.lifecycle.demand import Hearing

if TYPE_CHECKING:
    from csctl.speech.line import Line

_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 15.0


def check(hearing: Hearing) -> CsctlError | None:
    """Why the sample of a hearing cannot be sent, as far as a look at it tells."""
    from csctl.speech import convert

    try:
        convert.check(hearing.sample)
    except CsctlError as error:
        return error
    return None


def hear(name: str, address: probe.Address, hearing: Hearing, seconds: float) -> str:
    """What a container recognises in the sample.

    Raises SpeechError, NotReady where it does not come to that within `seconds`;
    UsageError for a sample that is none.
    """
    from csctl.speech.drive import drive
    from csctl.speech.line import Deadlines, Line

    line = Line(
        name=name,
        host=address.host,
        port=address.port,
        locale=hearing.locale,
        deadlines=Deadlines(
            connect=min(seconds, _CONNECT_SECONDS),
            silence=min(seconds, _SILENCE_SECONDS),
            total=seconds,
        ),
    )
    return " ".join(drive(_recognized(line, hearing.sample)))


async def _recognized(line: Line, sample: Path) -> AsyncGenerator[str, None]:
    from csctl.speech.convert import opened
    from csctl.speech.heard import Phrase
    from csctl.speech.session import recognize

    async with opened(sample) as audio:
        async for event in recognize(line, audio):
            if isinstance(event, Phrase):
                yield event.text
