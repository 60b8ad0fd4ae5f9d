"""What a container tells of the audio that it hears: its messages, as events. Pure.

Facts: speech-protocol.md section 3; times are ticks of 100 ns from the first byte of
the turn's audio.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from csctl.errors import InvalidValue
from csctl.speech.framing import Message

_TICKS = 10_000_000
_LATEST = 1 << 63
_SILENT = frozenset(
    ("endofdictation", "nomatch", "initialsilencetimeout", "babbletimeout")
)
"""What ends a phrase in which nothing was said; no fault of anybody."""


class Refused(Exception):
    """The container says that it did not recognise; holds the status in its words."""


@dataclass(frozen=True, slots=True)
class Began:
    """The audio begins to flow: at real time, each of its moments follows from this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """What is being said so far. It may still change."""

    offset: float
    """Seconds from the start of the audio."""
    duration: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """What was said, for good."""

    offset: float
    """Seconds from the start of the audio."""
    duration: float
    text: str
    confidence: float | None = None
    """From 0 to 1, where the container tells."""


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The container has said all about this turn."""


Heard = Began | Hypothesis | Phrase


def interpret(message: Message) -> Hypothesis | Phrase | TurnEnded | None:
    """What a message tells; None for what does not matter here.

    Raises InvalidValue for a message that is not made as it should be, Refused.
    """
    match message.path.lower():
        case "speech.hypothesis" | "speech.fragment":
            value = _json(message)
            return Hypothesis(
                offset=_seconds(value, "Offset"),
                duration=_seconds(value, "Duration"),
                text=_text(value, "Text"),
            )
        case "speech.phrase":
            return _phrase(_json(message))
        case "turn.end":
            return TurnEnded()
        case _:
            return None


def _phrase(value: Mapping[str, Any]) -> Phrase | None:
    status = _text(value, "RecognitionStatus")
    if status.lower() in _SILENT:
        return None
    if status.lower() != "success":
        raise Refused(status)
    best = _best(value)
    text = _text(best, "Display") or _text(value, "DisplayText")
    if not text:
        return None
    return Phrase(
        offset=_seconds(value, "Offset"),
        duration=_seconds(value, "Duration"),
        text=text,
        confidence=_confidence(best),
    )


def _confidence(best: Mapping[str, Any]) -> float | None:
    match best.get("Confidence"):
        case (int() | float()) as found if 0 <= found <= 1:
            return float(found)
        case _:
            return None


def _best(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first of the detailed results; empty where there are none."""
    match value.get("NBest"):
        case [dict() as best, *_]:
            return best
        case _:
            return {}


def _json(message: Message) -> Mapping[str, Any]:
    try:
        value = json.loads(message.body)
    except (ValueError, RecursionError) as exc:
        raise InvalidValue(f"{message.path[:40]!r} holds no JSON") from exc
    if not isinstance(value, dict):
        raise InvalidValue(f"{message.path[:40]!r} holds no JSON object")
    return value


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name, "")
    if not isinstance(found, str):
        raise InvalidValue(f"{name} is no text")
    return found


def _seconds(value: Mapping[str, Any], name: str) -> float:
    match value.get(name, 0):
        case (int() | float()) as ticks if (
            not isinstance(ticks, bool) and 0 <= ticks < _LATEST
        ):
            return ticks / _TICKS
        case _:
            raise InvalidValue(f"{name} is no number of ticks")
