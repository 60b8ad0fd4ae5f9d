"""What there is from the beginning: base models by the hundred, and one customer's own.

Models of the locales that the other stand-in, the container, lists have its ids and
dates, so that both tell the same story.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from .entity import Entity
from .operations import V31

CONTAINER_LOCALES = (
    *("de-DE", "en-GB", "en-US", "es-ES", "fr-FR", "it-IT", "ja-JP", "ko-KR"),
    *("nl-NL", "pt-BR", "sv-SE", "zh-CN"),
)
_OTHER_LOCALES = (
    *("ar-EG", "bg-BG", "ca-ES", "cs-CZ", "da-DK", "de-AT", "de-CH", "el-GR"),
    *("en-AU", "en-CA", "en-IN", "es-MX", "et-EE", "fi-FI", "fr-CA", "he-IL"),
    *("hi-IN", "hu-HU", "id-ID", "lt-LT", "nb-NO", "pl-PL", "pt-PT", "ro-RO"),
    *("sk-SK", "sl-SI", "th-TH", "tr-TR", "uk-UA", "vi-VN"),
)
LOCALES = (*CONTAINER_LOCALES, *_OTHER_LOCALES)
KINDS = ("Language", "Acoustic", "Pronunciation", "AudioFiles", "LanguageMarkdown")
_CONTAINER_DATES = (
    "2016-11-04T08:23:42Z",
    "2019-03-03T17:34:10Z",
    "2021-06-10T09:02:25Z",
    "2023-08-15T11:41:07Z",
)
_FIRST = datetime(2017, 1, 17, 10, 30, tzinfo=UTC)
CUSTOM_MODEL = "2b7e9c40-5d1f-4a83-9e62-c0d4f1a7b358"
"""The model of the example profile, which the container knows as well."""


def base_models(least: int) -> list[Entity]:
    """At least so many base models, the oldest first."""
    models = [
        _base_model(locale, datetime.fromisoformat(date), _id(locale, date))
        for locale in CONTAINER_LOCALES
        for date in _CONTAINER_DATES
    ]
    step = timedelta(days=7)
    for number in range(least - len(models)):
        locale = _OTHER_LOCALES[number % len(_OTHER_LOCALES)]
        # All of them are older than the newest of the container's locales.
        created = _FIRST + step * (number % 340) + timedelta(seconds=number)
        models.append(_base_model(locale, created, _guid(f"{locale} {number}")))
    models.sort(key=lambda model: model.created)
    newest = {model.fields["locale"]: model for model in models}
    for model in newest.values():
        _retire(model, datetime.now(UTC) + timedelta(days=400))
    return models


def _id(locale: str, date: str) -> str:
    return _guid(f"{locale.lower()} {date}")


def _base_model(locale: str, created: datetime, guid: str) -> Entity:
    model = Entity(
        subject="base",
        version=V31,
        id=guid,
        created=created,
        changed=created,
        status="Succeeded",
        fields={
            "locale": locale,
            "displayName": f"{created:%Y%m%d}",
            "description": f"{locale} base model",
        },
        properties={
            "features": {
                "supportsTranscriptions": True,
                "supportsEndpoints": True,
                "supportsTranscriptionsOnSpeechContainers": (
                    locale in CONTAINER_LOCALES
                ),
                "supportsAdaptationsWith": ["Language", "Acoustic"],
            },
            "chargeForAdaptation": False,
        },
    )
    _retire(model, _quarter_end(created).replace(year=created.year + 2))
    return model


def _retire(model: Entity, when: datetime) -> None:
    """Transcription ends then, and adaptation a year before."""
    when = when.replace(hour=0, minute=0, second=0, microsecond=0)
    model.properties["deprecationDates"] = {
        "adaptationDateTime": f"{when - timedelta(days=365):%Y-%m-%dT%H:%M:%SZ}",
        "transcriptionDateTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
    }


def _quarter_end(day: datetime) -> datetime:
    """The end of the quarter: January, April, July, October 15th."""
    for month in (1, 4, 7, 10):
        end = day.replace(month=month, day=15)
        if day <= end:
            return end
    return day.replace(year=day.year + 1, month=1, day=15)


def customer() -> Iterator[Entity]:
    """One customer's project, with one entity of each kind at least."""
    project = _own("projects", "Contoso", "Contoso's call centre", kind=None)
    inside = {"project": project.reference}
    text = _own("datasets", "Contoso words", "Product names", kind="Language", **inside)
    calls = _own("datasets", "Contoso calls", "Calls", kind="Acoustic", **inside)
    base = _id("en-US", _CONTAINER_DATES[-1])
    adapted: dict[str, Any] = {
        "baseModel": {"self": f"/models/base/{base}"},
        "datasets": [text.reference],
        **inside,
    }
    model = _own("models", "Contoso calls en-US", "For containers", **adapted)
    model.id = CUSTOM_MODEL
    second = _own("models", "Contoso dictation en-US", "Not for containers", **adapted)
    for one, fits in ((model, True), (second, False)):
        one.properties = custom_properties(fits_containers=fits)
    endpoint = _own(
        "endpoints",
        "Contoso live",
        "Calls as they come",
        model=model.reference,
        properties={"loggingEnabled": True},
        **inside,
    )
    evaluation = _own(
        "evaluations",
        "Contoso against the base model",
        "",
        model1={"self": f"/models/base/{base}"},
        model2=model.reference,
        dataset=calls.reference,
        **inside,
    )
    transcription = _own(
        "transcriptions",
        "Contoso, last week",
        "",
        model=model.reference,
        contentUrls=[f"https://audio.contoso.example/call{n}.wav" for n in (1, 2)],
        **inside,
    )
    yield from (project, text, calls, model, second)
    yield from (endpoint, evaluation, transcription)


def custom_properties(*, fits_containers: bool) -> dict[str, Any]:
    """What the service says of a custom model."""
    ends = datetime.now(UTC) + timedelta(days=400)
    return {
        "deprecationDates": {"transcriptionDateTime": f"{ends:%Y-%m-%dT00:00:00Z}"},
        "customModelWeightPercent": 30,
        "features": {
            "supportsTranscriptions": True,
            "supportsEndpoints": True,
            "supportsTranscriptionsOnSpeechContainers": fits_containers,
        },
    }


def _own(subject: str, name: str, description: str, **fields: Any) -> Entity:
    given = {"displayName": name, "description": description, "locale": "en-US"}
    given |= {key: value for key, value in fields.items() if value is not None}
    created = datetime.now(UTC) - timedelta(days=30)
    return Entity(
        subject=subject,
        version=V31,
        id=_guid(f"{subject} {name}"),
        fields=given,
        created=created,
        changed=created,
    )


def _guid(text: str) -> str:
    digits = hashlib.sha256(text.encode()).hexdigest()
    widths = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
    return "-".join(digits[start:end] for start, end in widths)
