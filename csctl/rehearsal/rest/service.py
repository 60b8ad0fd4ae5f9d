"""The service: which part carries out which operation."""

from __future__ import annotations

from collections.abc import Callable

from . import catalog, shapes
from .body import read_form
from .call import Call
from .copies import Copies
from .datasets import Datasets
from .downloads import Downloads
from .entities import Entities
from .entity import View
from .operations import V2024, Operation
from .settings import Knobs
from .store import Store
from .wire import Answer, Request


class Service:
    """Carries out operations on a store."""

    def __init__(self, knobs: Knobs, store: Store, downloads: Downloads) -> None:
        self._knobs = knobs
        self._store = store
        entities = Entities(store)
        copies = Copies(store, entities)
        datasets = Datasets(store, entities)
        self._verbs: dict[str, Callable[[Call], Answer]] = {
            "authorize": copies.authorize,
            "block": datasets.block,
            "blocks": datasets.blocks,
            "commit": datasets.commit,
            "copy": copies.copy,
            "copy_to": copies.copy_to,
            "create": entities.create,
            "delete": entities.delete,
            "drop_log": downloads.drop_log,
            "drop_logs": downloads.drop_logs,
            "file": downloads.file,
            "files": downloads.files,
            "get": entities.get,
            "health": _health,
            "list": entities.list,
            "locales": _locales,
            "log": downloads.log,
            "logs": downloads.logs,
            "manifest": downloads.manifest,
            "ping": entities.ping,
            "test": entities.test,
            "transcribe": _transcribe,
            "update": entities.update,
            "upload": datasets.upload,
        }

    def answer(
        self, request: Request, operation: Operation, names: dict[str, str]
    ) -> Answer:
        """What an operation says. Raises Refused."""
        root = self._knobs.links or request.base
        view = View(root, operation.version, self._knobs.region)
        call = Call(request, operation, names, view, self._knobs)
        call.check_query()
        with self._store.lock:
            return self._verbs[operation.verb](call)


def _locales(call: Call) -> Answer:
    names = list(catalog.LOCALES)
    match call.subject:
        case "datasets" if call.version == V2024:
            return Answer.json(200, {kind: names for kind in catalog.KINDS})
        case "datasets":
            return Answer.json(200, {name: list(catalog.KINDS) for name in names})
        case "transcriptions" if call.version == V2024:
            return Answer.json(200, {"Transcribe": names, "Submit": names})
    return Answer.json(200, names)


def _health(call: Call) -> Answer:
    state = "Degraded" if "unhealthy" in call.knobs.fail else "Healthy"
    database = {"name": "Database", "type": "SpeechServicesDbContext"}
    found = {"status": state, "components": [{**database, "status": state}]}
    if state != "Healthy":
        found["message"] = "The database is slow."
    return Answer.json(200, found)


def _transcribe(call: Call) -> Answer:
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
