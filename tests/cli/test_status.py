"""`csctl status`, and drift between profile, applied spec and live container."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.shell import IMAGE, MODEL, Draft, Engine, Shell
from tests.ports import free_port

_FIELDS = {
    *("profile", "container", "image", "state", "ready", "api_status", "model"),
    *("mode", "port", "license", "drift"),
}


def _status(shell: Shell, draft: Draft, code: int = 0) -> dict[str, Any]:
    rows = shell.json("status", "--check", draft.path, code=code)
    [row] = rows
    assert set(row) >= _FIELDS
    found: dict[str, Any] = row
    return found


def test_a_container_that_serves_is_shown_whole(
    served_shell: Shell, served: Draft
) -> None:
    row = _status(served_shell, served)
    expected = {
        "profile": served.name,
        "container": served.name,
        "image": IMAGE,
        "state": "running",
        "ready": True,
        "api_status": "Valid",
        "model": MODEL,
        "mode": "disconnected",
        "port": served.address,
        "drift": [],
    }
    assert {name: row[name] for name in expected} == expected
    license_ = row["license"]
    assert (license_["expiry_source"], license_["days_left"]) == ("declared", 29)
    assert license_["model"] == MODEL


def test_without_profiles_every_managed_container_is_shown(
    served_shell: Shell, served: Draft
) -> None:
    rows = {row["profile"]: row for row in served_shell.json("status")}
    assert rows[served.name]["ready"] is True
    assert rows[served.name]["drift"] == []
    assert rows[served.name]["license"]["days_left"] == 29
    table = served_shell.run("status").out.splitlines()
    assert table[0].split()[:4] == ["PROFILE", "STATE", "READY", "API"]
    [line] = [line for line in table if line.startswith(f"{served.name} ")]
    assert line.split()[:4] == [served.name, "running", "yes", "Valid"]
    assert line.endswith("29 days (declared)  none")


def test_foreign_containers_are_not_shown(
    served_shell: Shell, served: Draft, engine: Engine
) -> None:
    foreign = f"{served.name}-foreign"
    engine.run(foreign, "Eula=accept")
    try:
        names = {row["container"] for row in served_shell.json("status")}
        assert served.name in names
        assert foreign not in names
    finally:
        engine.remove(foreign)


def test_a_profile_without_a_container_is_shown_as_absent(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    row = _status(shell, draft, code=6)
    assert (row["container"], row["state"], row["ready"]) == (None, None, False)
    assert row["port"] == draft.address
    assert row["license"]["days_left"] == 29
    assert "absent" in shell.run("status", draft.path).out


def test_what_docker_update_changed_is_drift_and_set_right_in_place(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    before = engine.identity(draft)
    engine.update(
        draft.name,
        mem_limit=300 << 20,
        memswap_limit=-1,
        restart_policy={"Name": "always"},
    )
    row = _status(shell, draft, code=6)
    assert row["drift"] == [
        {
            "field": "resources.memory",
            "have": str(300 << 20),
            "want": str(256 << 20),
            "by": "container",
        },
        {
            "field": "restart",
            "have": "always",
            "want": "unless-stopped",
            "by": "container",
        },
    ]
    rows = {one["profile"]: one for one in shell.json("status", "--check", code=6)}
    assert rows[draft.name]["drift"] == row["drift"], "the label alone tells it too"
    assert shell.run("status", draft.path).out.endswith("resources.memory, restart\n")
    done = shell.run("plan", draft.path, code=6)
    assert f"update {draft.name}: the container was changed behind" in done.out
    [applied] = shell.json("apply", "--yes", draft.path)
    assert [step["action"] for step in applied["steps"]] == ["update"]
    assert engine.identity(draft) == before
    host = engine.inspect(draft.name)["HostConfig"]
    assert host["Memory"] == 256 << 20
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert _status(shell, draft)["drift"] == []


def test_what_the_profile_changed_is_drift_by_the_profile(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    old = draft.address
    draft.change(port=free_port(), resources={"cpus": 1, "memory": "280m"})
    row = _status(shell, draft, code=6)
    assert [(one["field"], one["by"]) for one in row["drift"]] == [
        ("port", "profile"),
        ("resources.memory", "profile"),
    ]
    assert (row["drift"][0]["have"], row["drift"][0]["want"]) == (old, draft.address)
    draft.change(port=int(old.rpartition(":")[2]))
    assert shell.actions(draft) == ["update"]
    before = engine.identity(draft)
    shell.apply(draft)
    assert engine.identity(draft) == before
    assert _status(shell, draft)["drift"] == []
    [row] = [one for one in shell.json("status") if one["profile"] == draft.name]
    assert row["drift"] == [], "an update in place is remembered"


def test_both_may_have_moved(shell: Shell, engine: Engine) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    engine.update(draft.name, restart_policy={"Name": "always"})
    draft.change(restart="no")
    [change] = _status(shell, draft, code=6)["drift"]
    assert change == {
        "field": "restart",
        "have": "always",
        "want": "no",
        "by": "container",
    }
    draft.change(restart="always")
    assert _status(shell, draft)["drift"] == [], "the profile came to the same"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"labels": {"team": "asr"}}, "labels.team", id="label"),
        pytest.param({"logging": {"max_file": 3}}, "logging.max_file", id="logging"),
        pytest.param(
            {"environment": {"TZ": "UTC"}}, "environment.TZ", id="environment"
        ),
    ],
)
def test_a_change_that_needs_a_new_container_is_shown_by_field(
    served_shell: Shell, served: Draft, changes: dict[str, Any], field: str
) -> None:
    same = served_shell.write("again", **changes)
    same.change(name=served.name, data=str(served.data), port=served.document["port"])
    row = _status(served_shell, same, code=6)
    assert [one["field"] for one in row["drift"]] == [field]
    assert served_shell.actions(same) == ["replace"]


def test_a_key_that_changed_is_drift_shown_by_digests(
    shell: Shell, engine: Engine
) -> None:
    secret = {"PASS": {"env": "SIDE_PASS"}}
    shell.environ["SIDE_PASS"] = "first-canary"
    draft = shell.write(stocked=True, environment=secret)
    shell.apply(draft)
    assert engine.environment(draft.name)["PASS"] == "first-canary"
    shell.environ["SIDE_PASS"] = "other-canary"
    [change] = _status(shell, draft, code=6)["drift"]
    assert change["field"] == "environment.PASS"
    assert change["have"].startswith("sha256:")
    assert change["want"].startswith("sha256:")
    assert change["have"] != change["want"]


def test_a_key_that_cannot_be_read_is_no_drift(shell: Shell) -> None:
    secret = {"PASS": {"env": "SIDE_PASS"}}
    shell.environ["SIDE_PASS"] = "first-canary"
    draft = shell.write_connected(stocked=True, environment=secret)
    shell.apply(draft)
    shell.environ |= {"SIDE_PASS": "", "STAND_IN_KEY": ""}
    assert _status(shell, draft)["drift"] == []
    assert shell.actions(draft) == []
    shell.environ |= {"SIDE_PASS": "first-canary", "STAND_IN_KEY": "rehearsal"}
    assert _status(shell, draft)["drift"] == []


def test_a_refused_key_shows_in_the_status(shell: Shell) -> None:
    draft = shell.write_connected(stocked=True)
    shell.environ["STAND_IN_KEY"] = "refused"
    done = shell.run("apply", "--yes", draft.path, code=4)
    assert f"{draft.name}: Azure refused the API key" in done.err
    row = shell.json("status", draft.path)[0]
    assert (row["state"], row["ready"]) == ("running", False)
    assert row["api_status"] == "Invalid"
    assert (row["mode"], row["license"]) == ("connected", None)
