"""What a body may hold, in which version: the closed world of requests.

Source: the OpenAPI documents' definitions, without what only the service may set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .operations import V31, V32, V2024
from .refusal import Refused, invalid, service

# A field, `!` where it must be there, its type, and the versions that know it where
# not all do.
_TABLE = """
Dataset
  kind!             DatasetKind
  displayName!      name
  locale!           name
  description       text
  contentUrl        uri
  project           ref:projects        12
  customProperties  map
  properties        DatasetProperties
DatasetProperties
  email             text                12
  textNormalizationKind TextNormalizationKind 23
DatasetUpload
  kind!             DatasetKind
  displayName!      name
  locale!           name
  description       text
  project           ref:projects
  customProperties  map
  email             text
  data              file
Update
  displayName       text
  description       text
  project           ref:projects        12
  customProperties  map
Endpoint
  displayName!      name
  locale!           name
  description       text
  text              text                12
  model             ref:models
  project           ref:projects        12
  customProperties  map
  properties        EndpointProperties
EndpointProperties
  loggingEnabled    flag
  timeToLive        duration            12
  email             text                12
EndpointUpdate
  model             ref:models
  displayName       text
  description       text
  project           ref:projects        12
  customProperties  map
  properties        EndpointPropertiesUpdate
EndpointPropertiesUpdate
  contentLoggingEnabled flag
Evaluation
  model1!           ref:models
  model2!           ref:models
  dataset!          ref:datasets
  transcription1    ref:transcriptions
  transcription2    ref:transcriptions
  displayName!      name
  locale!           name
  description       text
  project           ref:projects        12
  customProperties  map
  properties        EvaluationProperties
EvaluationProperties
  email             text                12
CustomModel
  displayName!      name
  locale!           name
  description       text
  text              text                12
  baseModel         ref:models
  datasets          refs:datasets
  project           ref:projects        12
  customProperties  map
  properties        CustomModelProperties
CustomModelProperties
  customModelWeightPercent percent
  email             text                12
ModelCopy
  targetSubscriptionKey! name
ModelCopyAuthorization
  targetResourceRegion! name
  targetResourceId! name
  targetResourceEndpoint! name
  sourceResourceId! name
  expirationDateTime! name
  id!               name
ModelCopyAuthorizationDefinition
  sourceResourceId! name
Project
  displayName!      name
  locale!           name
  description       text
  customProperties  map
ProjectUpdate
  displayName       text
  description       text
  customProperties  map
Transcription
  displayName!      name
  locale!           name
  description       text
  contentUrls       uris
  contentContainerUrl uri
  dataset           ref:datasets
  model             ref:models
  project           ref:projects        12
  customProperties  map
  properties        TranscriptionProperties 12
  properties!       TranscriptionProperties 3
TranscriptionProperties
  diarizationEnabled flag               12
  wordLevelTimestampsEnabled flag
  displayFormWordLevelTimestampsEnabled flag
  channels          numbers
  destinationContainerUrl uri
  punctuationMode   PunctuationMode
  profanityFilterMode ProfanityFilterMode
  timeToLive        duration            12
  timeToLiveHours!  number              3
  diarization       Diarization
  languageIdentification LanguageIdentification
  email             text                12
Diarization
  speakers!         Speakers            12
  enabled           flag                3
  maxSpeakers       number              3
Speakers
  minCount          number
  maxCount          number
LanguageIdentification
  candidateLocales! texts
  speechModelMapping models
  mode              LanguageIdentificationMode 23
WebHook
  webUrl!           uri
  displayName!      name
  description       text
  events!           events
  customProperties  map
  properties        WebHookProperties
WebHookUpdate
  webUrl            uri
  displayName       text
  description       text
  events            events
  customProperties  map
  properties        WebHookProperties
WebHookProperties
  secret            text
CommitBlocksEntry
  kind              BlockKind
  id                text
Transcribe
  definition        text
  audio!            file
"""
_ALIASES = ("DatasetUpdate", "EvaluationUpdate", "ModelUpdate", "TranscriptionUpdate")
_ENUMERATIONS = {
    "BlockKind": ("Committed", "Uncommitted", "Latest"),
    "DatasetKind": (
        *("Language", "Acoustic", "Pronunciation", "AudioFiles", "LanguageMarkdown"),
        "OutputFormatting",
    ),
    "LanguageIdentificationMode": ("Continuous", "Single"),
    "ProfanityFilterMode": ("None", "Removed", "Tags", "Masked"),
    "PunctuationMode": ("None", "Dictated", "Automatic", "DictatedAndAutomatic"),
    "TextNormalizationKind": ("Default", "None"),
}
SUBJECTS = ("dataset", "model", "evaluation", "transcription", "endpoint")
PHASES = ("Creation", "Processing", "Completion", "Deletion")
EVENTS = (*(s + p for s in SUBJECTS for p in PHASES), "ping", "challenge")
_MOST_PROPERTIES, _LONGEST_KEY, _LONGEST_VALUE = 10, 64, 256
_DURATION = re.compile(r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)


class Field(NamedTuple):
    """What one name in a body may hold."""

    type: str
    required: bool


@cache
def fields(shape: str, version: str) -> Mapping[str, Field]:
    """The fields of a shape in a version."""
    digit = {V31: "1", V32: "2", V2024: "3"}[version]
    wanted = "Update" if shape in _ALIASES else shape
    found, inside = {}, False
    for line in _TABLE.strip().splitlines():
        if not line.startswith(" "):
            inside = line == wanted
        elif inside:
            name, kind, *versions = line.split()
            if digit in (versions or ["123"])[0]:
                found[name.rstrip("!")] = Field(kind, name.endswith("!"))
    return found


def check(shape: str, value: Any, version: str, place: str = "") -> None:
    """Refuse what the shape does not allow. Raises Refused."""
    if not isinstance(value, dict):
        raise service(400, "InvalidPayload", f"An object is expected at '{place}'.")
    known = fields(shape, version)
    for name, field in known.items():
        if field.required and value.get(name) in (None, ""):
            raise _wrong(f"The {name} field is required.", _join(place, name))
    for name, item in value.items():
        where = _join(place, name)
        if name not in known:
            raise _wrong(f"The property '{where}' is unknown or read-only.", where)
        if item is not None:
            _check_type(known[name].type, item, version, where)


def _check_type(kind: str, value: Any, version: str, where: str) -> None:
    if kind in _ENUMERATIONS:
        allowed = _ENUMERATIONS[kind]
        if version == V31 and kind == "DatasetKind":
            allowed = allowed[:-1]
        if value not in allowed:
            raise _wrong(f"{value!r} is none of {', '.join(allowed)}.", where)
    elif kind in _TYPES:
        if not _TYPES[kind](value):
            raise _wrong(f"The value of '{where}' is not valid.", where)
    elif kind.startswith("ref"):
        many = kind.startswith("refs")
        for one in value if many and isinstance(value, list) else [value]:
            _check_reference(one, where)
    else:
        check(kind, value, version, where)


def _check_reference(value: Any, where: str) -> None:
    if not (
        isinstance(value, dict) and value.keys() == {"self"} and _is_uri(value["self"])
    ):
        raise _wrong(f"'{where}' must be a reference: self is a URI.", where)


def _wrong(message: str, where: str) -> Refused:
    return invalid("InvalidPayload", message, where)


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def is_guid(text: str) -> bool:
    """Whether a text is an id of the service."""
    return _GUID.fullmatch(text) is not None


def _is_uri(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _is_map(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= _MOST_PROPERTIES
        and all(
            isinstance(text, str)
            and len(key) <= _LONGEST_KEY
            and len(text) <= _LONGEST_VALUE
            for key, text in value.items()
        )
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(test, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "name": lambda value: isinstance(value, str) and bool(value),
    "text": _is_text,
    "texts": _are(_is_text),
    "uri": _is_uri,
    "uris": _are(_is_uri),
    "map": _is_map,
    "flag": lambda value: isinstance(value, bool),
    "number": _is_number,
    "numbers": _are(_is_number),
    "percent": lambda value: _is_number(value) and 1 <= value <= 100,
    "duration": lambda value: _is_text(value) and bool(_DURATION.fullmatch(value)),
    "file": lambda value: isinstance(value, bytes),
    "models": lambda value: isinstance(value, dict),
    "events": lambda value: (
        isinstance(value, dict)
        and set(value) <= set(EVENTS)
        and all(isinstance(on, bool) for on in value.values())
    ),
}
