"""The stand-in keeps to the OpenAPI documents: every operation of three versions."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from csctl.rehearsal.rest import operations
from tests.rehearsal.rest.openapi_document import (
    VERSIONS,
    Documented,
    definition,
    documented,
    shape_faults,
)
from tests.rest_api import RestApi

ALL = [operation for version in VERSIONS for operation in documented(version)]
WITH_BODY = [one for one in ALL if one.body and one.body[0].isupper()]
NAMED = {"displayName": "made by a test", "locale": "en-US"}
NOBODY = "00000000-0000-4000-8000-000000000000"
BLOCK = base64.b64encode(b"0001").decode()


class Caller:
    """Calls documented operations with what they need to succeed."""

    def __init__(self, api: RestApi, version: str) -> None:
        self._api = api
        self._version = version

    def call(self, operation: Documented) -> httpx.Response:
        """The answer to a right request."""
        path = self.path(operation)
        return self.send(operation, path, self.query(operation), self.body(operation))

    def send(
        self, operation: Documented, path: str, query: Any, body: Any
    ) -> httpx.Response:
        """The answer to a request of this operation's method and content type."""
        more: dict[str, Any] = {"params": query or None}
        if operation.form:
            files = {k: v for k, v in body.items() if isinstance(v, bytes)}
            texts = {k: v for k, v in body.items() if isinstance(v, str)}
            # A form stays one of several parts, with a file or without.
            more |= {"data": texts, "files": files or {"data": b""}}
        elif operation.body == "string:binary":
            more["content"] = body
            more["headers"] = {"Content-Type": "application/octet-stream"}
        elif operation.body:
            more["json"] = body
        return self._api.client.request(operation.method, self.url(path), **more)

    def url(self, path: str) -> str:
        """The path as this version has it."""
        if self._version.startswith("v"):
            return f"/speechtotext/{self._version}{path}"
        return f"/speechtotext{path}"

    def query(self, operation: Documented) -> dict[str, str]:
        """What must be there."""
        values = {"api-version": self._version, "blockid": BLOCK}
        return {
            name: values.get(name, "60")
            for name, required in operation.query.items()
            if required
        }

    def body(self, operation: Documented) -> Any:
        """A body that says what must be said."""
        if operation.form:
            form = {**NAMED, "kind": "Language", "data": b"words"}
            return {"audio": b"RIFF"} if "audio" in operation.form else form
        if operation.body == "CommitBlocksEntry[]":
            return [{"kind": "Uncommitted", "id": BLOCK}]
        if operation.body == "string:binary":
            return b"words"
        return self.fields(operation.body) if operation.body else None

    def fields(self, shape: str) -> dict[str, Any]:
        """The least that a shape wants."""
        match shape:
            case "Dataset":
                return {**NAMED, "kind": "Language"}
            case "Endpoint":
                logs = self._version.startswith("v")
                return {**NAMED, "properties": {"loggingEnabled": logs}}
            case "Evaluation":
                model = self._first("/models")
                dataset = self._first("/datasets")
                return {**NAMED, "model1": model, "model2": model, "dataset": dataset}
            case "Transcription":
                body = {**NAMED, "contentUrls": ["https://audio.example/a.wav"]}
                if self._version.startswith("v"):
                    return body
                return {**body, "properties": {"timeToLiveHours": 48}}
            case "WebHook":
                hook = {"webUrl": "http://hook.invalid/", "events": {"ping": True}}
                return {"displayName": "made by a test", **hook}
            case _ if shape.startswith("ModelCopy"):
                return self._copying(shape)
            case _ if shape.endswith("Update"):
                return {"displayName": "changed by a test"}
        return dict(NAMED)

    def _copying(self, shape: str) -> dict[str, Any]:
        match shape:
            case "ModelCopy":
                return {"targetSubscriptionKey": "rehearsal"}
            case "ModelCopyAuthorizationDefinition":
                return {"sourceResourceId": "/subscriptions/source"}
        given = self.call(self._operation("Models_AuthorizeCopy")).json()
        assert isinstance(given, dict)
        return given

    def path(self, operation: Documented) -> str:
        """The operation's path with the names of what is there."""
        # Logs that one test deletes are no other test's.
        locales = self._get("/endpoints/locales")
        locale = locales[ALL.index(operation) % len(locales)]
        path = operation.path.replace("{locale}", locale)
        if "{id}" in path:
            path = path.replace("{id}", self._id(operation))
        for name in ("{fileId}", "{logId}"):
            folder, mark, _ = path.partition(f"/{name}")
            if mark:
                listed = self._get(folder)["values"][0]
                path = f"{folder}/{_last(listed['self'])}"
        return path

    def _id(self, operation: Documented) -> str:
        if operation.path.startswith("/operations"):
            copied = self.call(self._operation("Models_Copy"))
            return _last(copied.headers["Operation-Location"])
        folder = operation.path.partition("/{id}")[0]
        alone = ("blocks", "logs", "webhooks")
        changes = operation.method in ("DELETE", "PATCH")
        if changes or any(word in operation.path for word in alone):
            return _last(self._make(folder, operation)["self"])
        return _last(self._first(folder)["self"])

    def _make(self, folder: str, operation: Documented) -> Any:
        create = next(
            one
            for one in documented(self._version)
            if one.method == "POST" and one.path in (folder, f"{folder}:submit")
        )
        made = self.call(create)
        assert made.status_code == 201, made.text
        if operation.id == "Datasets_CommitBlocks":
            block = self._operation("Datasets_UploadBlock")
            path = f"{folder}/{_last(made.json()['self'])}/blocks"
            put = self.send(block, path, self.query(block), self.body(block))
            assert put.status_code == 201, put.text
        return made.json()

    def _first(self, folder: str) -> dict[str, str]:
        return {"self": self._get(folder)["values"][0]["self"]}

    def _get(self, folder: str) -> Any:
        query = {} if self._version.startswith("v") else {"api-version": self._version}
        answer = self._api.client.get(self.url(folder), params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _operation(self, name: str) -> Documented:
        return next(one for one in documented(self._version) if one.id == name)


def _last(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def _faults_of_error(answer: httpx.Response, version: str) -> list[str]:
    return list(shape_faults(version, "Error", answer.json()))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_table_has_the_operations_of_the_document(version: str) -> None:
    table = {
        (one.method, one.path): {name: required for name, required in one.query}
        for one in operations.operations(version)
    }
    document = {(one.method, one.path): dict(one.query) for one in documented(version)}
    assert table == document


@pytest.mark.parametrize("operation", ALL, ids=str)
def test_the_answer_is_as_documented(api: RestApi, operation: Documented) -> None:
    answer = Caller(api, operation.version).call(operation)
    value = answer.json() if answer.content else None
    faults = operation.faults(answer.status_code, answer.headers, value)
    assert faults == [], answer.text


@pytest.mark.parametrize("operation", ALL, ids=str)
def test_an_unknown_name_in_the_query_is_refused(
    api: RestApi, operation: Documented
) -> None:
    caller = Caller(api, operation.version)
    query = {**caller.query(operation), "sasValidityInDays": "1"}
    path, body = caller.path(operation), caller.body(operation)
    answer = caller.send(operation, path, query, body)
    assert answer.status_code == 400
    assert "sasValidityInDays" in answer.json()["message"]
    assert _faults_of_error(answer, operation.version) == []


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
def test_a_body_holds_what_the_document_allows_and_nothing_else(
    api: RestApi, operation: Documented
) -> None:
    caller = Caller(api, operation.version)
    path, query = caller.path(operation), caller.query(operation)
    right = caller.body(operation)
    for wrong in _wrong_bodies(operation, right):
        answer = caller.send(operation, path, query, wrong)
        assert answer.status_code == 400, wrong
        assert _faults_of_error(answer, operation.version) == []


def _wrong_bodies(operation: Documented, right: Any) -> Iterator[Any]:
    assert operation.body is not None
    many = isinstance(right, list)
    first = right[0] if many else right
    known = definition(operation.version, operation.body.removesuffix("[]"))
    for wrong in (
        {**first, "colour": "blue"},
        *({**first, name: "x"} for name, rule in known.items() if rule.get("readOnly")),
        *(
            {key: value for key, value in first.items() if key != name}
            for name, rule in known.items()
            if rule["required"]
        ),
        *({**first, name: 5} for name, rule in known.items() if _is_text(rule)),
    ):
        yield [wrong] if many else wrong


def _is_text(rule: Any) -> bool:
    return rule.get("type") == "string" or "$ref" in rule


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
def test_a_body_of_another_content_type_is_refused(
    api: RestApi, operation: Documented
) -> None:
    caller = Caller(api, operation.version)
    url, query = caller.url(caller.path(operation)), caller.query(operation)
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        body = json.dumps(caller.body(operation))
        answer = api.client.request(
            operation.method,
            url,
            params=query,
            content=body,
            headers={"Content-Type": kind},
        )
        assert answer.status_code == 415
        assert answer.json()["code"] == "UnsupportedMediaType"
    if operation.method == "PATCH":
        kind = "application/merge-patch+json"
        answer = api.client.request(
            "PATCH", url, params=query, content=body, headers={"Content-Type": kind}
        )
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "operation", [one for one in ALL if "{id}" in one.path], ids=str
)
def test_what_is_not_there_is_not_found(api: RestApi, operation: Documented) -> None:
    caller = Caller(api, operation.version)
    query, body = caller.query(operation), caller.body(operation)
    for wrong in (NOBODY, "no-guid"):
        path = operation.path.replace("{id}", wrong)
        path = path.replace("{fileId}", NOBODY).replace("{logId}", "log.wav")
        answer = caller.send(operation, path, query, body)
        # An entity that is gone already was deleted successfully.
        fine = operation.method == "DELETE" and answer.status_code == 204
        assert fine or answer.status_code == 404
        assert fine or _faults_of_error(answer, operation.version) == []


@pytest.mark.parametrize("operation", ALL, ids=str)
def test_another_method_is_refused(api: RestApi, operation: Documented) -> None:
    caller = Caller(api, operation.version)
    taken = {
        one.method
        for one in documented(operation.version)
        if one.path == operation.path
    }
    method = min({"DELETE", "GET", "PATCH", "POST", "PUT"} - taken)
    answer = api.client.request(
        method, caller.url(caller.path(operation)), params=caller.query(operation)
    )
    # `/models/locales` is no model, so a PATCH of it is not found.
    assert answer.status_code in (404, 405)
    if answer.status_code == 405:
        assert set(answer.headers["Allow"].split(", ")) >= taken
