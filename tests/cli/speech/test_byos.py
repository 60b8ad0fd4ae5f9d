"""Bring your own storage: no signed URL comes, and none is shown if one does."""

from __future__ import annotations

from pathlib import Path

import pytest

from csctl.rehearsal.rest.storage import TOKEN
from tests.cli.speech.conftest import Speech, named
from tests.rest_api import RestApi, rest_api

NAME = "Contoso, last week"
FAKE_AZ = """#!/bin/sh
printf '{"accessToken": "%s", "expiresOn": "2126-01-01 00:00:00.000000",' "$FAKE_TOKEN"
printf '"expires_on": 4922553600, "subscription": "s", "tenant": "t",'
printf '"tokenType": "Bearer"}'
"""


@pytest.fixture
def az(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who is logged in with the Azure CLI, as far as a program can tell."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "az").write_text(FAKE_AZ)
    (folder / "az").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_TOKEN", TOKEN)


@pytest.mark.parametrize(
    "typed",
    [
        ("transcriptions", "list-files", NAME),
        ("transcriptions", "get-file", NAME, "report.json"),
        ("datasets", "list-files", "Contoso calls"),
        ("endpoints", "list-logs", "Contoso live"),
        ("endpoints", "list-base-model-logs", "en-US"),
        ("models", "get-manifest", "Contoso calls en-US"),
    ],
    ids=lambda typed: " ".join(typed[:2]),
)
def test_every_operation_that_knows_signatures_asks_for_none(
    typed: tuple[str, ...], byos_speech: Speech, byos_api: RestApi
) -> None:
    done = byos_speech(*typed, "--json")

    assert (done.code, done.err) == (0, "")
    assert "contentUrl" in done.out
    assert "sig=" not in done.out
    last = byos_api.requests()[-1]
    assert dict(last["query"])["sasValidityInSeconds"] == "0"


def test_every_page_asks_for_none_though_the_links_forget_it(csctl: Speech) -> None:
    with rest_api(job_seconds=0, byos=1, page=2, logs=7) as api:
        done = csctl(
            *("speech", *named(api), "--byos", "endpoints", "list-logs"),
            *("Contoso live", "--json"),
        )
        asked = [one for one in api.requests() if one["path"].endswith("/files/logs")]

    assert (done.code, done.err) == (0, "")
    assert len(done.json["values"]) >= 7
    assert len(asked) >= 4
    assert {dict(one["query"])["sasValidityInSeconds"] for one in asked} == {"0"}


def test_a_signed_url_is_an_error_and_not_shown(csctl: Speech, api: RestApi) -> None:
    # A resource without its own storage signs what is asked for with any validity.
    done = csctl(
        *("speech", *named(api), "--byos", "--api-version", "2024-11-15"),
        *("transcriptions", "list-files", NAME, "--json"),
    )

    assert (done.code, done.out) == (4, "")
    assert "answers with a signed URL of 127.0.0.1" in done.err
    assert "sig=" not in done.err


def test_the_manifest_of_a_base_model_may_be_signed(
    byos_speech: Speech, byos_api: RestApi
) -> None:
    base = byos_api.get("/models/base", top=1)["values"][0]["self"][-36:]

    done = byos_speech(
        *("models", "get-base-manifest", base, "--json"),
        *("--sas-validity-in-seconds", "600"),
    )

    assert (done.code, done.err) == (0, "")


def test_a_validity_of_ones_own_is_refused(
    byos_speech: Speech, byos_api: RestApi
) -> None:
    done = byos_speech(
        "transcriptions", "list-files", NAME, "--sas-validity-in-seconds", "60"
    )

    assert done.code == 2
    assert "open your own storage to everybody" in done.err
    assert byos_api.requests() == []


@pytest.mark.usefixtures("az")
def test_files_come_with_an_entra_token_and_without_the_key(
    byos_speech: Speech, byos_api: RestApi, tmp_path: Path
) -> None:
    done = byos_speech(
        "transcriptions", "download", NAME, "-o", "out", "--identity", "cli"
    )

    assert (done.code, done.err) == (0, "")
    assert (tmp_path / "out" / "report.json").stat().st_size
    storage = [one for one in byos_api.requests() if one["server"] == "storage"]
    assert storage
    for one in storage:
        assert one["headers"]["authorization"] == "Bearer ***"
        assert one["headers"]["x-ms-version"]
        assert "ocp-apim-subscription-key" not in one["headers"]


@pytest.mark.usefixtures("az")
def test_a_token_without_a_role_is_explained(
    byos_speech: Speech, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAKE_TOKEN", "somebody-elses")

    done = byos_speech(
        "transcriptions", "download", NAME, "-o", "out", "--identity", "cli"
    )

    assert done.code == 4
    assert "AuthorizationPermissionMismatch" in done.err
    assert "Storage Blob Data Reader" in done.err
    assert "somebody-elses" not in done.err
    assert not [one for one in (tmp_path / "out").iterdir() if one.name[0] != "."]


def test_nobody_logged_in_is_told(
    byos_speech: Speech, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    done = byos_speech(
        "transcriptions", "download", NAME, "-o", "out", "--identity", "cli"
    )

    assert done.code == 4
    assert "no Entra token for https://storage.azure.com/.default" in done.err
    assert "az login" in done.err


@pytest.mark.usefixtures("az")
def test_an_entra_identity_asks_the_api_itself(
    csctl: Speech, api: RestApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    entra = ("--endpoint", api.url, "--auth", "entra", "--identity", "cli")
    api.requests()
    expired = csctl("speech", *entra, "projects", "list")
    monkeypatch.setenv("FAKE_TOKEN", "rehearsal-token")
    good = csctl("speech", *entra, "projects", "list")

    assert expired.code == 4
    assert "that a token has not expired" in expired.err
    assert (good.code, good.err) == (0, "")
    asked = api.requests()
    assert [one["status"] for one in asked] == [401, 401, 200]
    for one in asked:
        assert one["headers"]["authorization"] == "Bearer ***"
        assert "ocp-apim-subscription-key" not in one["headers"]


CREATE = (
    *("transcriptions", "create", "--display-name", "t", "--locale", "en-US"),
    *("--content-urls", "https://x.example/a.wav"),
)
DESTINATION = "--destination-container-url"


def test_a_destination_is_refused_unless_forced(
    byos_speech: Speech, byos_api: RestApi
) -> None:
    own = (*CREATE, DESTINATION, "https://x.blob.core.windows.net/results")

    refused = byos_speech(*own)
    assert refused.code == 2
    assert "bypasses your own storage" in refused.err
    assert byos_api.requests() == []
    assert byos_speech(*own, "--force-destination").code == 0


@pytest.mark.parametrize(
    "name", ["customspeech-artifacts", "customspeech-models", "customspeech-audiologs"]
)
def test_nothing_is_written_into_the_services_own_containers(
    name: str, byos_speech: Speech, byos_api: RestApi, tmp_path: Path
) -> None:
    (tmp_path / "job.yaml").write_text(
        "properties:\n"
        f"  destinationContainerUrl: https://x.blob.core.windows.net/{name}?sig=x\n"
    )

    done = byos_speech(*CREATE, "--body", "job.yaml", "--force-destination")

    assert done.code == 2
    assert f"{name} is the Speech service's own container" in done.err
    assert byos_api.requests() == []
