"""`csctl license`: fetching, showing and checking what is opaque."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import (
    ENDPOINT,
    IMAGE,
    MODEL,
    OTHER_IMAGE,
    OTHER_MODEL,
    Draft,
    Engine,
    Shell,
)

_FIELDS = {
    *("files", "fetched_at", "expires_at", "expiry_source", "days_left"),
    *("image", "model"),
}
_RESOURCE = {"endpoint": ENDPOINT, "api_key": {"env": "STAND_IN_KEY"}}


def _sets(draft: Draft) -> list[Path]:
    return sorted((draft.data / "license").glob("2*"))


def _directories(draft: Draft) -> list[Path]:
    return [path for path in _sets(draft) if path.is_dir()]


def _day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize(
    "exits",
    [pytest.param("1", id="that ends"), pytest.param("0", id="that keeps running")],
)
def test_a_license_is_fetched_by_a_container(
    shell: Shell, engine: Engine, exits: str
) -> None:
    draft = shell.write(stocked=True, environment={"REHEARSAL_LICENSE_EXITS": exits})
    before = _directories(draft)
    row = shell.json("license", "pull", draft.path)
    assert set(row) >= _FIELDS
    assert engine.containers(draft) == []
    [made] = [path for path in _directories(draft) if path not in before]
    assert row["files"] == [path.name for path in made.iterdir()]
    assert (row["image"], row["model"]) == (IMAGE, MODEL)
    fetched, ends = (
        datetime.strptime(row[name], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        for name in ("fetched_at", "expires_at")
    )
    assert abs(datetime.now(UTC) - fetched) < timedelta(minutes=2)
    assert ends - fetched == timedelta(days=30)
    assert (row["expiry_source"], row["days_left"]) == ("declared", 29)
    assert made.with_name(f"{made.name}.csctl.json").is_file()
    assert {path.stat().st_uid for path in made.iterdir()} == {65532}


def test_a_license_is_shown_as_it_was_fetched(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    row = shell.json("license", "show", draft.path)
    assert set(row) >= _FIELDS
    assert row["days_left"] == 29
    text = shell.run("license", "show", draft.path).out
    assert f"image    {IMAGE}\n" in text
    assert f"model    {MODEL}\n" in text
    assert "left     29 days (declared)\n" in text


def test_a_fetched_license_serves_only_after_the_next_apply(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    before = engine.identity(draft)
    old = shell.json("status", draft.path)[0]["license"]["path"]
    shell.run("license", "pull", draft.path)
    assert engine.identity(draft) == before
    [row] = shell.json("status", draft.path)
    assert row["license"]["path"] == old
    assert shell.actions(draft) == ["replace"]
    shell.apply(draft)
    [row] = shell.json("status", draft.path)
    assert row["license"]["path"] != old
    assert Path(old).is_dir(), "the old set is kept for going back"


@pytest.mark.parametrize(
    ("license_", "code", "words"),
    [
        pytest.param({"valid_for": "30d"}, 0, "", id="well"),
        pytest.param({"valid_for": "5d"}, 7, "is due: it ends on", id="due"),
        pytest.param(
            {"valid_for": "30d", "renew_before": "40d"}, 7, "is due", id="due early"
        ),
        pytest.param({"valid_for": "5d", "renew_before": "1d"}, 0, "", id="not due"),
        pytest.param({"expires": _day(90)}, 0, "", id="well until a day"),
        pytest.param({"expires": _day(2)}, 7, "is due", id="due on a day"),
        pytest.param({"expires": _day(-1)}, 7, "expired on", id="expired"),
    ],
)
def test_check_tells_the_state_of_a_license(
    shell: Shell, license_: dict[str, str], code: int, words: str
) -> None:
    draft = shell.write(stocked=True, license=_RESOURCE | license_)
    done = shell.run("license", "check", "--json", draft.path, code=code)
    assert set(done.json) >= _FIELDS
    assert done.json["expiry_source"] == "declared"
    assert words in done.err
    assert bool(done.err) is bool(words)
    if code:
        assert done.err.startswith(f"csctl: {draft.name}: license ")
        assert "csctl license pull" in done.err


def test_a_license_of_a_past_span_is_expired_and_fetched_anew(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    [directory] = _directories(draft)
    path = directory.with_name(f"{directory.name}.csctl.json")
    known = json.loads(path.read_text())
    known["fetched_at"] = "2026-01-01T00:00:00+00:00"
    path.write_text(json.dumps(known))
    done = shell.run("license", "check", draft.path, code=7)
    assert "expired on 2026-01-31 (declared)" in done.err
    assert shell.json("license", "show", draft.path)["days_left"] < 0
    assert "fetch-license" in shell.actions(draft)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"image": OTHER_IMAGE}, "for another image or model", id="image"),
        pytest.param({"model": {"id": OTHER_MODEL}}, "for another image", id="model"),
    ],
)
def test_a_license_of_another_image_or_model_is_7(
    shell: Shell, changes: dict[str, Any], words: str
) -> None:
    draft = shell.write(stocked=True, **changes)
    done = shell.run("license", "check", draft.path, code=7)
    assert words in done.err


def test_no_license_is_7(shell: Shell) -> None:
    draft = shell.write()
    done = shell.run("license", "check", draft.path, code=7)
    assert "there is no license" in done.err
    row = shell.json("license", "show", draft.path, code=7)
    assert (row["files"], row["fetched_at"], row["days_left"]) == ([], None, None)


def test_a_damaged_license_is_7(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    [directory] = _directories(draft)
    [file] = directory.iterdir()
    file.write_bytes(b"short")
    done = shell.run("license", "check", draft.path, code=7)
    assert f"license {directory} is damaged: {file.name}" in done.err
    file.unlink()
    shell.run("license", "check", draft.path, code=7)


def _undeclared(shell: Shell) -> Draft:
    """A profile with a license of which nothing tells the end."""
    draft = shell.write(stocked=True, license=_RESOURCE)
    for directory in _directories(draft):
        path = directory.with_name(f"{directory.name}.csctl.json")
        known = json.loads(path.read_text())
        known["details"] = {}
        path.write_text(json.dumps(known))
    return draft


def test_an_unknown_expiry_is_warned_of_once_a_month(shell: Shell) -> None:
    draft = _undeclared(shell)
    first = shell.run("license", "check", "--json", draft.path)
    assert (first.json["expiry_source"], first.json["expires_at"]) == ("unknown", None)
    assert first.json["days_left"] is None
    assert f"{draft.name}: when its license ends is unknown" in first.err
    assert shell.run("license", "check", draft.path).err == ""


def test_a_date_in_a_text_file_is_shown_as_found(shell: Shell) -> None:
    draft = _undeclared(shell)
    own = shell.folder / "by-hand"
    own.mkdir()
    (own / "license.txt").write_text(f"ExpirationDate: {_day(60)}\n")
    draft.change(mounts={"license": str(own)})
    row = shell.json("license", "show", draft.path)
    assert row["expiry_source"] == "file"
    assert row["expires_at"] == f"{_day(60)}T00:00:00Z"
    assert row["days_left"] in (58, 59)
    assert row["files"] == ["license.txt"]


def test_an_expired_license_is_what_the_container_says_it_is(shell: Shell) -> None:
    draft = shell.write(environment={"REHEARSAL_LICENSE_DAYS": "-1"})
    done = shell.run("apply", "--yes", draft.path, code=7)
    assert "the license does not fit this image and model, or has expired" in done.err
    assert "csctl license pull" in done.err


def test_a_license_needs_its_model(shell: Shell) -> None:
    draft = shell.write()
    done = shell.run("license", "pull", draft.path, code=2)
    assert f"model {MODEL} is not on this host" in done.err
    assert "csctl model pull" in done.err


def test_a_license_that_azure_refuses_is_4_and_the_old_one_stays(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    before = _sets(draft)
    shell.environ["STAND_IN_KEY"] = "refused"
    done = shell.run("license", "pull", draft.path, code=4)
    assert "Azure refused the API key" in done.err
    assert _sets(draft) == before
    assert list(draft.data.rglob(".csctl-staging-*")) == []


@pytest.mark.parametrize("verb", ["show", "check"])
def test_a_connected_profile_has_no_license(shell: Shell, verb: str) -> None:
    draft = shell.write_connected()
    done = shell.run("license", verb, draft.path)
    assert done.err == f"{draft.name} is connected, and needs no license\n"
    assert done.out == ""


def test_a_connected_profile_fetches_no_license(shell: Shell) -> None:
    draft = shell.write_connected(stocked=True)
    done = shell.run("license", "pull", draft.path, code=2)
    assert "`license`" in done.err


def test_a_timer_checks_licenses_without_an_engine(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    nowhere = f"unix://{shell.folder}/nobody.sock"
    done = shell.run("-H", nowhere, "license", "check", draft.path)
    assert f"{draft.name}: not compared with the image" in done.err
