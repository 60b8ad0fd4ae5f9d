"""Entities: what the service keeps, and how each API version shows it.

Source: the OpenAPI documents' definitions; Facts: rest-api.md sections 4 and 5.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .operations import V31, V32, V2024
from .storage import Content

TERMINAL = ("Succeeded", "Failed")
_TICKS_FREE = "%Y-%m-%dT%H:%M:%SZ"
_PATHS = {"base": "/models/base", "copies": "/operations/models/copy"}
_LISTS = ("evaluations", "datasets", "models", "endpoints", "transcriptions")
_HIDDEN = frozenset(("contentContainerUrl",))
_GONE = frozenset(("project", "text", "email", "timeToLive", "diarizationEnabled"))
_LONGEST_LIFE_HOURS = 31 * 24
_HAS_NO_STATUS = ("projects",)


@dataclass(slots=True)
class File:
    """A file of an entity, or a log."""

    name: str
    kind: str
    blob: str
    """Its path in the storage."""
    size: int
    created: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(slots=True)
class Blocks:
    """What a dataset was sent in pieces."""

    uncommitted: dict[str, bytes] = field(default_factory=dict)
    committed: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Entity:
    """One entity of a set."""

    subject: str
    version: str
    """The API version that made it."""
    fields: dict[str, Any]
    """As the client gave them; references as `{"self": "/models/..."}`."""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    changed: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "NotStarted"
    properties: dict[str, Any] = field(default_factory=dict)
    """What the service adds to the client's properties."""
    files: list[File] = field(default_factory=list)
    blocks: Blocks = field(default_factory=Blocks)
    data: Content | None = None
    """What was uploaded."""

    @property
    def path(self) -> str:
        """Below the version's root."""
        return f"{_PATHS.get(self.subject, '/' + self.subject)}/{self.id}"

    @property
    def reference(self) -> dict[str, str]:
        """As other entities name it."""
        return {"self": self.path}

    @property
    def filterable(self) -> dict[str, Any]:
        """What filters look at."""
        return {
            **self.fields,
            "status": self.status,
            "createdDateTime": moment(self.created),
            "lastActionDateTime": moment(self.changed),
        }

    @property
    def waits_for_data(self) -> bool:
        """Whether it is a dataset that nothing was uploaded for yet."""
        is_empty = self.data is None and "contentUrl" not in self.fields
        return self.subject == "datasets" and is_empty

    def enter(self, status: str) -> None:
        """Change the status."""
        self.status = status
        self.changed = datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class View:
    """How URLs look to one client: what they begin with, and in which version."""

    root: str
    version: str
    region: str

    def url(self, path: str) -> str:
        """The URL of a path."""
        if self.version == V2024:
            return f"{self.root}/speechtotext{path}?api-version={V2024}"
        return f"{self.root}/speechtotext/{self.version}{path}"

    def show(self, entity: Entity) -> dict[str, Any]:
        """An entity as this version shows it."""
        shown: dict[str, Any] = {"self": self.url(entity.path)}
        for name, value in entity.fields.items():
            if name not in _HIDDEN and not (self.version == V2024 and name in _GONE):
                shown[name] = self._resolved(value)
        links = self._links(entity)
        if links:
            shown["links"] = {name: self._link(text) for name, text in links.items()}
        properties = {**entity.properties, **entity.fields.get("properties", {})}
        if self.version == V2024:
            properties = _modern(properties)
            if entity.subject == "transcriptions":
                properties.setdefault("timeToLiveHours", _LONGEST_LIFE_HOURS)
        if properties:
            shown["properties"] = self._resolved(properties)
        if entity.subject == "copies":
            shown["id"] = entity.id
        shown["createdDateTime"] = moment(entity.created)
        if entity.subject not in _HAS_NO_STATUS:
            shown["lastActionDateTime"] = moment(entity.changed)
            shown["status"] = entity.status
        return shown

    def show_file(self, path: str, file: File, content_url: str) -> dict[str, Any]:
        """A file as this version shows it."""
        return {
            "self": self.url(path),
            "name": file.name,
            "kind": file.kind,
            "properties": {"size": file.size},
            "createdDateTime": moment(file.created),
            "links": {"contentUrl": content_url},
        }

    def _links(self, entity: Entity) -> dict[str, str]:
        match entity.subject:
            case "datasets" if "contentUrl" not in entity.fields:
                blocks = f"{entity.path}/blocks"
                return {
                    "files": f"{entity.path}/files",
                    "commitBlocks": f"{blocks}:commit",
                    "listBlocks": blocks,
                    "uploadBlocks": blocks,
                }
            case "datasets" | "evaluations" | "transcriptions":
                return {"files": f"{entity.path}/files"}
            case "models":
                copy = ("copyTo", "copyto") if self.version == V31 else ("copy", "copy")
                return {
                    "manifest": f"{entity.path}/manifest",
                    copy[0]: f"{entity.path}:{copy[1]}",
                    "files": f"{entity.path}/files",
                }
            case "base":
                return {"manifest": f"{entity.path}/manifest"}
            case "projects":
                return {name: f"{entity.path}/{name}" for name in _LISTS}
            case "webhooks":
                return {name: f"{entity.path}:{name}" for name in ("ping", "test")}
            case "endpoints":
                return self._endpoint_links(entity)
        return {}

    def _endpoint_links(self, entity: Entity) -> dict[str, str]:
        host = f"{self.region}.stt.speech.microsoft.com/speech"
        if self.version == V2024:
            return {"webSocket": f"wss://{host}/universal/v2?cid={entity.id}"}
        links = {"logs": f"{entity.path}/files/logs"}
        for scheme, prefix in (("https", "rest"), ("wss", "webSocket")):
            for mode in ("Interactive", "Conversation", "Dictation"):
                links[prefix + mode] = (
                    f"{scheme}://{host}/recognition/{mode.lower()}"
                    f"/cognitiveservices/v1?cid={entity.id}"
                )
        return links

    def _link(self, text: str) -> str:
        return self.url(text) if text.startswith("/") else text

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self.url(item)
            if name in ("self", "link") and str(item).startswith("/")
            else self._resolved(item)
            for name, item in value.items()
        }


def moment(when: datetime) -> str:
    """A time as the service writes it."""
    return when.astimezone(UTC).strftime(_TICKS_FREE)


def _modern(properties: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in properties.items() if name not in _GONE}
    if shown.pop("duration", None):
        shown["durationMilliseconds"] = 42000
    features = shown.get("features")
    if features:
        features = dict(features)
        submit = features.pop("supportsTranscriptions", None)
        shown["features"] = {
            "supportsTranscriptionsSubmit": submit,
            "supportsTranscriptionsTranscribe": False,
            **features,
        }
    return shown


def readable(entity: Entity, version: str) -> bool:
    """Whether a version may read what another one made."""
    order = (V31, V32, V2024)
    return entity.subject != "transcriptions" or (
        order.index(entity.version) <= order.index(version)
    )
