"""What is inside of bodies."""

from __future__ import annotations

from typing import Any

import pytest

from csctl.rehearsal.rest.operations import V31, V32, V2024
from csctl.rehearsal.rest.refusal import Refused
from csctl.rehearsal.rest.shapes import check

NAMED = {"displayName": "a", "locale": "en-US"}
ENTRIES = {f"key{n}": "value" for n in range(10)}


def transcription(**properties: Any) -> dict[str, Any]:
    return {**NAMED, "contentUrls": ["https://a.example/a"], "properties": properties}


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("Project", {**NAMED, "customProperties": ENTRIES}),
        ("CustomModel", {**NAMED, "properties": {"customModelWeightPercent": 100}}),
        ("Transcription", transcription(timeToLive="PT12H", channels=[0, 1])),
        ("Transcription", transcription(diarization={"speakers": {"minCount": 3}})),
        (
            "Transcription",
            transcription(languageIdentification={"candidateLocales": ["de-DE"]}),
        ),
        ("WebHookUpdate", {"events": {"modelCreation": True}}),
        ("DatasetUpdate", {"description": None}),
    ],
)
def test_what_is_allowed(shape: str, body: dict[str, Any]) -> None:
    check(shape, body, V31)


@pytest.mark.parametrize(
    ("shape", "body", "place"),
    [
        ("Project", {**NAMED, "customProperties": {**ENTRIES, "k": "v"}}, "custom"),
        ("Project", {**NAMED, "customProperties": {"k" * 65: "v"}}, "custom"),
        ("Project", {**NAMED, "customProperties": {"k": "v" * 257}}, "custom"),
        ("Project", {**NAMED, "customProperties": {"k": 1}}, "custom"),
        ("Project", {**NAMED, "displayName": ""}, "displayName"),
        ("CustomModel", {**NAMED, "properties": {"customModelWeightPercent": 0}}, "%"),
        ("CustomModel", {**NAMED, "baseModel": "https://x/"}, "baseModel"),
        ("CustomModel", {**NAMED, "datasets": {"self": "x"}}, "datasets"),
        ("Dataset", {**NAMED, "kind": "Video"}, "kind"),
        ("Dataset", {**NAMED, "kind": "OutputFormatting"}, "kind"),
        ("Endpoint", {**NAMED, "properties": {"loggingEnabled": 1}}, "loggingEnabled"),
        ("EndpointUpdate", {"properties": {"loggingEnabled": True}}, "loggingEnabled"),
        ("Transcription", transcription(timeToLive="12h"), "timeToLive"),
        ("Transcription", transcription(timeToLive="P"), "timeToLive"),
        ("Transcription", transcription(channels=[True]), "channels"),
        ("Transcription", transcription(diarization={}), "diarization.speakers"),
        ("Transcription", transcription(punctuationMode="All"), "punctuationMode"),
        ("Transcription", transcription(duration="PT1S"), "properties.duration"),
        ("WebHookUpdate", {"events": {"modelFailure": True}}, "events"),
        ("WebHookUpdate", {"webUrl": "hook"}, "webUrl"),
    ],
)
def test_what_is_not(shape: str, body: dict[str, Any], place: str) -> None:
    with pytest.raises(Refused) as raised:
        check(shape, body, V31)
    target = raised.value.body["innerError"]["target"]
    assert place.replace("%", "customModelWeightPercent") in target


@pytest.mark.parametrize(
    ("version", "shape", "body", "fits"),
    [
        (V31, "Transcription", transcription(diarizationEnabled=True), True),
        (V2024, "Transcription", transcription(timeToLiveHours=48), True),
        (V2024, "Transcription", transcription(), False),
        (V31, "Transcription", transcription(timeToLiveHours=48), False),
        (V32, "Dataset", {**NAMED, "kind": "OutputFormatting"}, True),
        (V32, "Endpoint", {**NAMED, "text": "words"}, True),
        (V2024, "Endpoint", {**NAMED, "text": "words"}, False),
    ],
)
def test_versions_differ(
    version: str, shape: str, body: dict[str, Any], fits: bool
) -> None:
    if fits:
        check(shape, body, version)
        return
    with pytest.raises(Refused):
        check(shape, body, version)
