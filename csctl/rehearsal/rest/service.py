"""The service: what each operation does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from . import blocks, catalog, filters, page, shapes
from .body import read_form, read_json
from .entity import TERMINAL, Entity, View, readable
from .file_sets import FileSets
from .operations import V2024, Operation
from .refusal import Refused, invalid, not_found, service
from .settings import Knobs
from .storage import Content
from .store import Store
from .wire import Answer, Request

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
_TRANSCRIPTION = {
    "diarizationEnabled": False,
    "wordLevelTimestampsEnabled": False,
    "displayFormWordLevelTimestampsEnabled": False,
    "channels": [0, 1],
    "punctuationMode": "DictatedAndAutomatic",
    "profanityFilterMode": "Masked",
}
_KEYS = ("rehearsal",)


class Call:
    """One request to one operation."""

    def __init__(
        self, request: Request, operation: Operation, names: dict[str, str], view: View
    ) -> None:
        self.request = request
        self.operation = operation
        self.names = names
        self.view = view

    @property
    def version(self) -> str:
        """The API version that was asked."""
        return self.operation.version


class Service:
    """Carries out operations on a store."""

    def __init__(self, knobs: Knobs, store: Store, file_sets: FileSets) -> None:
        self._knobs = knobs
        self._store = store
        self._files = file_sets
        self._verbs: dict[str, Callable[[Call], Answer]] = {
            "authorize": self._authorize,
            "block": self._block,
            "blocks": self._blocks,
            "commit": self._commit,
            "copy": self._copy,
            "copy_to": self._copy_to,
            "create": self._create,
            "delete": self._delete,
            "drop_log": self._drop_log,
            "drop_logs": self._drop_logs,
            "file": self._file,
            "files": self._list_files,
            "get": self._get,
            "health": self._health,
            "list": self._list,
            "locales": self._locales,
            "log": self._log,
            "logs": self._list_logs,
            "manifest": self._manifest,
            "ping": self._ping,
            "test": self._test,
            "transcribe": self._transcribe,
            "update": self._update,
            "upload": self._upload,
        }

    def answer(
        self, request: Request, operation: Operation, names: dict[str, str]
    ) -> Answer:
        """What an operation says. Raises Refused."""
        root = self._knobs.links or request.base
        view = View(root, operation.version, self._knobs.region)
        _check_query(request, operation)
        with self._store.lock:
            call = Call(request, operation, names, view)
            return self._verbs[operation.verb](call)

    def _locales(self, call: Call) -> Answer:
        if call.operation.subject == "datasets":
            if call.version == V2024:
                kinds = {kind: list(catalog.LOCALES) for kind in catalog.KINDS}
                return Answer.json(200, kinds)
            locales = {name: list(catalog.KINDS) for name in catalog.LOCALES}
            return Answer.json(200, locales)
        names = list(catalog.LOCALES)
        if call.operation.subject == "transcriptions" and call.version == V2024:
            return Answer.json(200, {"Transcribe": names, "Submit": names})
        return Answer.json(200, names)

    def _list(self, call: Call) -> Answer:
        subject = call.operation.subject
        entities = self._store.all(subject)
        if project := call.names.get("id"):
            own = self._store.get("projects", project).reference
            entities = [one for one in entities if one.fields.get("project") == own]
        entities = [one for one in entities if readable(one, call.version)]
        text = call.request.asked("filter")
        if text is not None:
            test = filters.read(text, subject)
            entities = [one for one in entities if test(call.view.show(one))]
        window = page.by_number(call.request, self._knobs.page)

        def link(end: int) -> str:
            skip = window.skip if "link-loop" in self._knobs.fail else end
            return self._next(call, skip=skip, top=window.top, filter=text)

        found = page.page(entities, window, self._show(call), link)
        shown = entities[window.skip : window.skip + window.top]
        return self._answer(call, found, pending=any(map(_is_pending, shown)))

    def _get(self, call: Call) -> Answer:
        entity = self._named(call)
        return self._answer(call, self._show(call)(entity), pending=_is_pending(entity))

    def _create(self, call: Call) -> Answer:
        fields = self._read(call)
        subject = call.operation.subject
        self._check_locale(fields)
        properties: dict[str, Any] = {}
        match subject:
            case "transcriptions":
                _check_sources(fields)
                properties = dict(_TRANSCRIPTION)
            case "webhooks":
                properties = {"apiVersion": call.version}
            case "endpoints" if call.version == V2024 and not self._knobs.byos:
                if fields.get("properties", {}).get("loggingEnabled"):
                    raise invalid(
                        "EndpointLoggingNotSupported",
                        "Only accounts with BYOS enabled can enable logging.",
                    )
        entity = Entity(subject, call.version, fields, properties=properties)
        return self._keep(call, entity)

    def _upload(self, call: Call) -> Answer:
        form = read_form(call.request)
        shapes.check("DatasetUpload", _with_reference(form), call.version)
        data = form.pop("data", b"")
        fields = _with_reference(form)
        self._check_references(fields)
        self._check_locale(fields)
        entity = Entity("datasets", call.version, fields, data=Content.of(data))
        return self._keep(call, entity)

    def _keep(self, call: Call, entity: Entity) -> Answer:
        self._store.add(entity)
        shown = self._show(call)(entity)
        return Answer.json(201, shown, ("Location", shown["self"]))

    def _update(self, call: Call) -> Answer:
        entity = self._named(call)
        changes = self._read(call)
        logging = changes.get("properties", {}).pop("contentLoggingEnabled", None)
        if logging is not None:
            changes["properties"]["loggingEnabled"] = logging
        if entity.subject == "webhooks":
            # A secret that is not given again switches the signature off.
            kept = {**entity.fields.pop("properties", {})}
            kept.pop("secret", None)
            changes["properties"] = {**kept, **changes.get("properties", {})}
        else:
            old = entity.fields.get("properties", {})
            if "properties" in changes:
                changes["properties"] = {**old, **changes["properties"]}
        moved = changes.get("webUrl", "") not in ("", entity.fields.get("webUrl"))
        for name, value in changes.items():
            if value is None:
                entity.fields.pop(name, None)
            else:
                entity.fields[name] = value
        entity.changed = datetime.now(UTC)
        if moved:
            self._store.challenge(entity)
        return self._get(call)

    def _delete(self, call: Call) -> Answer:
        try:
            self._store.remove(self._named(call))
        except Refused:
            if call.operation.subject not in _DELETED_IS_FINE:
                raise
        return Answer(204)

    def _blocks(self, call: Call) -> Answer:
        return self._answer(call, blocks.listed(self._named(call)))

    def _block(self, call: Call) -> Answer:
        blocks.put(self._named(call), call.request)
        return Answer(201)

    def _commit(self, call: Call) -> Answer:
        dataset = self._named(call)
        entries = read_json(call.request, ("application/json",))
        if not isinstance(entries, list) or not entries:
            raise service(400, "InvalidPayload", "A list of blocks is expected.")
        for entry in entries:
            shapes.check("CommitBlocksEntry", entry, call.version)
        blocks.commit(dataset, entries)
        self._store.begin(dataset)
        return Answer(200)

    def _copy_to(self, call: Call) -> Answer:
        model, body = self._named(call), self._read(call)
        if body["targetSubscriptionKey"] not in _KEYS:
            raise invalid(
                "SubscriptionNotFound", "The target subscription cannot be found."
            )
        return self._keep(call, _twin(model, call.version))

    def _authorize(self, call: Call) -> Answer:
        body = self._read(call)
        ends = datetime.now(UTC) + timedelta(days=1)
        return Answer.json(
            200,
            {
                "targetResourceRegion": self._knobs.region,
                "targetResourceId": "/subscriptions/rehearsal/target",
                "targetResourceEndpoint": call.request.base,
                "sourceResourceId": body["sourceResourceId"],
                "expirationDateTime": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
                "id": Entity("copies", call.version, {}).id,
            },
        )

    def _copy(self, call: Call) -> Answer:
        model = self._named(call)
        self._read(call)
        twin = _twin(model, call.version)
        self._store.add(twin)
        state = Entity("copies", call.version, {"result": {"link": twin.path}})
        self._store.add(state)
        shown = self._show(call)(state)
        headers = self._retry_after(), ("Operation-Location", shown["self"])
        return Answer.json(202, shown, *headers)

    def _list_files(self, call: Call) -> Answer:
        text = call.request.asked("filter")
        entity = self._named(call)
        found = self._files.listed(call.view, call.request, call.operation, entity)
        if text is not None:
            test = filters.read(text, "files")
            found = [file for file in found if test(file)]
        window = page.by_number(call.request, self._knobs.page)
        # One of Microsoft's examples forgets its filter.
        kept = None if call.operation.subject == "transcriptions" else text

        def link(end: int) -> str:
            return self._next(call, skip=end, top=window.top, filter=kept)

        shown = page.page(found, window, dict, link)
        return self._answer(call, shown, pending=_is_pending(entity))

    def _file(self, call: Call) -> Answer:
        entity = self._named(call)
        wanted = call.names["fileId"].lower()
        for file in self._files.listed(call.view, call.request, call.operation, entity):
            if file["self"].partition("?")[0].endswith(wanted):
                return Answer.json(200, file)
        raise not_found()

    def _list_logs(self, call: Call) -> Answer:
        found = self._files.logs(call.view, call.request, call.operation, call.names)
        window = page.by_token(call.request, self._knobs.page)

        def link(end: int) -> str:
            return self._next(call, top=window.top, skipToken=page.token(end))

        return self._answer(call, page.page(found, window, dict, link))

    def _log(self, call: Call) -> Answer:
        for log in self._files.logs(
            call.view, call.request, call.operation, call.names
        ):
            if log["name"] == call.names["logId"]:
                return Answer.json(200, log)
        raise not_found()

    def _drop_log(self, call: Call) -> Answer:
        self._log(call)
        self._files.drop_logs(call.names, lambda name: name == call.names["logId"])
        return Answer(204)

    def _drop_logs(self, call: Call) -> Answer:
        self._files.owner(call.names)
        last = call.request.asked("endDate")
        if last is not None:
            try:
                datetime.strptime(last, "%Y-%m-%d")
            except ValueError:
                raise invalid("InvalidLogDate", f"{last} is no date.") from None
        self._files.drop_logs(
            call.names, lambda name: last is None or name[: len(last)] <= last
        )
        return Answer(202)

    def _manifest(self, call: Call) -> Answer:
        model = self._named(call)
        return Answer.json(
            200,
            self._files.manifest(call.view, call.request, call.operation, model),
        )

    def _ping(self, call: Call) -> Answer:
        hook = self._named(call)
        self._store.ping(hook, self._show(call)(hook))
        return Answer(202, headers=(self._retry_after(),))

    def _test(self, call: Call) -> Answer:
        if not self._store.test(self._named(call)):
            return Answer(204)
        return Answer(202, headers=(self._retry_after(),))

    def _health(self, call: Call) -> Answer:  # noqa: ARG002
        state = "Degraded" if "unhealthy" in self._knobs.fail else "Healthy"
        database = {"name": "Database", "type": "SpeechServicesDbContext"}
        found = {"status": state, "components": [{**database, "status": state}]}
        if state != "Healthy":
            found["message"] = "The database is slow."
        return Answer.json(200, found)

    def _transcribe(self, call: Call) -> Answer:
        form = read_form(call.request)
        shapes.check("Transcribe", form, call.version)
        text = "Hello from the rehearsal."
        phrase = {"offsetMilliseconds": 0, "durationMilliseconds": 2500, "text": text}
        return Answer.json(
            200,
            {
                "durationMilliseconds": 2500,
                "combinedPhrases": [{"text": text}],
                "phrases": [{**phrase, "locale": "en-US", "confidence": 0.98}],
            },
        )

    def _named(self, call: Call) -> Entity:
        entity = self._store.get(call.operation.subject, call.names["id"])
        if not readable(entity, call.version):
            raise invalid(
                "InvalidTranscription",
                "The API version can't be used to access this transcription. Use API"
                f" version {entity.version} or higher.",
            )
        return entity

    def _read(self, call: Call) -> dict[str, Any]:
        kinds = ["application/json"]
        if call.operation.method == "PATCH":
            kinds.append("application/merge-patch+json")
        body: dict[str, Any] = read_json(call.request, kinds)
        shapes.check(call.operation.body, body, call.version)
        self._check_references(body)
        return body

    def _check_references(self, body: dict[str, Any]) -> None:
        """Each must name what is there; it is kept as a path."""
        for name, subject in _REFERENCES.items():
            value = body.get(name)
            if isinstance(value, list):
                body[name] = [self._store.resolve(subject, o).reference for o in value]
            elif value is not None:
                body[name] = self._store.resolve(subject, value).reference

    def _check_locale(self, fields: dict[str, Any]) -> None:
        if "locale" not in fields:
            return
        known = {name.lower(): name for name in catalog.LOCALES}
        if fields["locale"].lower() not in known:
            raise invalid(
                "InvalidLocale", f"The locale {fields['locale']} is not supported."
            )

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
        return {
            f"{subject.removesuffix('s')}Count": sum(
                one.fields.get("project") == project.reference
                for one in self._store.all(subject)
            )
            for subject in (
                *("evaluations", "datasets", "models", "transcriptions"),
                "endpoints",
            )
        }

    def _next(self, call: Call, **parts: object) -> str:
        plain, _, version = call.view.url(_path(call)).partition("?")
        return f"{plain}?{page.query(**parts)}" + (f"&{version}" if version else "")

    def _answer(self, call: Call, value: Any, *, pending: bool = False) -> Answer:
        declared = "Retry-After" in call.operation.headers
        headers = (self._retry_after(),) if pending and declared else ()
        return Answer.json(200, value, *headers)

    def _retry_after(self) -> tuple[str, str]:
        return "Retry-After", str(self._knobs.retry_after)


def _check_query(request: Request, operation: Operation) -> None:
    known = {parameter.name for parameter in operation.query}
    for name, _ in request.query:
        if name not in known:
            raise invalid(
                "InvalidParameter", f"The query parameter '{name}' is not known.", name
            )
    for parameter in operation.query:
        if parameter.required and not request.asked(parameter.name):
            raise invalid(
                "InvalidParameter",
                f"The query parameter '{parameter.name}' is required.",
                parameter.name,
            )


def _check_sources(fields: dict[str, Any]) -> None:
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


def _with_reference(form: dict[str, Any]) -> dict[str, Any]:
    """A form's fields as those of a body: texts stand for what has an inside."""
    fields = dict(form)
    if isinstance(fields.get("project"), str):
        fields["project"] = {"self": fields["project"]}
    if isinstance(fields.get("customProperties"), str):
        fields["customProperties"] = blocks.parse(fields["customProperties"])
    return fields


def _twin(model: Entity, version: str) -> Entity:
    fields = {k: v for k, v in model.fields.items() if k not in ("project", "datasets")}
    return Entity("models", version, fields)


def _path(call: Call) -> str:
    return call.operation.path.format(**call.names)


def _is_pending(entity: Entity) -> bool:
    return entity.status not in TERMINAL
