from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import islice

import httpx
import pytest

from csctl.azure.webhook import (
    EVENT,
    SIGNATURE,
    Challenged,
    Event,
    Receiver,
    Refused,
    judge,
    listening,
    sign,
)
from csctl.errors import UsageError
from csctl.secret import Secret
from tests.rest_api import RestApi, rest_api

SECRET = Secret("of-the-hook")
SELF = "https://westeurope.api.cognitive.microsoft.com/speechtotext/v3.1/models/1"
BODY = json.dumps({"self": SELF, "invocationId": "7"}).encode()
# RFC 4231, test case 2.
RFC_KEY, RFC_DATA = Secret("Jefe"), b"what do ya want for nothing?"
RFC_DIGEST = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def signed(name: str, payload: bytes, secret: Secret = SECRET) -> dict[str, str]:
    return {EVENT: name, SIGNATURE: sign(payload, secret)}


def test_a_signature_is_hmac_sha256_in_base64() -> None:
    assert base64.b64decode(sign(RFC_DATA, RFC_KEY)).hex() == RFC_DIGEST


@pytest.mark.parametrize("name", ["TranscriptionCompletion", "modelCreation", "PING"])
def test_a_signed_event_is_one_in_any_spelling(name: str) -> None:
    received = judge(signed(name, BODY), "", BODY, SECRET)
    assert isinstance(received, Event)
    assert (received.name, received.body["self"]) == (name, SELF)


@pytest.mark.parametrize("name", ["challenge", "Challenge"])
def test_of_a_challenge_the_token_is_signed(name: str) -> None:
    query = "x=1&validationToken=a%2Bb"
    assert judge(signed(name, b"a+b"), query, b"", SECRET) == Challenged(token="a+b")
    assert isinstance(judge(signed(name, b""), query, b"", SECRET), Refused)


@pytest.mark.parametrize(
    ("headers", "query", "body", "status", "said"),
    [
        ({EVENT: "Ping"}, "", BODY, 401, "not signed"),
        (
            signed("Ping", BODY, Secret("other")),
            "",
            BODY,
            401,
            "not one of this secret",
        ),
        (signed("Ping", b"{}"), "", BODY, 401, "not one of this secret"),
        ({EVENT: "Ping", SIGNATURE: ""}, "", BODY, 401, "not one of this secret"),
        ({EVENT: "Ping", SIGNATURE: "ä"}, "", BODY, 401, "not one of this secret"),
        ({SIGNATURE: sign(BODY, SECRET)}, "", BODY, 400, "no header"),
        (signed("Challenge", b""), "", b"", 400, "no validationToken"),
        (signed("Challenge", b"\n"), "validationToken=%0A", b"", 400, "no validation"),
        ({EVENT: "Challenge"}, "validationToken=a", b"", 401, "not signed"),
        (signed("Ping", b"no json"), "", b"no json", 400, "no JSON"),
    ],
    ids=[
        *("unsigned", "other-secret", "other-body", "empty", "no-base64", "no-event"),
        *("no-token", "bad-token", "unsigned-challenge", "no-json"),
    ],
)
def test_anything_else_is_refused(
    headers: dict[str, str], query: str, body: bytes, status: int, said: str
) -> None:
    received = judge(headers, query, body, SECRET)
    assert isinstance(received, Refused)
    assert received.status == status
    assert said in received.reason
    assert SECRET.reveal() not in received.reason


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening("127.0.0.1", 0, SECRET) as listens:
        yield listens


def post(receiver: Receiver, headers: dict[str, str], **more: object) -> httpx.Response:
    url = f"http://127.0.0.1:{receiver.port}/hook"
    return httpx.post(url, headers=headers, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_challenge_is_answered_with_its_token(
    receiver: Receiver, method: str
) -> None:
    answer = httpx.request(
        method,
        f"http://127.0.0.1:{receiver.port}/hook",
        params={"validationToken": "a<b"},
        headers=signed("Challenge", b"a<b"),
    )
    assert (answer.status_code, answer.text) == (200, "a<b")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert next(receiver.received()) == Challenged(token="a<b")


def test_a_repeated_notification_is_told_once(receiver: Receiver) -> None:
    other = BODY.replace(b'"7"', b'"8"')
    for body in (BODY, BODY, other):
        assert post(receiver, signed("Ping", body), content=body).status_code == 200
    told = [one for one in islice(receiver.received(), 2) if isinstance(one, Event)]
    assert [one.body["invocationId"] for one in told] == ["7", "8"]


def test_what_is_no_notification_gets_an_answer_all_the_same(
    receiver: Receiver,
) -> None:
    assert post(receiver, {EVENT: "Ping"}, content=BODY).status_code == 401
    large = b"x" * (2 << 20)
    assert post(receiver, signed("Ping", large), content=large).status_code == 413
    plain = httpx.get(f"http://127.0.0.1:{receiver.port}/")
    assert plain.status_code == 405
    assert isinstance(next(receiver.received()), Refused)


def test_a_taken_port_is_a_fault_of_the_command(receiver: Receiver) -> None:
    with (
        pytest.raises(UsageError, match=f"port {receiver.port}"),
        listening("127.0.0.1", receiver.port, SECRET),
    ):
        pass


@pytest.fixture(scope="module")
def api() -> Iterator[RestApi]:
    with rest_api(job_seconds=0) as running:
        yield running


def test_a_web_hook_of_the_service_is_received(
    api: RestApi, receiver: Receiver
) -> None:
    hook = api.create(
        "/webhooks",
        displayName="a test's",
        webUrl=f"http://127.0.0.1:{receiver.port}/hook?own=1",
        events={"modelCreation": True, "modelCompletion": True},
        properties={"secret": SECRET.reveal()},
    )
    received = receiver.received()
    assert isinstance(next(received), Challenged)
    model = api.create("/models", displayName="a", locale="en-US")
    created, completed = next(received), next(received)
    assert isinstance(created, Event)
    assert isinstance(completed, Event)
    assert created.name == "ModelCreation"
    assert completed.name == "ModelCompletion"
    assert created.body["self"] == completed.body["self"] == model["self"]
    assert api.get(hook["self"])["status"] == "Succeeded"
    assert api.call("POST", hook["links"]["ping"]).status_code == 202
    ping = next(received)
    assert isinstance(ping, Event)
    assert (ping.name, ping.body["self"]) == ("Ping", hook["self"])


def test_a_web_hook_with_another_secret_stays_without_events(
    api: RestApi, receiver: Receiver
) -> None:
    api.create(
        "/webhooks",
        displayName="another's",
        webUrl=f"http://127.0.0.1:{receiver.port}/",
        events={"ping": True},
        properties={"secret": "another"},
    )
    assert isinstance(next(receiver.received()), Refused)
