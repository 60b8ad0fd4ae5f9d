"""What becomes of jobs."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import httpx
import pytest

from tests.rest_api import RestApi, rest_api

UNREADABLE = "https://storage.invalid/b.wav"
READABLE = "https://storage.example/a.wav"
_SECONDS = 30


def transcribe(api: RestApi, *sources: str) -> Any:
    made = api.create(
        "/transcriptions", displayName="a", locale="en-US", contentUrls=list(sources)
    )
    return api.get(made["self"])


def report(api: RestApi, transcription: Any) -> Any:
    query = {"filter": "kind eq 'TranscriptionReport'"}
    (file,) = api.get(transcription["links"]["files"], **query)["values"]
    return httpx.get(file["links"]["contentUrl"]).json()


def test_a_job_passes_through_its_states() -> None:
    seen: list[str] = []
    with rest_api(job_seconds=1, retry_after=3) as api:
        made = api.create("/models", displayName="a", locale="en-US")
        assert made["status"] == "NotStarted"
        deadline = time.monotonic() + _SECONDS
        while "Succeeded" not in seen:
            assert time.monotonic() < deadline, seen
            answer = api.call("GET", made["self"])
            status = answer.json()["status"]
            seen += [status] if status not in seen else []
            pending = status != "Succeeded"
            assert answer.headers.get("Retry-After") == ("3" if pending else None)
            time.sleep(0.05)
    assert seen in (["NotStarted", "Running", "Succeeded"], ["Running", "Succeeded"])


def test_a_transcription_tells_of_the_sources_that_failed(api: RestApi) -> None:
    made = transcribe(api, READABLE, UNREADABLE)
    assert made["status"] == "Succeeded"
    told = report(api, made)
    assert told["successfulTranscriptionsCount"] == 1
    assert told["failedTranscriptionsCount"] == 1
    assert told["details"][1]["errorKind"] == "InvalidUrl"


def test_a_transcription_fails_where_all_of_its_sources_do(api: RestApi) -> None:
    made = transcribe(api, UNREADABLE)
    assert made["status"] == "Failed"
    assert made["properties"]["error"]["code"] == "InvalidData"
    assert report(api, made)["successfulTranscriptionsCount"] == 0


def test_nothing_comes_of_what_failed_itself(api: RestApi) -> None:
    named = {"displayName": "a", "locale": "en-US"}
    dataset = api.create("/datasets", kind="Language", contentUrl=UNREADABLE, **named)
    model = api.create("/models", datasets=[{"self": dataset["self"]}], **named)
    endpoint = api.create("/endpoints", model={"self": model["self"]}, **named)
    states = [api.get(one["self"])["status"] for one in (dataset, model, endpoint)]
    assert states == ["Failed"] * 3


def test_all_jobs_fail_where_that_is_asked_for() -> None:
    with rest_api(job_seconds=0, fail="jobs") as api:
        assert transcribe(api, READABLE)["status"] == "Failed"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contentUrls": []},
        {"contentUrls": [READABLE] * 1001},
        {"contentUrls": [READABLE], "contentContainerUrl": "https://x.example/"},
        {"contentUrls": [READABLE], "locale": "xx-XX"},
        {"contentUrls": ["no-url"]},
    ],
    ids=["nothing", "empty", "too-many", "both", "locale", "no-url"],
)
def test_a_transcription_of_nothing_is_refused(
    api: RestApi, body: dict[str, Any]
) -> None:
    full = {"displayName": "a", "locale": "en-US", **body}
    answer = api.call("POST", "/transcriptions", json=full)
    assert answer.status_code == 400


def test_a_version_does_not_read_what_a_newer_one_made(api: RestApi) -> None:
    body = {"displayName": "a", "locale": "en-US", "contentUrls": [READABLE]}
    newer = api.client.post("/speechtotext/v3.2/transcriptions", json=body).json()
    older = newer["self"].replace("/v3.2/", "/v3.1/")
    answer = api.call("GET", older)
    assert answer.status_code == 400
    assert "Use API version v3.2 or higher" in answer.json()["message"]
    listed = api.get("/transcriptions")["values"]
    assert older not in [one["self"] for one in listed]


def blocks(api: RestApi, *data: bytes) -> tuple[Any, list[str]]:
    dataset = api.create("/datasets", kind="Acoustic", displayName="a", locale="en-US")
    names = [base64.b64encode(f"{n:04}".encode()).decode() for n in range(len(data))]
    for name, block in zip(names, data, strict=True):
        assert put(api, dataset, name, block).status_code == 201
    return dataset, names


def put(api: RestApi, dataset: Any, name: str, block: bytes) -> httpx.Response:
    return api.call(
        "PUT",
        dataset["links"]["uploadBlocks"],
        params={"blockid": name},
        content=block,
        headers={"Content-Type": "application/octet-stream"},
    )


def test_a_dataset_is_made_of_its_blocks_in_the_order_of_the_commit(
    api: RestApi,
) -> None:
    dataset, names = blocks(api, b"world", b"hello ")
    listed = api.get(dataset["links"]["listBlocks"])
    assert listed == {
        "uncommittedBlocks": [
            {"name": names[0], "size": 5},
            {"name": names[1], "size": 6},
        ]
    }
    assert api.get(dataset["self"])["status"] == "NotStarted"
    entries = [{"kind": "Uncommitted", "id": name} for name in reversed(names)]
    commit = dataset["links"]["commitBlocks"]
    assert api.call("POST", commit, json=entries).status_code == 200
    assert api.get(dataset["self"])["status"] == "Succeeded"
    query = {"filter": "kind eq 'AcousticDataArchive'"}
    (file,) = api.get(dataset["links"]["files"], **query)["values"]
    assert httpx.get(file["links"]["contentUrl"]).content == b"hello world"
    assert api.call("POST", commit, json=entries).status_code == 400


@pytest.mark.parametrize(
    ("name", "block", "status"),
    [
        ("MDAwMDAwMA==", b"x", 400),
        ("no base64!", b"x", 400),
        (base64.b64encode(b"x" * 65).decode(), b"x", 400),
        ("MDAwOQ==", b"x" * ((8 << 20) + 1), 413),
    ],
    ids=["other-length", "no-base64", "too-long", "too-large"],
)
def test_a_wrong_block_is_refused(
    api: RestApi, name: str, block: bytes, status: int
) -> None:
    dataset, _ = blocks(api, b"first")
    assert put(api, dataset, name, block).status_code == status


def test_a_block_that_is_not_there_cannot_be_committed(api: RestApi) -> None:
    dataset, _ = blocks(api, b"first")
    entries = [{"kind": "Uncommitted", "id": "MDAwOQ=="}]
    answer = api.call("POST", dataset["links"]["commitBlocks"], json=entries)
    assert answer.status_code == 400


def test_a_form_carries_a_file(api: RestApi) -> None:
    project = api.create("/projects", displayName="a", locale="en-US")
    answer = api.call(
        "POST",
        "/datasets/upload",
        data={
            "displayName": "a",
            "locale": "en-US",
            "kind": "Language",
            "project": project["self"],
            "customProperties": json.dumps({"by": "a test"}),
        },
        files={"data": ("words.txt", b"one\ntwo\n")},
    )
    dataset = answer.json()
    assert dataset["customProperties"] == {"by": "a test"}
    query = {"filter": "kind eq 'LanguageData'"}
    (file,) = api.get(dataset["links"]["files"], **query)["values"]
    assert httpx.get(file["links"]["contentUrl"]).content == b"one\ntwo\n"


def test_a_patch_changes_what_it_names(api: RestApi) -> None:
    made = api.create("/models", displayName="a", description="b", locale="en-US")
    changes = {"displayName": "c", "description": None}
    changed = api.call("PATCH", made["self"], json=changes).json()
    assert changed["displayName"] == "c"
    assert "description" not in changed
    assert changed["locale"] == "en-US"


def test_logging_is_switched_on_by_its_other_name(api: RestApi) -> None:
    endpoint = api.create("/endpoints", displayName="a", locale="en-US")
    assert api.get(endpoint["links"]["logs"])["values"] == []
    changes = {"properties": {"contentLoggingEnabled": True}}
    changed = api.call("PATCH", endpoint["self"], json=changes).json()
    assert changed["properties"]["loggingEnabled"] is True


def test_a_model_is_copied_to_whoever_has_the_key(api: RestApi) -> None:
    model = api.create("/models", displayName="a", locale="en-US")
    copy = model["links"]["copyTo"]
    twin = api.create(copy, targetSubscriptionKey="rehearsal")
    assert twin["self"] != model["self"]
    answer = api.call("POST", copy, json={"targetSubscriptionKey": "other"})
    assert answer.json()["innerError"]["code"] == "SubscriptionNotFound"
