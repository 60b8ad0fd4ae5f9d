"""Files of entities, logs and manifests, with links to their contents.

Facts: rest-api.md sections 2.4 and 6.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from . import catalog
from .entity import Entity, File, View
from .operations import V2024, Operation
from .refusal import Refused, invalid, not_found
from .results import Results
from .settings import Knobs
from .storage import Storage
from .store import Store
from .wire import Request

_HALF_A_DAY = 12 * 3600
_THIRTY_DAYS = 30 * 86400
_LONGEST = 366 * 86400


class FileSets:
    """What can be downloaded."""

    def __init__(
        self, knobs: Knobs, store: Store, storage: Storage, results: Results
    ) -> None:
        self._knobs = knobs
        self._store = store
        self._storage = storage
        self._results = results
        self._logs: dict[str, list[File]] = {}

    def listed(
        self, view: View, request: Request, operation: Operation, entity: Entity
    ) -> list[dict[str, Any]]:
        """The files of an entity. Raises Refused."""
        seconds = self._validity(request, operation)
        return [
            view.show_file(
                f"{entity.path}/files", file, self._storage.link(file.blob, seconds)
            )
            for file in entity.files
        ]

    def logs(
        self,
        view: View,
        request: Request,
        operation: Operation,
        names: Mapping[str, str],
    ) -> list[dict[str, Any]]:
        """The logs of an endpoint or of a locale. Raises Refused."""
        seconds = self._validity(request, operation)
        owner = self.owner(names)
        shown = []
        for file in self._of(owner, names):
            link = self._storage.link(file.blob, seconds)
            log = view.show_file(f"{owner}/files/logs", file, link)
            # A log's id is its name.
            shown.append({**log, "self": view.url(f"{owner}/files/logs/{file.name}")})
        return shown

    def owner(self, names: Mapping[str, str]) -> str:
        """The path of what was logged. Raises Refused."""
        if "id" in names:
            return self._store.get("endpoints", names["id"]).path
        if names["locale"].lower() not in {name.lower() for name in catalog.LOCALES}:
            raise not_found()
        return f"/endpoints/base/{names['locale'].lower()}"

    def drop_logs(self, names: Mapping[str, str], goes: Callable[[str], bool]) -> None:
        """Forget some logs, by name. Raises Refused."""
        owner = self.owner(names)
        kept = [file for file in self._of(owner, names) if not goes(file.name)]
        self._logs[owner] = kept

    def manifest(
        self, view: View, request: Request, operation: Operation, model: Entity
    ) -> dict[str, Any]:
        """The manifest of a model. Raises Refused."""
        seconds = self._validity(request, operation)
        if model.subject == "base" and seconds is None:
            seconds = _HALF_A_DAY  # its files are not the user's, nor their storage
        files = [
            {"name": name, "contentUrl": self._storage.link(blob, seconds)}
            for name, blob in self._results.manifest_files(model)
        ]
        if "unsafe-names" in self._knobs.fail:
            files.append({**files[0], "name": "../outside.fe"})
        spec = (
            f"audio(%MODELSPATH%{files[0]['name']},8kHz16kHzLFB80EnergyMLPVADRuntime)"
        )
        return {
            "model": {"self": view.url(model.path)},
            "modelFiles": files,
            "properties": {"IN_FESpec": spec, "IN_BeamSize": 5000},
        }

    def _of(self, owner: str, names: Mapping[str, str]) -> list[File]:
        if owner not in self._logs:
            self._logs[owner] = list(self._new_logs(owner, names))
        return self._logs[owner]

    def _new_logs(self, owner: str, names: Mapping[str, str]) -> list[File]:
        if "id" in names:
            endpoint = self._store.get("endpoints", names["id"])
            if not endpoint.fields.get("properties", {}).get("loggingEnabled"):
                return []
        folder = hashlib.md5(owner.encode(), usedforsecurity=False).hexdigest()
        locale = names.get("locale", "en-US")
        files = []
        for number in range(self._knobs.logs):
            log = uuid.uuid5(uuid.NAMESPACE_URL, f"{owner} {number // 2}")
            day = f"2026-01-{1 + number // 2 % 28:02}"
            name = f"{day}_080000_{log}{('.wav', '.json')[number % 2]}"
            files.append(self._results.log(folder, locale, str(log), name))
        return files

    def _validity(self, request: Request, operation: Operation) -> int | None:
        """How long links are valid, in seconds; None is a plain link."""
        if operation.version == V2024:
            return self._validity_of_2024(request, operation)
        text = request.asked(operation.sas)
        if text is None:
            return _THIRTY_DAYS if self._knobs.byos else _HALF_A_DAY
        return _number(text) or None

    def _validity_of_2024(self, request: Request, operation: Operation) -> int | None:
        text = request.asked(operation.sas)
        if operation.verb == "manifest":
            if not (minutes := _number(text or "0")):
                raise _invalid(text or "")
            return 60 * minutes
        if self._knobs.byos:
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
