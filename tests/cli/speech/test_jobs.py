"""Waiting for jobs: to their end, their failure, or the end of patience."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.speech.conftest import Speech, named
from tests.rest_api import RestApi, rest_api

CREATE = ("transcriptions", "create", "--locale", "en-US", "--display-name", "t")
GOOD = ("--content-urls", "https://x.example/a.wav")


@pytest.fixture(scope="module")
def slow_api() -> Iterator[RestApi]:
    """Jobs take two seconds, and are to be looked at after one."""
    with rest_api(job_seconds=2, retry_after=1) as running:
        yield running


@pytest.fixture(scope="module")
def failing_api() -> Iterator[RestApi]:
    """Every job fails."""
    with rest_api(job_seconds=0, fail="jobs") as running:
        yield running


def test_a_job_is_waited_for_at_the_pace_that_the_service_asks_for(
    csctl: Speech, slow_api: RestApi
) -> None:
    slow_api.requests()

    done = csctl("speech", *named(slow_api), *CREATE, *GOOD, "--wait", "--json")

    assert (done.code, done.err) == (0, "")
    assert done.json["status"] == "Succeeded"
    asked = slow_api.requests()
    looks = [one for one in asked if one["path"].endswith(done.json["self"][-36:])]
    assert 2 <= len(looks) <= 5


def test_a_job_that_takes_too_long_is_told_of(csctl: Speech, slow_api: RestApi) -> None:
    done = csctl(
        "speech", *named(slow_api), *CREATE, *GOOD, "--wait", "--timeout", "500ms"
    )

    assert (done.code, done.out) == (5, "")
    assert "after" in done.err
    assert "it goes on by itself" in done.err


def test_a_transcription_that_failed_names_each_file(
    csctl: Speech, api: RestApi
) -> None:
    urls = ("--content-urls", "https://x.invalid/a.wav?sv=1&sig=s3cret")

    done = csctl("speech", *named(api), *CREATE, *urls, "--wait")

    assert (done.code, done.out) == (1, "")
    assert " failed: " in done.err
    assert "https://x.invalid/a.wav" in done.err
    assert "s3cret" not in done.err


def test_a_job_that_failed_before_is_seen_by_get(
    csctl: Speech, failing_api: RestApi
) -> None:
    made = failing_api.create(
        "/models", displayName="m", locale="en-US", text="Contoso"
    )

    done = csctl("speech", *named(failing_api), "models", "get", made["self"], "--wait")

    assert (done.code, done.out) == (1, "")
    assert f"models {made['self'][-36:]} failed: " in done.err


def test_a_copy_is_followed_to_the_new_model(csctl: Speech, api: RestApi) -> None:
    source = api.get("/models")["values"][0]["self"]
    version = ("--api-version", "v3.2")
    resource = "/subscriptions/s/resourceGroups/g/providers/accounts/contoso"
    authorized = csctl(
        *("speech", *named(api), *version, "models", "authorize-copy", "--json"),
        *("--source-resource-id", resource),
    )
    assert (authorized.code, authorized.err) == (0, "")
    with open("copy.json", "w") as file:
        file.write(authorized.out)

    done = csctl(
        *("speech", *named(api), *version, "models", "copy", source),
        *("--body", "copy.json", "--wait", "--json"),
    )

    assert (done.code, done.err) == (0, "")
    assert done.json["status"] == "Succeeded"


def test_files_that_failed_within_a_success_are_remarked(
    csctl: Speech, api: RestApi
) -> None:
    urls = ("--content-urls", "https://x.example/a.wav")
    bad = ("--content-urls", "https://x.invalid/a.wav")

    done = csctl("speech", *named(api), *CREATE, *urls, *bad, "--wait", "--ids")

    assert done.code == 0
    assert "failed: https://x.invalid/a.wav: " in done.err
