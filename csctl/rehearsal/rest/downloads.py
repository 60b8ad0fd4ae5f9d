"""What can be downloaded: files of entities, logs, the files of a model.

Facts: rest-api.md sections 2.4 and 6.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from . import catalog, filters, page
from .call import Call, is_pending
from .entity import File
from .operations import V2024
from .refusal import Refused, invalid, not_found
from .results import Results
from .storage import Storage
from .store import Store
from .wire import Answer

_HALF_A_DAY = 12 * 3600
_THIRTY_DAYS = 30 * 86400
_LONGEST = 366 * 86400


class Downloads:
    """Tells of files, with links to their contents."""

    def __init__(self, store: Store, storage: Storage, results: Results) -> None:
        self._store = store
        self._storage = storage
        self._results = results
        self._logs: dict[str, list[File]] = {}

    def files(self, call: Call) -> Answer:
        """A page of an entity's files."""
        entity = self._store.get(call.subject, call.names["id"])
        found = list(self._files(call))
        text = call.request.asked("filter")
        if text is not None:
            test = filters.read(text, "files")
            found = [file for file in found if test(file)]
        window = page.by_number(call.request, call.knobs.page)
        # One of Microsoft's examples forgets its filter.
        kept = None if call.subject == "transcriptions" else text

        def link(end: int) -> str:
            return call.next_link(skip=end, top=window.top, filter=kept)

        shown = page.page(found, window, dict, link)
        return call.answer(shown, pending=is_pending(entity))

    def file(self, call: Call) -> Answer:
        """One file of an entity."""
        wanted = call.names["fileId"].lower()
        for file in self._files(call):
            if file["self"].partition("?")[0].endswith(wanted):
                return Answer.json(200, file)
        raise not_found()

    def logs(self, call: Call) -> Answer:
        """A page of the logs of an endpoint or of a locale."""
        found = list(self._shown_logs(call))
        window = page.by_token(call.request, call.knobs.page)

        def link(end: int) -> str:
            return call.next_link(top=window.top, skipToken=page.token(end))

        return call.answer(page.page(found, window, dict, link))

    def log(self, call: Call) -> Answer:
        """One log."""
        for log in self._shown_logs(call):
            if log["name"] == call.names["logId"]:
                return Answer.json(200, log)
        raise not_found()

    def drop_log(self, call: Call) -> Answer:
        """Delete one log."""
        self.log(call)
        self._keep_logs(call, lambda name: name != call.names["logId"])
        return Answer(204)

    def drop_logs(self, call: Call) -> Answer:
        """Delete all logs, or those up to a day."""
        last = call.request.asked("endDate")
        try:
            end = date.max if last is None else date.fromisoformat(last)
        except ValueError:
            raise invalid("InvalidLogDate", f"{last} is no date.") from None
        self._keep_logs(call, lambda name: name[:10] > end.isoformat())
        return Answer(202)

    def manifest(self, call: Call) -> Answer:
        """What a model is made of."""
        model = self._store.get(call.subject, call.names["id"])
        seconds = _validity(call)
        if model.subject == "base" and seconds is None:
            seconds = _HALF_A_DAY  # its files are not the user's, nor their storage
        files = [
            {"name": name, "contentUrl": self._storage.link(blob, seconds)}
            for name, blob in self._results.manifest_files(model)
        ]
        if "unsafe-names" in call.knobs.fail:
            files.append({**files[0], "name": "../outside.fe"})
        spec = (
            f"audio(%MODELSPATH%{files[0]['name']},8kHz16kHzLFB80EnergyMLPVADRuntime)"
        )
        return Answer.json(
            200,
            {
                "model": {"self": call.view.url(model.path)},
                "modelFiles": files,
                "properties": {"IN_FESpec": spec, "IN_BeamSize": 5000},
            },
        )

    def _files(self, call: Call) -> Iterator[dict[str, Any]]:
        entity = self._store.get(call.subject, call.names["id"])
        seconds = _validity(call)
        for file in entity.files:
            link = self._storage.link(file.blob, seconds)
            yield call.view.show_file(f"{entity.path}/files/{file.id}", file, link)

    def _shown_logs(self, call: Call) -> Iterator[dict[str, Any]]:
        seconds = _validity(call)
        owner = self._owner(call)
        for log in self._logs_of(call, owner):
            link = self._storage.link(log.blob, seconds)
            yield call.view.show_file(f"{owner}/files/logs/{log.name}", log, link)

    def _keep_logs(self, call: Call, stays: Callable[[str], bool]) -> None:
        owner = self._owner(call)
        kept = [log for log in self._logs_of(call, owner) if stays(log.name)]
        self._logs[owner] = kept

    def _owner(self, call: Call) -> str:
        """The path of what was logged. Raises Refused."""
        if "id" in call.names:
            return self._store.get("endpoints", call.names["id"]).path
        locale = call.names["locale"].lower()
        if locale not in {name.lower() for name in catalog.LOCALES}:
            raise not_found()
        return f"/endpoints/base/{locale}"

    def _logs_of(self, call: Call, owner: str) -> list[File]:
        if owner not in self._logs:
            self._logs[owner] = list(self._new_logs(call, owner))
        return self._logs[owner]

    def _new_logs(self, call: Call, owner: str) -> Iterator[File]:
        if "id" in call.names:
            endpoint = self._store.get("endpoints", call.names["id"])
            if not endpoint.fields.get("properties", {}).get("loggingEnabled"):
                return
        folder = hashlib.md5(owner.encode(), usedforsecurity=False).hexdigest()
        locale = call.names.get("locale", "en-US")
        for number in range(call.knobs.logs):
            pair, kind = divmod(number, 2)
            log = uuid.uuid5(uuid.NAMESPACE_URL, f"{owner} {pair}")
            day = f"2026-01-{1 + pair % 28:02}"
            name = f"{day}_080000_{log}{('.wav', '.json')[kind]}"
            yield self._results.log(f"{folder}/{locale}/{day}", name)


def _validity(call: Call) -> int | None:
    """How long links are valid, in seconds; None is a plain link. Raises Refused."""
    text = call.request.asked(call.operation.sas)
    if call.version == V2024:
        return _validity_of_2024(call, text)
    if text is None:
        return _THIRTY_DAYS if call.knobs.byos else _HALF_A_DAY
    return _number(text) or None


def _validity_of_2024(call: Call, text: str | None) -> int | None:
    if call.operation.verb == "manifest":
        if not (minutes := _number(text or "0")):
            raise _invalid(text or "")
        return 60 * minutes
    if call.knobs.byos:
        if text is not None:
            raise _invalid(text)
        return None
    return _HALF_A_DAY if text is None else (60 * _number(text) or None)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) > _LONGEST:
        raise _invalid(text)
    return int(text)


def _invalid(text: str) -> Refused:
    return invalid("InvalidSasValidityDuration", f"'{text}' is no validity of a SAS.")
