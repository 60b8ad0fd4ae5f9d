"""What a reader gets: tables for people, JSON untouched, ids alone; names for ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from csctl.azure.table import load
from csctl.profile.speech import API_VERSIONS
from tests.cli.speech.conftest import Speech
from tests.rest_api import KEY, RestApi

V = "/speechtotext/v3.1"


def test_a_listing_reads_all_pages_and_keeps_each_item_as_it_came(
    speech: Speech, api: RestApi
) -> None:
    done = speech("models", "list-base", "--top", "64", "--json")

    values = []
    for skip in range(0, 320, 64):
        values += api.get("/models/base", top=64, skip=skip)["values"]
    assert done.json == {"values": values}
    assert len(values) >= 300


def test_a_limit_reads_no_more_than_it_needs(speech: Speech, api: RestApi) -> None:
    done = speech("models", "list-base", "--limit", "3", "--ids")

    [arrived] = api.requests()
    assert dict(arrived["query"]) == {"top": "3"}
    values = api.get("/models/base", top=3)["values"]
    assert done.out.split() == [value["self"][-36:] for value in values]


def test_one_thing_is_json_as_it_came(speech: Speech, api: RestApi) -> None:
    [project] = api.get("/projects", filter="displayName eq 'Contoso'")["values"]

    assert speech("projects", "get", "Contoso", "--json").json == project
    assert speech("projects", "get", "Contoso", "--ids").out == (
        project["self"][-36:] + "\n"
    )
    told = speech("projects", "get", project["self"]).out
    assert "displayName" in told
    assert "Contoso" in told


def test_a_table_shows_no_signature_and_json_is_untouched(speech: Speech) -> None:
    name = "Contoso, last week"
    shown = speech("transcriptions", "get-file", name, "report.json").out
    told = speech("transcriptions", "get-file", name, "report.json", "--json").json

    signed = told["links"]["contentUrl"]
    plain = signed.partition("?")[0]
    assert "sig=" in signed
    assert f"{plain}?***" in shown
    assert "sig=" not in shown


def test_locales_are_words(speech: Speech) -> None:
    done = speech("models", "list-locales")

    assert "en-US" in done.out.split()
    assert speech("models", "list-locales", "--ids").out == done.out


def test_conditions_are_one_filter(speech: Speech, api: RestApi) -> None:
    done = speech(
        *("datasets", "list", "--status", "failed", "--status", "Succeeded"),
        *("--created-after", "2026-01-01", "--created-before", "2126-01-01T00:00:00Z"),
        *("--kind", "acoustic", "--filter", "not (locale eq 'de-DE')", "--ids"),
    )

    assert (done.code, done.err) == (0, "")
    assert dict(api.requests()[0]["query"])["filter"] == (
        "createdDateTime ge 2026-01-01T00:00:00Z"
        " and createdDateTime lt 2126-01-01T00:00:00Z"
        " and (status eq 'Failed' or status eq 'Succeeded') and kind eq 'Acoustic'"
        " and (not (locale eq 'de-DE'))"
    )


@pytest.mark.parametrize("version", API_VERSIONS)
def test_each_version_lists_its_operations(version: str, csctl: Speech) -> None:
    done = csctl("speech", "operations", "--api-version", version, "--json")

    rows = {row["operation"]: row for row in done.json}
    assert rows.keys() == load(version).operations.keys()
    commands = [row["command"] for row in rows.values()]
    assert len(set(commands)) == len(commands)


def test_2024_11_15_goes_into_the_query(speech: Speech, api: RestApi) -> None:
    version = "2024-11-15"
    done = speech(
        *("--api-version", version, "transcriptions", "submit", "--locale", "en-US"),
        *("--display-name", "t", "--content-urls", "https://x.example/a.wav"),
        *("--time-to-live-hours", "48", "--model", "Contoso calls en-US", "--json"),
    )

    assert (done.code, done.err) == (0, "")
    named, sent = api.requests()
    assert (named["path"], sent["path"]) == (
        "/speechtotext/models",
        "/speechtotext/transcriptions:submit",
    )
    assert dict(sent["query"]) == {"api-version": version}
    assert f"/models/{done.json['model']['self'].split('/')[-1]}" in sent["body"]
    assert f"?api-version={version}" in sent["body"]


def test_the_manifest_of_2024_11_15_asks_for_a_lifetime(
    speech: Speech, api: RestApi
) -> None:
    done = speech(
        *("models", "get-manifest", "Contoso calls en-US", "--json"),
        *("--api-version", "2024-11-15"),
    )

    assert done.code == 0
    assert dict(api.requests()[-1]["query"])["sasLifetimeMinutes"] == "60"


def test_resources_are_declared_once(
    csctl: Speech, api: RestApi, tmp_path: Path
) -> None:
    (tmp_path / "csctl.yaml").write_text(
        "default: one\n"
        "resources:\n"
        f"  one: {{endpoint: '{api.url}', api_key: {{command: [echo, {KEY}]}}}}\n"
        f"  two: {{endpoint: '{api.url}', api_key: {{file: key.txt}},"
        " api_version: v3.2}\n"
    )
    (tmp_path / "key.txt").write_text(f"{KEY}\n")

    api.requests()
    assert csctl("speech", "projects", "list").code == 0
    assert csctl("speech", "--resource", "two", "projects", "list").code == 0
    assert csctl("speech", "projects", "list", "--resource", "two").code == 0
    assert csctl("speech", "models", "authorize-copy", "--help").code == 2
    assert csctl("speech", "--resource=two", "models", "authorize-copy", "-h").code == 0
    missing = csctl("speech", "--resource", "three", "projects", "list")

    paths = [one["path"].split("/")[2] for one in api.requests()]
    assert paths == ["v3.1", "v3.2", "v3.2"]
    assert missing.code == 2
    assert "choose with --resource: one, two" in missing.err


def test_the_billing_of_a_profile_is_a_resource(
    csctl: Speech, api: RestApi, tmp_path: Path
) -> None:
    (tmp_path / "p.yaml").write_text(
        "name: contoso\nimage: x/y:4.12.0-amd64\nmode: connected\n"
        "model: {base: {locale: en-US}}\n"
        f"billing: {{endpoint: '{api.url}', api_key: {{command: [echo, {KEY}]}}}}\n"
        "data: here\n"
    )

    done = csctl("speech", "projects", "list", "--profile", "p.yaml", "--ids")

    assert (done.code, done.err) == (0, "")
    assert done.out.strip()


def test_health_is_told(speech: Speech) -> None:
    done = speech("health", "get", "--json")

    assert done.json["status"] == "Healthy"
