"""What a user, or what stands between, gets wrong: a clear word, and nothing done."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.speech.conftest import KEY_VARIABLE, Speech, named
from tests.rest_api import KEY, RestApi, rest_api

GUID = "11111111-2222-3333-4444-555555555555"
NAMES = "--display-name x --locale en-US"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("call Datasets_Get", "Datasets_Get wants id as well"),
        ("call Datasets_Get id", "'id' is no NAME=VALUE"),
        ("call Datasets_Get id=a id=b", "id is given more than once"),
        ("call Datasets_List tpo=1", "has no 'tpo'; did you mean top?"),
        ("call Datasets_Fetch id=a", "no operation 'Datasets_Fetch'"),
        ("call Datasets_Lst", "did you mean Datasets_List?"),
        ("call Models_Copy id=a", "v3.1 has no operation 'Models_Copy'"),
        ("call Datasets_List top=many", "top: 'many' is no whole number"),
        ("datasets list --top many", "top: 'many' is no whole number"),
        ("datasets list --statuss Failed", "--status"),
        ("datasets list --status Gone", "'Gone' is not one of"),
        ("datasets list --created-after soon", "'soon' is no time such as"),
        ("datasets list --filter \"size eq 'x'\"", "cannot filter by size"),
        ("datasets list --limit 0", "0 is not in the range"),
        ("datasets list --api-version v9", "'v9' is not one of"),
        ("datasets get nonesuch", "'nonesuch' is neither an id nor the name"),
        (f"datasets get-file {GUID}", "Missing argument 'FILE_ID'"),
        (f"datasets create {NAMES}", "Datasets_Create wants kind as well"),
        (f"datasets create {NAMES} --kind 'No such'", "'No such' is not one of"),
        (f"datasets create {NAMES} --kind Acoustic --content-url x", "this is no URL"),
        (f"datasets create {NAMES} --kind Acoustic --project x", "one of projects"),
        ("datasets create --body nowhere.yaml", "nowhere.yaml: No such file"),
        ("datasets create --body bad.json", "bad.json is no JSON"),
        ("datasets create --body twice.yaml", "twice.yaml:2:1"),
        ("datasets create --body list.yaml", "takes one object"),
        (f"datasets commit-blocks {GUID} --body map.yaml", "takes a list"),
        (f"datasets commit-blocks {GUID}", "takes a list"),
        (f"datasets upload-block {GUID} --blockid AAA=", "sends the bytes of a file"),
        (f"datasets upload {NAMES} --kind Acoustic --data a.zip", "write @PATH"),
        (f"datasets upload {NAMES} --kind Acoustic --data @a.zip", "no file a.zip"),
        (f"datasets update {GUID}", "is to change nothing"),
        (f"endpoints update {GUID} --content-logging-enabled 2", "neither true nor"),
        (f"transcriptions create {NAMES} --punctuation-mode x", "'x' is not one of"),
        (f"webhooks create {NAMES}", "no such option"),
        ("call Datasets_List --body map.yaml", "takes no --body"),
        ("call Datasets_Create --limit 3", "takes no --limit"),
        ("call Datasets_List --wait", "takes no --wait"),
    ],
)
def test_wrong_usage_is_told_and_nothing_is_asked(
    typed: str, said: str, speech: Speech, api: RestApi, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text('{"a": ')
    (tmp_path / "twice.yaml").write_text("kind: Acoustic\nkind: Language\n")
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "map.yaml").write_text("a: 1\n")

    done = speech(*shlex.split(typed))

    assert said.lower() in done.err.lower()
    assert (done.code, done.out) == (2, "")
    assert {one["method"] for one in api.requests()} <= {"GET"}


@pytest.mark.parametrize(
    "typed",
    [
        f"models copy-to {GUID} --target-subscription-key 0123456789abcdef",
        f"call Models_CopyTo id={GUID} targetSubscriptionKey=0123456789abcdef",
    ],
)
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(
    typed: str, speech: Speech, api: RestApi
) -> None:
    done = speech(*shlex.split(typed))

    assert "a secret is never written on a command line" in done.err
    assert "env:NAME" in done.err
    assert "0123456789abcdef" not in done.err
    assert (done.code, api.requests()) == (2, [])


def test_a_name_that_two_things_have_is_no_id(speech: Speech, api: RestApi) -> None:
    ids = [
        api.create("/projects", displayName="Twins", locale="en-US")["self"][-36:]
        for _ in range(2)
    ]

    done = speech("projects", "get", "Twins")

    assert done.code == 2
    assert "'Twins' is the name of 2 of projects" in done.err
    assert all(one in done.err for one in ids)


def test_a_name_with_a_quote_is_found(speech: Speech, api: RestApi) -> None:
    made = api.create("/projects", displayName="Pat's 'site'", locale="en-US")

    done = speech("projects", "get", "Pat's 'site'", "--json")

    assert done.json["self"] == made["self"]


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "no Speech resource is named"),
        (("--endpoint", "https://x.example"), 2, "no key of the resource is named"),
        (("--region", "westeurope", "--auth", "entra"), 2, "needs the custom domain"),
        (("--custom-domain", "a.b", "--api-key-env", "K"), 2, "no custom domain name"),
        (("--region", "west europe", "--api-key-env", "K"), 2, "no region such as"),
        (("--endpoint", "http://x.example", "--api-key-env", "K"), 2, "loopback only"),
        (("--endpoint", "x.example", "--api-key-env", "K"), 2, "--endpoint: "),
        (
            ("--endpoint", "http://127.0.0.1:9", "--api-key-env", "NO_SUCH_VARIABLE"),
            2,
            "environment variable NO_SUCH_VARIABLE is unset",
        ),
        (("--endpoint", "http://127.0.0.1:9", "--api-key-env", "K"), 4, "127.0.0.1:9"),
        (("--config", "nowhere.yaml"), 2, "nowhere.yaml: cannot be read"),
        (("--profile", "nowhere.yaml"), 2, "nowhere.yaml: cannot be read"),
    ],
)
def test_a_resource_that_cannot_be_asked_is_told_of(
    options: tuple[str, ...],
    code: int,
    said: str,
    csctl: Speech,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("K", KEY)

    done = csctl("speech", "projects", "list", *options)

    assert said in done.err
    assert done.code == code


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("another-regions-key", "Access denied due to invalid subscription key"),
        ("rehearsal-free", "a free (F0) resource cannot do this"),
        ("rehearsal-forbidden", "403 Forbidden"),
    ],
)
def test_a_key_that_is_refused_is_explained_with_the_request_id(
    key: str, said: str, speech: Speech, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key)

    done = speech("projects", "list")

    assert said in done.err
    assert "apim-request-id " in done.err
    assert key not in done.err.replace("a free (F0)", "")
    assert (done.code, done.out) == (4, "")


def test_what_is_not_there_is_told(speech: Speech) -> None:
    done = speech("models", "get", GUID)

    assert done.code == 4
    assert f"/models/{GUID}: The specified entity cannot be found" in done.err
    assert "whether it is a base model's" in done.err


def test_a_proxys_page_is_no_answer(speech: Speech, api: RestApi) -> None:
    api.befall("html")

    done = speech("projects", "list", "--json")

    assert (done.code, done.out) == (4, "")
    assert "answers like a web page, not like the Speech service" in done.err


def test_a_next_link_that_leads_back_is_noticed(csctl: Speech) -> None:
    with rest_api(fail="link-loop", page=10) as api:
        done = csctl("speech", *named(api), "models", "list-base")

    assert (done.code, done.out) == (4, "")
    assert "lists without end" in done.err


@pytest.fixture(scope="module")
def unsafe_api() -> Iterator[RestApi]:
    """Names files so that they would lie elsewhere."""
    with rest_api(job_seconds=0, fail="unsafe-names") as running:
        yield running


def test_a_file_name_that_leads_elsewhere_writes_nothing(
    csctl: Speech, unsafe_api: RestApi, tmp_path: Path
) -> None:
    made = unsafe_api.create(
        "/transcriptions",
        displayName="t",
        locale="en-US",
        contentUrls=["https://x.example/a.wav"],
    )
    target = tmp_path / "in" / "here"

    done = csctl(
        *("speech", *named(unsafe_api), "transcriptions", "download"),
        *(made["self"], "-o", target),
    )

    assert done.code == 4
    assert "would not lie in the folder for it" in done.err
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_deprecated_versions_are_said_once(csctl: Speech) -> None:
    with rest_api(deprecated="3.0,3.1", page=5) as api:
        done = csctl("speech", *named(api), "models", "list-base", "--limit", "20")

    assert done.code == 0
    assert done.err == (
        "the service gives up API versions 3.0,3.1, and v3.1 is used here\n"
    )


def test_without_a_terminal_nothing_is_deleted(speech: Speech, api: RestApi) -> None:
    done = speech("call", "Projects_Delete", f"id={GUID}")

    assert done.code == 2
    assert "there is no terminal to confirm on" in done.err
    assert api.requests() == []
