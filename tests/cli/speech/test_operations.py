"""Every operation of v3.1 through the command line: what arrives, as it arrives."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from csctl.azure.table import load
from tests.cli.speech.conftest import Speech
from tests.rest_api import KEY, RestApi

GUID = "11111111-2222-3333-4444-555555555555"
BLOCK = base64.b64encode(b"000000-block").decode()
V = "/speechtotext/v3.1"
SELF = "{url}" + V


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is typed, and what is to arrive; braces stand for what there is."""

    typed: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    octets: str | None = None
    form: tuple[str, ...] = ()


def _listing(typed: str, path: str, condition: str = "--locale en-US") -> Case:
    said = {
        "--locale en-US": "locale eq 'en-US'",
        "--name calls.wav": "name eq 'calls.wav'",
        "--status Succeeded": "status eq 'Succeeded'",
    }
    return Case(
        typed=f"{typed} {condition} --top 7",
        method="GET",
        path=path,
        query={"top": "7", "filter": said[condition]},
    )


def _get(typed: str, path: str, **query: str) -> Case:
    return Case(typed=typed, method="GET", path=path, query=query)


def _delete(typed: str, path: str, **query: str) -> Case:
    return Case(typed=f"{typed} --yes", method="DELETE", path=path, query=query)


def _update(group: str) -> Case:
    return Case(
        typed=f"{group} update {{{group}}} --description 'New one'",
        method="PATCH",
        path=f"/{group}/{{{group}}}",
        body={"description": "New one"},
    )


CASES = {
    "Datasets_ListSupportedLocales": _get("datasets list-locales", "/datasets/locales"),
    "Datasets_List": _listing("datasets list", "/datasets"),
    "Datasets_Create": Case(
        typed="datasets create --display-name Mine --locale en-US --kind acoustic"
        " --project {projects} --content-url https://x.example/a.zip"
        " --custom-properties site=a=b --email me@example.com",
        method="POST",
        path="/datasets",
        body={
            "displayName": "Mine",
            "locale": "en-US",
            "kind": "Acoustic",
            "project": {"self": SELF + "/projects/{projects}"},
            "contentUrl": "https://x.example/a.zip",
            "customProperties": {"site": "a=b"},
            "properties": {"email": "me@example.com"},
        },
    ),
    "Datasets_Get": _get("datasets get {datasets}", "/datasets/{datasets}"),
    "Datasets_Update": _update("datasets"),
    "Datasets_Delete": _delete("datasets delete " + GUID, "/datasets/" + GUID),
    "Datasets_GetBlocks": _get(
        "datasets get-blocks {blocks}", "/datasets/{blocks}/blocks"
    ),
    "Datasets_UploadBlock": Case(
        typed=f"datasets upload-block {{blocks}} --blockid {BLOCK} --body block.bin",
        method="PUT",
        path="/datasets/{blocks}/blocks",
        query={"blockid": BLOCK},
        octets="\0 a block",
    ),
    "Datasets_Upload": Case(
        typed="datasets upload --display-name Mine --locale en-US --kind Language"
        " --data @words.txt --email me@example.com",
        method="POST",
        path="/datasets/upload",
        form=(
            'name="displayName"\r\n\r\nMine\r\n',
            'name="kind"\r\n\r\nLanguage\r\n',
            'name="email"\r\n\r\nme@example.com\r\n',
            'name="data"; filename="words.txt"',
            "\r\n\r\nContoso\n\r\n",
        ),
    ),
    "Datasets_CommitBlocks": Case(
        typed="datasets commit-blocks {committed} --body blocks.yaml",
        method="POST",
        path="/datasets/{committed}/blocks:commit",
        body=[{"kind": "Uncommitted", "id": BLOCK}],
    ),
    "Datasets_ListFiles": _listing(
        "datasets list-files {datasets}",
        "/datasets/{datasets}/files",
        "--name calls.wav",
    ),
    "Datasets_GetFile": _get(
        "datasets get-file {datasets} {datasets_file} --sas-validity-in-seconds 60",
        "/datasets/{datasets}/files/{datasets_file}",
        sasValidityInSeconds="60",
    ),
    "Endpoints_ListSupportedLocales": _get(
        "endpoints list-locales", "/endpoints/locales"
    ),
    "Endpoints_List": _listing("endpoints list", "/endpoints"),
    "Endpoints_Create": Case(
        typed="endpoints create --display-name Live --locale en-US --model {models}"
        " --logging-enabled true --time-to-live PT12H --text @words.txt",
        method="POST",
        path="/endpoints",
        body={
            "displayName": "Live",
            "locale": "en-US",
            "model": {"self": SELF + "/models/{models}"},
            "properties": {"loggingEnabled": True, "timeToLive": "PT12H"},
            "text": "Contoso\n",
        },
    ),
    "Endpoints_Get": _get("endpoints get {endpoints}", "/endpoints/{endpoints}"),
    "Endpoints_Delete": _delete("endpoints delete {doomed}", "/endpoints/{doomed}"),
    "Endpoints_Update": Case(
        typed="endpoints update {endpoints} --content-logging-enabled false"
        " --model {base}",
        method="PATCH",
        path="/endpoints/{endpoints}",
        body={
            "properties": {"contentLoggingEnabled": False},
            "model": {"self": SELF + "/models/base/{base}"},
        },
    ),
    "Endpoints_ListLogs": _get(
        "endpoints list-logs {endpoints} --top 3",
        "/endpoints/{endpoints}/files/logs",
        top="3",
    ),
    "Endpoints_DeleteLogs": _delete(
        "endpoints delete-logs {endpoints} --end-date 2020-01-31",
        "/endpoints/{endpoints}/files/logs",
        endDate="2020-01-31",
    ),
    "Endpoints_GetLog": _get(
        "endpoints get-log {endpoints} {log}", "/endpoints/{endpoints}/files/logs/{log}"
    ),
    "Endpoints_DeleteLog": _delete(
        "endpoints delete-log {endpoints} {log}",
        "/endpoints/{endpoints}/files/logs/{log}",
    ),
    "Endpoints_ListBaseModelLogs": _get(
        "endpoints list-base-model-logs en-US --sas-validity-in-seconds 0",
        "/endpoints/base/en-US/files/logs",
        sasValidityInSeconds="0",
    ),
    "Endpoints_DeleteBaseModelLogs": _delete(
        "endpoints delete-base-model-logs en-US --end-date 2020-01-31",
        "/endpoints/base/en-US/files/logs",
        endDate="2020-01-31",
    ),
    "Endpoints_GetBaseModelLog": _get(
        "endpoints get-base-model-log en-US {base_log}",
        "/endpoints/base/en-US/files/logs/{base_log}",
    ),
    "Endpoints_DeleteBaseModelLog": _delete(
        "endpoints delete-base-model-log en-US {base_log}",
        "/endpoints/base/en-US/files/logs/{base_log}",
    ),
    "Evaluations_ListSupportedLocales": _get(
        "evaluations list-locales", "/evaluations/locales"
    ),
    "Evaluations_List": _listing("evaluations list", "/evaluations"),
    "Evaluations_Create": Case(
        typed="evaluations create --display-name Test --locale en-US"
        " --dataset {datasets}"
        " --model1 {models} --model2 {base} --transcription1 {transcriptions}",
        method="POST",
        path="/evaluations",
        body={
            "displayName": "Test",
            "locale": "en-US",
            "dataset": {"self": SELF + "/datasets/{datasets}"},
            "model1": {"self": SELF + "/models/{models}"},
            "model2": {"self": SELF + "/models/base/{base}"},
            "transcription1": {"self": SELF + "/transcriptions/{transcriptions}"},
        },
    ),
    "Evaluations_ListFiles": _listing(
        "evaluations list-files {evaluations}",
        "/evaluations/{evaluations}/files",
        "--name calls.wav",
    ),
    "Evaluations_GetFile": _get(
        "evaluations get-file {evaluations} {evaluations_file}",
        "/evaluations/{evaluations}/files/{evaluations_file}",
    ),
    "Evaluations_Get": _get(
        "evaluations get {evaluations}", "/evaluations/{evaluations}"
    ),
    "Evaluations_Update": _update("evaluations"),
    "Evaluations_Delete": _delete("evaluations delete " + GUID, "/evaluations/" + GUID),
    "Models_ListSupportedLocales": _get("models list-locales", "/models/locales"),
    "Models_ListCustomModels": _listing("models list", "/models"),
    "Models_Create": Case(
        typed="models create --display-name Adapted --locale en-US --base-model {base}"
        " --datasets {datasets} --datasets {datasets} --custom-model-weight-percent 30",
        method="POST",
        path="/models",
        body={
            "displayName": "Adapted",
            "locale": "en-US",
            "baseModel": {"self": SELF + "/models/base/{base}"},
            "datasets": [{"self": SELF + "/datasets/{datasets}"}] * 2,
            "properties": {"customModelWeightPercent": 30},
        },
    ),
    "Models_ListBaseModels": _listing("models list-base", "/models/base"),
    "Models_GetCustomModel": _get("models get {models}", "/models/{models}"),
    "Models_Update": _update("models"),
    "Models_Delete": _delete("models delete " + GUID, "/models/" + GUID),
    "Models_GetBaseModel": _get("models get-base {base}", "/models/base/{base}"),
    "Models_CopyTo": Case(
        typed="models copy-to {models} --target-subscription-key env:OTHER_KEY",
        method="POST",
        path="/models/{models}:copyto",
        body={"targetSubscriptionKey": KEY},
    ),
    "Models_GetCustomModelManifest": _get(
        "models get-manifest {models} --sas-validity-in-seconds 90",
        "/models/{models}/manifest",
        sasValidityInSeconds="90",
    ),
    "Models_GetBaseModelManifest": _get(
        "models get-base-manifest {base}", "/models/base/{base}/manifest"
    ),
    "Models_ListFiles": _listing(
        "models list-files {models}", "/models/{models}/files", "--name calls.wav"
    ),
    "Models_GetFile": _get(
        "models get-file {models} {models_file}", "/models/{models}/files/{models_file}"
    ),
    "Projects_ListSupportedLocales": _get("projects list-locales", "/projects/locales"),
    "Projects_List": _listing("projects list", "/projects"),
    "Projects_Create": Case(
        typed="projects create --display-name Site --locale de-DE",
        method="POST",
        path="/projects",
        body={"displayName": "Site", "locale": "de-DE"},
    ),
    "Projects_Get": _get("projects get {projects}", "/projects/{projects}"),
    "Projects_Update": _update("projects"),
    "Projects_Delete": _delete("projects delete " + GUID, "/projects/" + GUID),
    **{
        f"Projects_List{name.title()}": _listing(
            f"projects list-{name} {{projects}}", f"/projects/{{projects}}/{name}"
        )
        for name in ("evaluations", "datasets", "endpoints", "models", "transcriptions")
    },
    "Transcriptions_ListSupportedLocales": _get(
        "transcriptions list-locales", "/transcriptions/locales"
    ),
    "Transcriptions_List": _listing("transcriptions list", "/transcriptions"),
    "Transcriptions_Create": Case(
        typed="transcriptions create --body job.yaml --display-name Week"
        " --punctuation-mode dictated --channels 0 --channels 1"
        " --diarization-speakers-max-count 2 --diarization-enabled true",
        method="POST",
        path="/transcriptions",
        body={
            "displayName": "Week",
            "locale": "en-US",
            "contentUrls": ["https://x.example/a.wav"],
            "customProperties": {"day": "2026-11-28"},
            "properties": {
                "wordLevelTimestampsEnabled": True,
                "punctuationMode": "Dictated",
                "channels": [0, 1],
                "diarizationEnabled": True,
                "diarization": {"speakers": {"maxCount": 2}},
            },
        },
    ),
    "Transcriptions_Get": _get(
        "transcriptions get {transcriptions}", "/transcriptions/{transcriptions}"
    ),
    "Transcriptions_Update": _update("transcriptions"),
    "Transcriptions_Delete": _delete(
        "transcriptions delete " + GUID, "/transcriptions/" + GUID
    ),
    "Transcriptions_ListFiles": _listing(
        "transcriptions list-files {transcriptions}",
        "/transcriptions/{transcriptions}/files",
        "--name calls.wav",
    ),
    "Transcriptions_GetFile": _get(
        "transcriptions get-file {transcriptions} {transcriptions_file}",
        "/transcriptions/{transcriptions}/files/{transcriptions_file}",
    ),
    "WebHooks_List": _listing("webhooks list", "/webhooks", "--status Succeeded"),
    "WebHooks_Create": Case(
        typed="webhooks create --display-name Hook --web-url https://x.example/hook"
        " --events ping --events transcriptionCompletion --secret env:OTHER_KEY",
        method="POST",
        path="/webhooks",
        body={
            "displayName": "Hook",
            "webUrl": "https://x.example/hook",
            "events": {"ping": True, "transcriptionCompletion": True},
            "properties": {"secret": KEY},
        },
    ),
    "WebHooks_Get": _get("webhooks get {webhooks}", "/webhooks/{webhooks}"),
    "WebHooks_Update": _update("webhooks"),
    "WebHooks_Ping": Case(
        typed="webhooks ping {webhooks}",
        method="POST",
        path="/webhooks/{webhooks}:ping",
    ),
    "WebHooks_Test": Case(
        typed="webhooks test {webhooks}",
        method="POST",
        path="/webhooks/{webhooks}:test",
    ),
    "WebHooks_Delete": _delete(
        "webhooks delete {doomed_hook}", "/webhooks/{doomed_hook}"
    ),
    "ServiceHealth_Get": _get("health get", "/healthstatus"),
}


@pytest.fixture(scope="module")
def there(api: RestApi) -> dict[str, str]:
    """The ids of what there is, by the words in braces."""

    def first(path: str) -> str:
        return _id(api.get(path)["values"][0])

    groups = ("datasets", "endpoints", "evaluations", "models", "projects")
    ids = {group: first(f"/{group}") for group in (*groups, "transcriptions")}
    for group in ("datasets", "evaluations", "models", "transcriptions"):
        ids[f"{group}_file"] = first(f"/{group}/{ids[group]}/files")
    model = {"self": f"{api.url}{V}/models/{ids['models']}"}
    named = {"displayName": "made for tests", "locale": "en-US"}
    hook = {
        "displayName": "Hook",
        "webUrl": "https://x.example/hook",
        "events": {"ping": True},
    }
    ids["doomed"] = _id(api.create("/endpoints", **named, model=model))
    ids["webhooks"] = _id(api.create("/webhooks", **hook))
    ids["doomed_hook"] = _id(api.create("/webhooks", **hook))
    for name in ("blocks", "committed"):
        ids[name] = _id(api.create("/datasets", **named, kind="Language"))
    api.call(
        "PUT",
        f"/datasets/{ids['committed']}/blocks",
        params={"blockid": BLOCK},
        content=b"Contoso",
        headers={"Content-Type": "application/octet-stream"},
    ).raise_for_status()
    ids["base"] = first("/models/base")
    ids["log"] = first(f"/endpoints/{ids['endpoints']}/files/logs")
    ids["base_log"] = first("/endpoints/base/en-US/files/logs")
    return {**ids, "url": api.url}


def _id(value: Mapping[str, Any]) -> str:
    return str(value["self"]).rpartition("/")[2]


def _filled(value: Any, there: Mapping[str, str]) -> Any:
    match value:
        case str():
            for name, text in there.items():
                value = value.replace(f"{{{name}}}", text)
            return value
        case dict():
            return {name: _filled(inner, there) for name, inner in value.items()}
        case list():
            return [_filled(inner, there) for inner in value]
        case _:
            return value


def test_every_operation_of_the_table_is_among_these_cases() -> None:
    assert CASES.keys() == load("v3.1").operations.keys()
    assert len(CASES) == 74


@pytest.mark.parametrize("name", CASES)
def test_an_operation_arrives_as_it_is_typed(
    name: str,
    speech: Speech,
    api: RestApi,
    there: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = CASES[name]
    monkeypatch.setenv("OTHER_KEY", KEY)
    (tmp_path / "words.txt").write_text("Contoso\n")
    (tmp_path / "block.bin").write_bytes(b"\0 a block")
    (tmp_path / "blocks.yaml").write_text(f"- {{kind: Uncommitted, id: '{BLOCK}'}}\n")
    (tmp_path / "job.yaml").write_text(
        "locale: en-US\n"
        "contentUrls: [https://x.example/a.wav]\n"
        "customProperties: {day: 2026-11-28}\n"
        "properties: {wordLevelTimestampsEnabled: true}\n"
    )

    done = speech(*shlex.split(_filled(case.typed, there)))

    assert (done.err, done.code) == ("", 0)
    path = V + _filled(case.path, there)
    arrived = next(
        one
        for one in api.requests()
        if (one["method"], one["path"]) == (case.method, path)
    )
    assert dict(arrived["query"]) == case.query
    headers = arrived["headers"]
    assert headers["ocp-apim-subscription-key"] == "***"
    assert "authorization" not in headers
    assert headers["accept"] == "application/json"
    if case.octets is not None:
        assert headers["content-type"] == "application/octet-stream"
        assert arrived["body"] == case.octets
    elif case.form:
        assert headers["content-type"].startswith("multipart/form-data; boundary=")
        for part in case.form:
            assert part in arrived["body"]
    elif case.body is not None:
        assert headers["content-type"] == "application/json"
        assert json.loads(arrived["body"]) == _filled(case.body, there)
    else:
        assert arrived["body"] == ""


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("Datasets_GetDatasetBlocks", "/datasets/{blocks}/blocks"),
        ("Datasets_GetBlocks", "/datasets/{blocks}/blocks"),
        ("HealthStatus_Get", "/healthstatus"),
        ("ServiceHealth_Get", "/healthstatus"),
        ("Models_ListBaseModel", "/models/base/{base}"),
        ("Models_GetBaseModel", "/models/base/{base}"),
    ],
)
def test_call_takes_an_operation_by_both_of_its_names(
    name: str, spelt: str, speech: Speech, api: RestApi, there: dict[str, str]
) -> None:
    ids = [f"id={there[key]}" for key in ("blocks", "base") if f"{{{key}}}" in spelt]

    done = speech("call", name, *ids, "--json")

    assert (done.code, done.err) == (0, "")
    [arrived] = api.requests()
    assert (arrived["method"], arrived["path"]) == ("GET", V + _filled(spelt, there))
    assert isinstance(done.json, dict)


def test_call_says_the_same_as_the_command_of_the_operation(
    speech: Speech, api: RestApi, there: dict[str, str]
) -> None:
    project = there["projects"]
    typed = speech(
        *("datasets", "create", "--display-name", "It's", "--locale", "en-US"),
        *("--kind", "Language", "--project", project, "--email", "me@example.com"),
    )
    called = speech(
        *("call", "datasets_create", "displayName=It's", "locale=en-US"),
        *("kind=Language", f"project={project}", "properties.email=me@example.com"),
    )

    assert (typed.code, called.code) == (0, 0)
    one, other = api.requests()
    assert one["path"] == other["path"]
    assert json.loads(one["body"]) == json.loads(other["body"])
