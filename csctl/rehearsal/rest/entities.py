"""The verbs that all sets of entities share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from . import catalog, filters, page, shapes
from .body import read_json
from .call import Call, is_pending
from .entity import Entity, readable
from .operations import V2024
from .refusal import Refused, invalid
from .store import Store
from .wire import Answer

_DELETED_IS_FINE = ("datasets", "models", "evaluations", "transcriptions", "projects")
_REFERENCES = {
    "model": "models",
    "model1": "models",
    "model2": "models",
    "baseModel": "models",
    "dataset": "datasets",
    "datasets": "datasets",
    "project": "projects",
    "transcription1": "transcriptions",
    "transcription2": "transcriptions",
}
_MOST_SOURCES = 1000
_TTL_HOURS = range(6, 31 * 24 + 1)
_TRANSCRIPTION = {
    "diarizationEnabled": False,
    "wordLevelTimestampsEnabled": False,
    "displayFormWordLevelTimestampsEnabled": False,
    "channels": [0, 1],
    "punctuationMode": "DictatedAndAutomatic",
    "profanityFilterMode": "Masked",
}
_COUNTED = ("evaluations", "datasets", "models", "transcriptions", "endpoints")


class Entities:
    """Lists, shows, makes, changes and deletes them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, call: Call) -> Answer:
        """A page of a set, or of what belongs to a project."""
        entities = self._store.all(call.subject)
        if project := call.names.get("id"):
            own = self._store.get("projects", project).reference
            entities = [one for one in entities if one.fields.get("project") == own]
        entities = [one for one in entities if readable(one, call.version)]
        text = call.request.asked("filter")
        if text is not None:
            test = filters.read(text, call.subject)
            entities = [one for one in entities if test(one.filterable)]
        window = page.by_number(call.request, call.knobs.page)

        def link(end: int) -> str:
            skip = window.skip if "link-loop" in call.knobs.fail else end
            return call.next_link(skip=skip, top=window.top, filter=text)

        found = page.page(entities, window, self._show(call), link)
        shown = entities[window.skip : window.skip + window.top]
        return call.answer(found, pending=any(map(is_pending, shown)))

    def get(self, call: Call) -> Answer:
        """One entity."""
        entity = self.named(call)
        return call.answer(self.show(call, entity), pending=is_pending(entity))

    def create(self, call: Call) -> Answer:
        """A new entity, and its job."""
        fields = self.read(call)
        self.check_locale(fields)
        properties: dict[str, Any] = {}
        match call.subject:
            case "transcriptions":
                _check_transcription(fields)
                properties = dict(_TRANSCRIPTION)
            case "webhooks":
                properties = {"apiVersion": call.version}
            case "endpoints" if call.version == V2024 and not call.knobs.byos:
                if fields.get("properties", {}).get("loggingEnabled"):
                    raise invalid(
                        "EndpointLoggingNotSupported",
                        "Only accounts with BYOS enabled can enable logging.",
                    )
        entity = Entity(call.subject, call.version, fields, properties=properties)
        return self.keep(call, entity)

    def keep(self, call: Call, entity: Entity) -> Answer:
        """Add an entity, and say where it is."""
        self._store.add(entity)
        shown = self.show(call, entity)
        return Answer.json(201, shown, ("Location", shown["self"]))

    def update(self, call: Call) -> Answer:
        """Merge what is given into an entity; null takes away."""
        entity = self.named(call)
        changes = self.read(call)
        logging = changes.get("properties", {}).pop("contentLoggingEnabled", None)
        if logging is not None:
            changes["properties"]["loggingEnabled"] = logging
        old = dict(entity.fields.get("properties", {}))
        if entity.subject == "webhooks":
            # A secret that is not given again switches the signature off.
            old.pop("secret", None)
            entity.fields["properties"] = old
        if "properties" in changes:
            changes["properties"] = {**old, **changes["properties"]}
        moved = changes.get("webUrl") not in (None, entity.fields.get("webUrl"))
        for name, value in changes.items():
            if value is None:
                entity.fields.pop(name, None)
            else:
                entity.fields[name] = value
        entity.changed = datetime.now(UTC)
        if moved:
            self._store.challenge(entity)
        return self.get(call)

    def delete(self, call: Call) -> Answer:
        """Forget an entity; most kinds may be gone already."""
        try:
            self._store.remove(self.named(call))
        except Refused:
            if call.subject not in _DELETED_IS_FINE:
                raise
        return Answer(204)

    def ping(self, call: Call) -> Answer:
        """Send a web hook itself."""
        hook = self.named(call)
        self._store.ping(hook, self.show(call, hook))
        return Answer(202, headers=(call.retry_after,))

    def test(self, call: Call) -> Answer:
        """Send a web hook what last would have invoked it."""
        if not self._store.test(self.named(call)):
            return Answer(204)
        return Answer(202, headers=(call.retry_after,))

    def named(self, call: Call) -> Entity:
        """The entity that the path names. Raises Refused."""
        entity = self._store.get(call.subject, call.names["id"])
        if not readable(entity, call.version):
            raise invalid(
                "InvalidTranscription",
                "The API version can't be used to access this transcription. Use API"
                f" version {entity.version} or higher.",
            )
        return entity

    def read(self, call: Call) -> dict[str, Any]:
        """The body, of the operation's shape. Raises Refused."""
        kinds = ["application/json"]
        if call.operation.method == "PATCH":
            kinds.append("application/merge-patch+json")
        body: dict[str, Any] = read_json(call.request, kinds)
        shapes.check(call.operation.body, body, call.version)
        self.resolve_references(body)
        return body

    def resolve_references(self, body: dict[str, Any]) -> None:
        """Each must name what is there; it is kept as a path. Raises Refused."""
        for name, subject in _REFERENCES.items():
            value = body.get(name)
            if isinstance(value, dict):
                body[name] = self._store.resolve(subject, value).reference
            elif value is not None:
                found = [self._store.resolve(subject, one) for one in value]
                body[name] = [one.reference for one in found]

    def check_locale(self, fields: dict[str, Any]) -> None:
        """Refuse a locale that the service does not know. Raises Refused."""
        locale = fields.get("locale", catalog.LOCALES[0])
        if locale.lower() not in {name.lower() for name in catalog.LOCALES}:
            raise invalid("InvalidLocale", f"The locale {locale} is not supported.")

    def show(self, call: Call, entity: Entity) -> dict[str, Any]:
        """An entity as the caller's version shows it."""
        return self._show(call)(entity)

    def _show(self, call: Call) -> Callable[[Entity], dict[str, Any]]:
        def show(entity: Entity) -> dict[str, Any]:
            shown = call.view.show(entity)
            if entity.subject == "projects":
                shown["properties"] = self._counts(entity)
            if entity.subject == "transcriptions" and call.operation.method == "POST":
                shown.pop("contentUrls", None)
            return shown

        return show

    def _counts(self, project: Entity) -> dict[str, int]:
        own = project.reference
        return {
            f"{subject.removesuffix('s')}Count": sum(
                one.fields.get("project") == own for one in self._store.all(subject)
            )
            for subject in _COUNTED
        }


def _check_transcription(fields: dict[str, Any]) -> None:
    given = {"contentUrls", "contentContainerUrl", "dataset"} & fields.keys()
    if len(given) != 1:
        raise invalid(
            "OnlyOneOfUrlsOrContainerOrDataset",
            "Exactly one of contentUrls, contentContainerUrl and dataset is expected.",
        )
    urls = fields.get("contentUrls", ())
    if "contentUrls" in given and not 1 <= len(urls) <= _MOST_SOURCES:
        raise invalid(
            "ExceededNumberOfRecordingsUris",
            f"Between 1 and {_MOST_SOURCES} recordings are expected.",
        )
    hours = fields.get("properties", {}).get("timeToLiveHours", _TTL_HOURS[0])
    if hours not in _TTL_HOURS:
        raise invalid("InvalidTimeToLive", "Between 6 hours and 31 days are expected.")
