"""Requests, made of operations and values."""

from __future__ import annotations

from typing import Any

import pytest

from csctl.azure.operation import Operation
from csctl.azure.request import BLOCK_BYTES, build
from csctl.azure.table import load
from csctl.errors import UsageError
from csctl.secret import Secret

TABLE = load("v3.1")
NAMED = {"displayName": "x", "locale": "en-US"}


def _find(name: str) -> Operation:
    return TABLE.find(name)


def test_what_stands_in_a_path_is_quoted() -> None:
    request = build(
        _find("Endpoints_GetBaseModelLog"), {"locale": "en/US", "logId": "a b?c#d"}
    )
    assert request.path == "/endpoints/base/en%2FUS/files/logs/a%20b%3Fc%23d"


def test_single_values_complete_a_body_that_stays_as_it_is() -> None:
    body = {"locale": "de-DE", "properties": {"email": "a"}, "more": [1]}
    values = {"displayName": "x", "properties.channels": [0]}

    request = build(_find("Transcriptions_Create"), values, body)

    assert request.json == {
        "locale": "de-DE",
        "displayName": "x",
        "properties": {"email": "a", "channels": [0]},
        "more": [1],
    }
    assert body["properties"] == {"email": "a"}


def test_a_secret_is_revealed_once_and_remembered_to_be_hidden() -> None:
    key = Secret("s3cret")
    request = build(_find("Models_CopyTo"), {"id": "i", "targetSubscriptionKey": key})

    assert request.json == {"targetSubscriptionKey": "s3cret"}
    assert request.secrets == (key,)


@pytest.mark.parametrize(
    ("name", "values", "body", "said"),
    [
        ("Projects_Get", {}, None, "Projects_Get wants id as well"),
        ("Projects_Get", {"id": ""}, None, "wants id"),
        ("Projects_Get", {"id": "a", "ID": "b"}, None, "has no 'ID'; did you mean id"),
        ("Projects_Get", {"id": "a"}, {}, "takes no body"),
        ("Projects_Create", {"locale": "en-US"}, None, "wants displayName"),
        ("Projects_Create", {}, {"locale": None, "displayName": "x"}, "wants locale"),
        ("Projects_Create", {}, [1], "takes one object"),
        ("Projects_Update", {"id": "a"}, None, "is to change nothing"),
        ("Datasets_UploadBlock", {"id": "a"}, b"x", "wants blockid"),
        ("Datasets_UploadBlock", {"id": "a", "blockid": "b"}, {}, "bytes of a file"),
        (
            "Datasets_UploadBlock",
            {"id": "a", "blockid": "b"},
            bytes(BLOCK_BYTES + 1),
            "8 MiB at most",
        ),
        ("Datasets_CommitBlocks", {"id": "a"}, {"a": 1}, "takes a list"),
        ("Datasets_Upload", NAMED, None, "wants kind"),
        ("Datasets_Upload", {}, {"a": 1}, "takes a form"),
        ("WebHooks_Create", {"webUrl": "u", "displayName": "x"}, None, "wants events"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    name: str, values: dict[str, Any], body: Any, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        build(_find(name), values, body)
    assert said in caught.value.message


def test_a_copy_takes_its_own_id_from_the_body_alone() -> None:
    operation = load("v3.2").find("Models_Copy")
    body = {
        "targetResourceRegion": "r",
        "targetResourceId": "t",
        "targetResourceEndpoint": "e",
        "sourceResourceId": "s",
        "expirationDateTime": "2026-01-01T00:00:00Z",
        "id": "of-the-authorization",
    }
    request = build(operation, {"id": "of-the-model"}, body)

    assert request.path == "/models/of-the-model:copy"
    assert request.json == body
