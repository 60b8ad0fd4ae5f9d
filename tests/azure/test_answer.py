"""The four shapes of a refusal (facts: rest-api.md section 2.5)."""

from __future__ import annotations

import httpx
import pytest

from csctl.azure.answer import Answer, Refusal
from csctl.errors import AzureError, AzureUnavailable, NoSuchEntity
from csctl.secret import Redactor

FLAT = b"""{"code":"InvalidRequest","message":"Only \\"Standard\\" ones.",
"innerError":{"code":"InvalidSubscription","message":"Only standard."}}"""
DEEP = b"""{"code":"InvalidArgument","message":"a","innerError":{"code":"b",
"innerError":{"message":"c","innerError":null}}}"""
GATEWAY = b'{"error":{"code":"401","message":"Access denied"}}'
OLDER = b'{"statusCode":404,"message":"Resource not found"}'
EMPTY = b'{"code":"Unauthorized","details":null,"message":null,"innerError":null}'
STORAGE = "\ufeff<?xml version='1.0'?><Error><Code>X</Code><Message>Y</Message></Error>"


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (FLAT, Refusal("InvalidSubscription", "Only standard.")),
        (DEEP, Refusal("b", "c")),
        (GATEWAY, Refusal("401", "Access denied")),
        (OLDER, Refusal("", "Resource not found")),
        (EMPTY, Refusal("Unauthorized", "")),
        (STORAGE.encode(), Refusal("X", "Y")),
        (b"", Refusal("", "")),
        (b"no JSON", Refusal("", "")),
        (b"[1]", Refusal("", "")),
        (b'{"error": "text"}', Refusal("", "")),
        (b"[" * 100_000, Refusal("", "")),
    ],
)
def test_a_refusal_is_read_in_each_of_its_shapes(body: bytes, refusal: Refusal) -> None:
    # The content type is not to be relied on: JSON came as text/plain, too.
    headers = httpx.Headers({"Content-Type": "text/plain"})
    assert Answer(400, headers, body).refusal() == refusal


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (400, FLAT, AzureError, "host refuses it: Only standard. (400 InvalidSubs"),
        (401, GATEWAY, AzureError, "Access denied (401, apim-request-id r1)"),
        (403, b"", AzureError, "no reason given (403, apim-request-id r1)"),
        (404, OLDER, NoSuchEntity, "Resource not found (404"),
        (429, b"", AzureUnavailable, "(429"),
        (502, b"", AzureUnavailable, "(502"),
        (302, b"", AzureUnavailable, "not like the Speech service (302)"),
        (502, b"<html>x", AzureUnavailable, "answers like a web page"),
    ],
)
def test_a_status_is_judged_with_the_request_id(
    status: int, body: bytes, kind: type[AzureError], said: str
) -> None:
    answer = Answer(status, httpx.Headers({"apim-request-id": "r1"}), body)

    error = answer.error("host", "it", Redactor())

    assert answer.refused
    assert type(error) is kind
    assert said in error.message
    assert error.remedy


def test_an_answer_without_a_body_is_none() -> None:
    assert Answer(204, httpx.Headers(), b"").read() is None


def test_an_answer_of_200_that_is_no_json_is_none_of_the_service() -> None:
    with pytest.raises(AzureUnavailable, match="answers like something else"):
        Answer(200, httpx.Headers(), b"hello").read()
