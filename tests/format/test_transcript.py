"""Phrases as lines and as subtitles."""

from __future__ import annotations

from pathlib import Path

import pytest

from csctl.errors import SpeechError
from csctl.format import transcript as words
from csctl.lifecycle.transcribe import Transcript
from csctl.speech.heard import Phrase


def phrase(text: str, offset: float = 0, duration: float = 1) -> Phrase:
    return Phrase(offset=offset, duration=duration, text=text)


@pytest.mark.parametrize(
    ("offset", "duration", "span"),
    [
        (0, 0.0004, "00:00:00,000 --> 00:00:00,000"),
        (59.9996, 1, "00:01:00,000 --> 00:01:01,000"),
        (3599.5, 0.75, "00:59:59,500 --> 01:00:00,250"),
        (360_000, 1.5, "100:00:00,000 --> 100:00:01,500"),
    ],
)
def test_times(offset: float, duration: float, span: str) -> None:
    assert words.srt(phrase("a", offset, duration), 7) == f"7\n{span}\na\n"


@pytest.mark.parametrize("text", ["a\n\nb", " a  b ", "a\tb\r\n", "a\x1b[1m b"])
def test_text_is_one_line(text: str) -> None:
    assert words.line(phrase(text)) in ("a b", "ab")
    assert words.srt(phrase(text), 1).count("\n") == 3


def test_a_cue_cannot_hold_markup_or_an_arrow() -> None:
    cue = words.vtt(phrase("<b>a --> b & c"))
    assert cue.splitlines()[1] == "&lt;b&gt;a --&gt; b &amp; c"


def test_a_file_that_failed_keeps_what_came_before() -> None:
    value = Transcript(
        file=Path("a.wav"),
        phrases=(phrase("Hello."), phrase("World.", 1)),
        audio_seconds=None,
        seconds=0.12345,
        error=SpeechError("box broke off"),
    )
    row = words.transcript(value)
    assert (row["text"], row["error"]) == ("Hello. World.", "box broke off")
    assert (row["seconds"], row["audio_seconds"]) == (0.123, None)
