"""Messages of the container as events."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csctl.errors import InvalidValue
from csctl.speech.framing import Message
from csctl.speech.heard import Hypothesis, Phrase, Refused, TurnEnded, interpret


def told(path: str, value: Any) -> Any:
    return interpret(Message(path=path, body=json.dumps(value)))


SUCCESS = {"RecognitionStatus": "Success", "Offset": 8_000_000, "Duration": 5_000_000}
HELLO = Phrase(offset=0.8, duration=0.5, text="Hello.")


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("turn.start", {}, None),
        ("turn.end", {}, TurnEnded()),
        ("Turn.End", "", TurnEnded()),
        ("speech.startDetected", {"Offset": 1}, None),
        ("telemetry", [], None),
        (
            "speech.hypothesis",
            {"Text": "hel", "Offset": 8_000_000, "Duration": 2_500_000},
            Hypothesis(offset=0.8, duration=0.25, text="hel"),
        ),
        ("speech.fragment", {"Text": "h"}, Hypothesis(offset=0, duration=0, text="h")),
        ("speech.phrase", SUCCESS | {"DisplayText": "Hello."}, HELLO),
        ("speech.phrase", SUCCESS | {"DisplayText": ""}, None),
        (
            "speech.phrase",
            SUCCESS | {"NBest": [{"Display": "Hello.", "Confidence": 0.5}, {}]},
            Phrase(offset=0.8, duration=0.5, text="Hello.", confidence=0.5),
        ),
        ("speech.phrase", SUCCESS | {"DisplayText": "Hello.", "NBest": []}, HELLO),
        ("speech.phrase", {"RecognitionStatus": "NoMatch"}, None),
        ("speech.phrase", {"RecognitionStatus": "EndOfDictation", "Offset": 5}, None),
        ("speech.phrase", {"RecognitionStatus": "BabbleTimeout"}, None),
    ],
)
def test_events(path: str, value: Any, expected: object) -> None:
    assert told(path, value) == expected


@pytest.mark.parametrize("status", ["Error", "TooManyRequests", "new", ""])
def test_another_status_is_a_refusal(status: str) -> None:
    with pytest.raises(Refused) as caught:
        told("speech.phrase", {"RecognitionStatus": status})
    assert str(caught.value) == status


@pytest.mark.parametrize(
    "value",
    [
        [],
        None,
        {"Text": 1},
        {"Text": "a", "Offset": -1},
        {"Text": "a", "Offset": True},
        {"Text": "a", "Duration": "1"},
        {"Text": "a", "Offset": float("nan")},
        {"Text": "a", "Offset": float("inf")},
        {"Text": "a", "Offset": 10**400},
    ],
    ids=str,
)
def test_what_is_not_made_as_it_should_be(value: Any) -> None:
    with pytest.raises(InvalidValue):
        told("speech.hypothesis", value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
PHRASE = st.fixed_dictionaries(
    {},
    optional={
        "RecognitionStatus": st.just("Success") | JSON,
        **dict.fromkeys(("Offset", "Duration", "NBest", "DisplayText"), JSON),
    },
)


@given(st.sampled_from(["speech.phrase", "speech.hypothesis", "turn.end"]), PHRASE)
@settings(deadline=None)
def test_no_message_breaks_more_than_itself(path: str, value: Any) -> None:
    with suppress(InvalidValue, Refused):
        told(path, value)


def test_endless_brackets_are_no_json() -> None:
    with pytest.raises(InvalidValue, match="holds no JSON"):
        interpret(Message(path="speech.phrase", body="[" * 200_000))
