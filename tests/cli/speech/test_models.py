"""`csctl model list --custom` and `manifest`, and doctor's look at the API."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.cli.speech.conftest import KEY_VARIABLE, Speech, named
from tests.rest_api import RestApi, rest_api

CUSTOM = "Contoso calls en-US"


def test_custom_and_base_models_are_listed_with_what_containers_serve(
    csctl: Speech, api: RestApi
) -> None:
    done = csctl("model", "list", "--custom", *named(api), "--json")

    assert (done.code, done.err) == (0, "")
    rows = done.json
    base = [row for row in rows if row["kind"] == "base"]
    assert len(base) >= 300
    assert {row["kind"] for row in rows[: len(rows) - len(base)]} == {"custom"}
    own = next(row for row in rows if row["name"] == CUSTOM)
    assert own["on_containers"] is True
    assert own["retires"].endswith("Z")
    newest = [row for row in base if row["locale"] == "en-US" and row["newest"]]
    created = [row["created"] for row in base if row["locale"] == "en-US"]
    assert [row["created"] for row in newest] == [max(created)]


def test_a_locale_is_asked_for_only(csctl: Speech, api: RestApi) -> None:
    api.requests()

    done = csctl("model", "list", "--custom", *named(api), "--locale", "de-DE")

    assert done.code == 0
    assert "de-DE" in done.out
    assert "en-US" not in done.out
    filters = {dict(one["query"]).get("filter") for one in api.requests()}
    assert filters == {"locale eq 'de-DE'"}


def test_without_custom_a_profile_is_needed(csctl: Speech) -> None:
    done = csctl("model", "list")

    assert done.code == 2
    assert "Missing argument 'PROFILE...'" in done.err


def test_a_manifest_is_told_of_a_custom_or_base_model(
    csctl: Speech, api: RestApi
) -> None:
    base = api.get("/models/base", top=1)["values"][0]["self"][-36:]

    own = csctl("model", "manifest", CUSTOM, *named(api), "--json")
    other = csctl("model", "manifest", base, *named(api), "--json")

    assert own.json["model"]["self"].endswith(
        api.get("/models", filter=f"displayName eq '{CUSTOM}'")["values"][0]["self"]
    )
    assert f"/models/base/{base}" in other.json["model"]["self"]
    assert other.json["modelFiles"]


def test_the_files_of_a_manifest_come_into_their_folders(
    csctl: Speech, api: RestApi, tmp_path: Path
) -> None:
    told = csctl("model", "manifest", CUSTOM, *named(api), "--json").json

    done = csctl("model", "manifest", CUSTOM, *named(api), "-o", "out")

    assert (done.code, done.err) == (0, "")
    for one in told["modelFiles"]:
        here = (tmp_path / "out" / one["name"]).read_bytes()
        assert here == httpx.get(one["contentUrl"]).raise_for_status().content


def _declare(folder: Path, api: RestApi, *more: str) -> None:
    lines = [
        "resources:",
        "  contoso:",
        f"    endpoint: {api.url}",
        f"    api_key: {{env: {KEY_VARIABLE}}}",
        *more,
    ]
    (folder / "csctl.yaml").write_text("\n".join(lines) + "\n")


def test_doctor_asks_declared_resources_for_their_health(
    csctl: Speech, api: RestApi, tmp_path: Path
) -> None:
    _declare(
        tmp_path,
        api,
        "  later:",
        "    endpoint: http://127.0.0.1:9",
        "    api_key: {env: NO_SUCH_VARIABLE}",
    )

    checks = {one["check"]: one for one in csctl("doctor", "--json").json}

    assert checks["speech contoso: health"]["ok"]
    assert "Healthy" in checks["speech contoso: health"]["detail"]
    assert checks["speech contoso: REST API"]["ok"]
    assert not checks["speech later: credentials"]["ok"]
    assert "NO_SUCH_VARIABLE" in checks["speech later: credentials"]["detail"]


def test_doctor_tells_what_is_ill(csctl: Speech, tmp_path: Path) -> None:
    with rest_api(fail="unhealthy") as api:
        _declare(tmp_path, api)
        checks = {one["check"]: one for one in csctl("doctor", "--json").json}

    assert not checks["speech contoso: health"]["ok"]
    assert checks["speech contoso: health"]["remedy"]


def test_of_later_versions_doctor_sees_whether_the_key_is_taken(
    csctl: Speech, api: RestApi, tmp_path: Path
) -> None:
    _declare(tmp_path, api, "    api_version: v3.2")

    checks = {one["check"]: one for one in csctl("doctor", "--json").json}

    assert checks["speech contoso: health"]["detail"].endswith("and takes the key")
