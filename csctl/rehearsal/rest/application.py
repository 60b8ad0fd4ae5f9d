"""Both servers as one application: the API on one port, the storage on another."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from . import gate, operations, refusal
from .downloads import Downloads
from .entity import View
from .gate import Faults, InvalidFault, Limit
from .journal import Journal
from .operations import V31, V32, V2024, Found
from .refusal import Refused
from .results import Results
from .service import Service
from .settings import Knobs
from .storage import Storage
from .store import Store
from .wire import Answer, Request, Server

PREFIX = "/speechtotext"
DEBUGGING = "/rehearsal"
_VOICES = "/tts/cognitiveservices/voices/list"


class Rehearsal:
    """The REST API, with all that belongs to it."""

    def __init__(self, knobs: Knobs, port: int) -> None:
        """Listen, but do not answer yet. Raises OSError and InvalidFault."""
        self._knobs = knobs
        self._journal = Journal()
        self._faults = Faults(knobs.faults)
        self._limit = Limit(knobs.limit)
        self.api = Server(port, self._answer_api)
        self.blobs = Server(0, self._answer_storage)
        self._storage = storage = Storage(own=knobs.byos)
        storage.url = self.blobs.url
        results = Results(storage, knobs.file_bytes, byos=knobs.byos)
        view = View(knobs.links or self.api.url, V31, knobs.region)
        store = Store(knobs, results, view)
        self._service = Service(knobs, store, Downloads(store, storage, results))

    def run(self) -> None:
        """Answer until the program is stopped."""
        self.blobs.start()
        self.api.serve_forever()

    def _answer_api(self, request: Request) -> Answer:
        if request.path.startswith(DEBUGGING + "/"):
            return self._debug(request)
        return self._record("api", request, self._answer_client)

    def _answer_storage(self, request: Request) -> Answer:
        return self._record("storage", request, self._storage.answer)

    def _record(
        self, server: str, request: Request, answer: Callable[[Request], Answer]
    ) -> Answer:
        entry = self._journal.add(server, request)
        time.sleep(self._knobs.delay_seconds)
        found = self._faults.apply(server, request, answer)
        entry["status"] = found.status
        return found

    def _answer_client(self, request: Request) -> Answer:
        try:
            self._limit.check()
            gate.check_key(request)
            if request.method == "POST" and request.path == "/sts/v1.0/issueToken":
                return Answer.text(200, "application/jwt", gate.TOKEN)
            if self._knobs.private and request.path.startswith(_VOICES):
                return Answer.json(200, [])
            found = _find(request)
            answer = self._service.answer(request, found.operation, found.names)
        except Refused as refused:
            answer = Answer.json(refused.status, refused.body)
            kept = [p for p in answer.headers if p[0] not in refused.headers]
            answer = answer._replace(headers=(*kept, *refused.headers.items()))
        return answer._replace(headers=(*answer.headers, *self._common()))

    def _common(self) -> tuple[tuple[str, str], ...]:
        headers = [
            ("apim-request-id", str(uuid.uuid4())),
            ("api-supported-versions", ",".join((V31, V32, V2024))),
        ]
        if self._knobs.deprecated:
            headers.append(("api-deprecated-versions", self._knobs.deprecated))
        return tuple(headers)

    def _debug(self, request: Request) -> Answer:
        match request.method, request.path.removeprefix(DEBUGGING):
            case "GET", "/requests":
                return Answer.json(200, self._journal.entries())
            case "DELETE", "/requests":
                self._journal.clear()
                return Answer(204)
            case "POST", "/faults":
                try:
                    self._faults.add(request.body.decode())
                except InvalidFault as error:
                    return Answer.text(400, "text/plain", str(error))
                return Answer(204)
        return Answer.text(404, "text/plain", "no such path")


def _find(request: Request) -> Found:
    """The operation that a request means. Raises Refused."""
    if not request.path.startswith(PREFIX + "/"):
        raise refusal.no_resource()
    path = request.path.removeprefix(PREFIX)
    head, _, rest = path[1:].partition("/")
    if head in (V31, V32):
        version, path = head, f"/{rest}"
    else:
        asked = request.asked("api-version")
        if asked != V2024:
            what = "missing" if asked is None else f"'{asked}', which is not supported"
            raise refusal.service(400, "InvalidRequest", f"The API version is {what}.")
        version = V2024
    found = operations.find(version, request.method, path)
    if isinstance(found, Found):
        return found
    if found:
        refused = refusal.service(405, "NotAllowed", "The method is not allowed.")
        refused.headers["Allow"] = ", ".join(sorted(found))
        raise refused
    raise refusal.not_found()
