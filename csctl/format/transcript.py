"""What was heard, as lines, JSON and subtitles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csctl.contract.dialects import printable
from csctl.format import Row

if TYPE_CHECKING:
    from csctl.lifecycle.transcribe import Transcript
    from csctl.speech.heard import Phrase

VTT_HEAD = "WEBVTT\n"


def transcript(value: Transcript) -> Row:
    """A file with its text; times are seconds."""
    row = {
        "file": str(value.file),
        "text": value.text,
        "seconds": round(value.seconds, 3),
        "audio_seconds": value.audio_seconds and round(value.audio_seconds, 3),
        "phrases": [phrase(one) for one in value.phrases],
    }
    return row if value.error is None else row | {"error": value.error.message}


def phrase(value: Phrase) -> Row:
    """A phrase with its place in the audio, in seconds."""
    return {
        "offset": round(value.offset, 3),
        "duration": round(value.duration, 3),
        "text": value.text,
        "confidence": value.confidence,
    }


def line(value: Phrase) -> str:
    """The text of a phrase, which is one line whatever it holds."""
    return " ".join(printable(value.text).split())


def srt(value: Phrase, number: int) -> str:
    """A phrase as SubRip's block of that number, from 1."""
    return f"{number}\n{_span(value, ',')}\n{line(value)}\n"


def vtt(value: Phrase) -> str:
    """A phrase as a cue of WebVTT, where `-->` and tags are not to occur in text."""
    text = line(value).replace("&", "&amp;")
    text = text.replace("<", "&lt;").replace(">", "&gt;")
    return f"{_span(value, '.')}\n{text}\n"


def _span(value: Phrase, point: str) -> str:
    end = value.offset + value.duration
    return f"{_moment(value.offset, point)} --> {_moment(end, point)}"


def _moment(seconds: float, point: str) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, rest = divmod(milliseconds, 1000)
    return f"{hours:02}:{minutes:02}:{whole:02}{point}{rest:03}"
