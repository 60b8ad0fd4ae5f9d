"""Who comes in, and what befalls requests."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from csctl.rehearsal.rest.gate import Faults, InvalidFault
from tests.rest_api import KEY, KEY_HEADER, ROOT, RestApi, rest_api


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({KEY_HEADER: KEY}, 200, "values"),
        ({"Authorization": "Bearer rehearsal-token"}, 200, "values"),
        ({"Authorization": "rehearsal-token"}, 200, "values"),
        ({}, 401, '"error": {"code": "401"'),
        ({KEY_HEADER: "of-another-region"}, 401, '"error": {"code": "401"'),
        ({"Authorization": "Bearer expired"}, 401, '{"code": "Unauthorized"'),
        ({KEY_HEADER: "rehearsal-free"}, 400, "InvalidSubscription"),
        ({KEY_HEADER: "rehearsal-forbidden"}, 403, '{"code": "Forbidden"'),
    ],
    ids=["key", "token", "bare", "nothing", "wrong", "expired", "free", "forbidden"],
)
def test_a_key_or_a_token_opens(
    api: RestApi, headers: dict[str, str], status: int, said: str
) -> None:
    answer = httpx.get(f"{api.url}/speechtotext/v3.1/models", headers=headers)
    assert answer.status_code == status
    assert said in answer.text
    assert answer.headers["apim-request-id"]


def test_a_token_is_issued_for_the_key(api: RestApi) -> None:
    query = {"scope": "speechservicesmanagement"}
    answer = api.client.post("/sts/v1.0/issueToken", params=query)
    assert (answer.status_code, answer.text) == (200, "rehearsal-token")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/elsewhere", 404, '"error": {"code": "404"'),
        ("/speechtotext/v3.1/elsewhere", 404, '{"code": "NotFound"'),
        ("/speechtotext/v9.9/models", 400, "API version"),
        ("/speechtotext/models", 400, "API version is missing"),
        ("/speechtotext/models?api-version=2024-11-16", 400, "not supported"),
        ("/speechtotext/v3.2/healthstatus", 404, "NotFound"),
    ],
)
def test_a_path_that_is_none(api: RestApi, path: str, status: int, said: str) -> None:
    answer = api.client.get(path)
    assert answer.status_code == status
    assert said in answer.text


def test_faults_befall_one_request_each(api: RestApi) -> None:
    api.befall("429 429-bare 503*2 html")
    answers = [api.call("GET", "/models") for _ in range(6)]
    assert [one.status_code for one in answers] == [429, 429, 503, 503, 200, 200]
    assert [one.headers.get("Retry-After") for one in answers[:2]] == ["1", None]
    assert answers[4].headers["Content-Type"] == "text/html"
    assert answers[5].json()["values"]


def test_faults_wait_for_their_place(api: RestApi) -> None:
    api.befall("503@/speechtotext/v3.1/datasets cut@storage")
    assert api.call("GET", "/models").status_code == 200
    assert api.call("GET", "/datasets").status_code == 503
    made = api.get("/transcriptions")["values"][0]
    file = api.get(made["links"]["files"])["values"][0]
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(file["links"]["contentUrl"])
    whole = httpx.get(file["links"]["contentUrl"])
    assert len(whole.content) == file["properties"]["size"]


def test_an_answer_may_break_off_or_never_come(api: RestApi) -> None:
    api.befall("cut drop")
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            api.call("GET", "/models")
    assert api.call("GET", "/models").status_code == 200


@pytest.mark.parametrize("word", ["teapot", "200", "600", "503*x", "429-bar", "cut*"])
def test_a_fault_that_means_nothing_is_refused(word: str) -> None:
    with pytest.raises(InvalidFault):
        Faults(word)


def test_a_limit_is_kept() -> None:
    with rest_api(limit=2) as api:
        answers = [api.call("GET", "/models") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 11


def test_the_journal_tells_what_arrived_without_the_key() -> None:
    with rest_api(deprecated="v3.0") as api:
        body = {"displayName": "ä", "locale": "en-US"}
        answer = api.call("POST", "/projects", json=body, params={"x": "1"})
        assert answer.headers["api-deprecated-versions"] == "v3.0"
        (entry,) = api.requests()
        assert api.requests() == []
    assert entry["method"] == "POST"
    assert entry["path"] == "/speechtotext/v3.1/projects"
    assert entry["query"] == [["x", "1"]]
    assert entry["headers"][KEY_HEADER.lower()] == "***"
    assert '"displayName"' in entry["body"]
    assert (entry["server"], entry["status"]) == ("api", 400)


def test_a_health_that_is_not_the_best() -> None:
    with rest_api(fail="unhealthy") as api:
        assert api.get("/healthstatus")["status"] == "Degraded"


@pytest.mark.parametrize(
    ("name", "value"),
    [("FAIL", "nonsense"), ("PAGE", "0"), ("BYOS", "yes"), ("FAULTS", "teapot")],
)
def test_a_knob_that_means_nothing_stops_the_program(name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "csctl.rehearsal.rest"],
        cwd=ROOT,
        env={f"REHEARSAL_REST_{name}": value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert value in done.stderr


def test_a_taken_port_stops_the_program(api: RestApi) -> None:
    port = api.url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "csctl.rehearsal.rest", "--port", port],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert port in done.stderr
