"""What the service says of an utterance: simple and detailed results."""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

_CONFIDENCE = 0.95
"""No recogniser here tells one."""
_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")


class Shape(NamedTuple):
    """How much of a result the client wants."""

    detailed: bool = False
    word_times: bool = False
    word_confidence: bool = False


class Span(NamedTuple):
    """A stretch of a turn's audio, in ticks of 100 ns from its first byte."""

    offset: int
    duration: int


def hypothesis(text: str, span: Span) -> dict[str, Any]:
    """What an utterance that goes on may be."""
    return {"Id": _identity(), "Text": " ".join(words(text))} | _place(span)


def phrase(text: str, span: Span, shape: Shape) -> dict[str, Any]:
    """What an utterance was; without any text, that nothing matched."""
    if not text:
        return verdict("NoMatch", span)
    result = verdict("Success", span) | {"Channel": 0}
    if not shape.detailed:
        return result | {"DisplayText": text}
    return result | {"DisplayText": text, "NBest": [_best(text, span, shape)]}


def verdict(status: str, span: Span) -> dict[str, Any]:
    """A result without any words."""
    return {"Id": _identity(), "RecognitionStatus": status} | _place(span)


def words(text: str) -> list[str]:
    """The words of a text as they are spoken: small letters, no punctuation."""
    return _WORD.findall(text.lower())


def _best(text: str, span: Span, shape: Shape) -> dict[str, Any]:
    spoken = words(text)
    lexical = " ".join(spoken)
    best: dict[str, Any] = {
        "Confidence": _CONFIDENCE,
        "Lexical": lexical,
        "ITN": lexical,
        "MaskedITN": lexical,
        "Display": text,
    }
    if shape.word_times:
        best["Words"] = _timed(spoken, span, shape)
    return best


def _timed(spoken: list[str], span: Span, shape: Shape) -> list[dict[str, Any]]:
    """The utterance shared out by the length of the words: nobody knows better."""
    letters = sum(map(len, spoken))
    timed, before = [], 0
    for word in spoken:
        start = span.duration * before // letters
        before += len(word)
        length = span.duration * before // letters - start
        entry = {"Word": word} | _place(Span(span.offset + start, length))
        if shape.word_confidence:
            entry["Confidence"] = _CONFIDENCE
        timed.append(entry)
    return timed


def _place(span: Span) -> dict[str, Any]:
    return {"Offset": span.offset, "Duration": span.duration}


def _identity() -> str:
    return os.urandom(16).hex()
