"""Refusals, retries, and who sees the key."""

from __future__ import annotations

import json

import pytest

from csctl.azure.client import Speech
from csctl.errors import AzureError, AzureUnavailable, NoSuchEntity
from tests.azure.conftest import ENVIRON, KEY, resource
from tests.registry.server import Reply, Server, json_reply

PATH = "/speechtotext/v3.1/projects"
ID = "11111111-2222-3333-4444-555555555555"
GOOD = json_reply({"values": []})
BODY = {"displayName": "x", "locale": "en-US"}


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(Reply(500), id="500"),
        pytest.param(Reply(503), id="503"),
        pytest.param(Reply(408), id="408"),
        pytest.param(Reply(429), id="429"),
        pytest.param(Reply(200, GOOD.body, cut=True), id="cut"),
    ],
)
def test_a_look_is_tried_again_after_a_passing_fault(
    bad: Reply, server: Server, speech: Speech, pauses: list[float]
) -> None:
    server.on(PATH, bad, bad, GOOD)

    assert list(speech.items("Projects_List")) == []
    assert len(server.asked) == 3
    assert len(pauses) == 2
    assert all(pause > 0 for pause in pauses)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_what_does_the_same_twice_is_tried_again(
    method: str, server: Server, speech: Speech
) -> None:
    server.on(f"{PATH}/{ID}", Reply(503), json_reply({}))
    name = {"PATCH": "Projects_Update", "DELETE": "Projects_Delete"}[method]
    more = {"description": "d"} if method == "PATCH" else {}

    speech.call(name, {"id": ID, **more})

    assert [one.method for one in server.asked] == [method, method]


def test_retry_after_is_kept_with_a_part_left_to_chance(
    server: Server, speech: Speech, pauses: list[float]
) -> None:
    server.on(PATH, Reply(429, headers={"Retry-After": "7"}), GOOD)

    list(speech.items("Projects_List"))

    assert 7 <= pauses[0] <= 7 * 1.2


def test_a_window_of_throttling_is_outlasted(
    server: Server, speech: Speech, pauses: list[float]
) -> None:
    server.on(PATH, *[Reply(429)] * 5, GOOD)

    list(speech.items("Projects_List"))

    # Without a wish of the service: half of 0.5, 1, 2, 4 and 8 seconds at least.
    assert sum(pauses) >= 7.75


def test_a_post_that_was_throttled_is_sent_again(
    server: Server, speech: Speech
) -> None:
    server.on(PATH, Reply(429), json_reply({"self": "x"}, 201))

    assert speech.get("Projects_Create", BODY) == {"self": "x"}
    assert [json.loads(one.body) for one in server.asked] == [BODY, BODY]


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(Reply(500), id="500"),
        pytest.param(Reply(503), id="503"),
        pytest.param(Reply(201, b'{"a": 1}', cut=True), id="cut"),
    ],
)
def test_a_post_that_may_have_been_done_is_not_repeated(
    bad: Reply, server: Server, speech: Speech
) -> None:
    server.on(PATH, bad)

    with pytest.raises(AzureUnavailable) as caught:
        speech.call("Projects_Create", BODY)

    assert len(server.asked) == 1
    assert caught.value.remedy is not None
    assert "not known whether the service did it" in caught.value.remedy


def test_a_service_that_stays_busy_is_given_up(server: Server, speech: Speech) -> None:
    server.on(PATH, json_reply({"code": "TooManyRequests", "message": "Slow."}, 429))

    with pytest.raises(AzureUnavailable, match=r"Slow\. \(429 TooManyRequests\)"):
        list(speech.items("Projects_List"))
    with pytest.raises(AzureUnavailable) as caught:
        speech.call("Projects_Create", BODY)
    assert "100 requests in 10 seconds" in (caught.value.remedy or "")


def test_a_post_that_nobody_took_is_not_in_doubt(pauses: list[float]) -> None:
    away = resource("http://127.0.0.1:9")
    with (
        Speech(away, ENVIRON, say=print, sleep=pauses.append) as speech,
        pytest.raises(AzureUnavailable, match="refuses connections") as caught,
    ):
        speech.call("Projects_Create", BODY)
    assert "check host and port" in (caught.value.remedy or "")
    assert len(pauses) == 5


def test_a_redirect_is_not_followed_with_the_key(
    server: Server, other: Server, speech: Speech
) -> None:
    server.on(PATH, Reply(307, headers={"Location": other.url + PATH}))

    with pytest.raises(AzureUnavailable, match="not like the Speech service"):
        list(speech.items("Projects_List"))

    assert other.asked == []


def test_a_next_link_to_another_host_does_not_get_the_key(
    server: Server, other: Server, speech: Speech
) -> None:
    link = f"{other.url}{PATH}?skip=1&top=1"
    server.on(PATH, json_reply({"values": [{"n": 1}], "@nextLink": link}))
    server.on(f"{PATH}?skip=1&top=1", json_reply({"values": [{"n": 2}]}))

    found = list(speech.items("Projects_List"))

    assert found == [{"n": 1}, {"n": 2}]
    assert other.asked == []
    assert {one.headers["Ocp-Apim-Subscription-Key"] for one in server.asked} == {KEY}


def test_a_next_link_to_another_place_is_refused(
    server: Server, speech: Speech
) -> None:
    server.on(
        PATH,
        json_reply({"values": [], "@nextLink": f"{server.url}/speechtotext/v3.1/x"}),
    )

    with pytest.raises(AzureError, match="next page of something else"):
        list(speech.items("Projects_List"))


def test_a_form_without_a_file_is_one_of_parts(server: Server, speech: Speech) -> None:
    server.on("/speechtotext/v3.1/datasets/upload", json_reply({}, 201))

    speech.call("Datasets_Upload", {**BODY, "kind": "Language"})

    [asked] = server.asked
    assert asked.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="kind"\r\n\r\nLanguage\r\n' in asked.body
    assert b"filename" not in asked.body


def test_what_is_no_page_is_refused(server: Server, speech: Speech) -> None:
    server.on(PATH, json_reply([1, 2]))

    with pytest.raises(AzureError, match="without a list of values"):
        list(speech.items("Projects_List"))


def test_an_answer_that_quotes_a_secret_is_told_without_it(
    server: Server, speech: Speech
) -> None:
    said = {"code": "InvalidRequest", "message": f"{KEY} is no key; sig=abc"}
    server.on(PATH, json_reply(said, 400))

    with pytest.raises(AzureError) as caught:
        list(speech.items("Projects_List"))

    assert str(caught.value).count("***") == 2


def test_nothing_of_that_id_is_an_error_of_its_own(
    server: Server, speech: Speech
) -> None:
    server.on(f"{PATH}/{ID}", json_reply({"statusCode": 404, "message": "No."}, 404))

    with pytest.raises(NoSuchEntity, match=r"No\. \(404\)"):
        speech.get("Projects_Get", {"id": ID})
