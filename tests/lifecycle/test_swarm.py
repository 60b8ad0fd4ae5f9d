"""Profiles as services, on a swarm of three real Engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Draft
from tests.lifecycle.swarm_lab import Lab, lab, until, with_a_shell
from tests.tmux import Pane

_ASK = (
    "import socket; s = socket.socket(); s.connect(('127.0.0.1', 5000));"
    " s.sendall(b'GET /ready HTTP/1.0\\r\\n\\r\\n');"
    " raise SystemExit(b' 200 ' not in s.recv(64))"
)
HEALTH = ["/app/bin/python3", "-ISc", _ASK]
SMALL = {"REHEARSAL_LOAD_SECONDS": "0", "REHEARSAL_MODEL_BYTES": "4096"}
DEPLOY: dict[str, Any] = {"engine": "swarm", "update": {"watch": "1s"}}
SERVICE: dict[str, Any] = {
    "port": "0.0.0.0:5000",
    "replicas": 2,
    "environment": SMALL,
    "deploy": DEPLOY,
    "ready": {"timeout": "60s"},
}


@pytest.fixture(scope="module")
def swarm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("swarm")
    with lab(folder, with_a_shell(folder / "images.tar")) as made:
        yield made


@pytest.fixture
def service(swarm: Lab, request: pytest.FixtureRequest) -> Iterator[Draft]:
    """A service that serves on two of three nodes; it is gone afterwards."""
    draft = swarm.shell.write(f"{len(request.node.name)}", **SERVICE)
    swarm.shell.apply(draft)
    yield draft
    swarm.shell.run("down", "--yes", draft.path)


def row(swarm: Lab, draft: Draft) -> Any:
    [found] = swarm.shell.json("status", draft.path)
    return found


def test_a_service_is_made_changed_and_removed(swarm: Lab, service: Draft) -> None:
    shell, name = swarm.shell, service.name
    before = swarm.running(name)
    assert len(before) == 2
    found = row(swarm, service)
    assert (found["state"], found["ready"], found["drift"]) == ("running", True, [])
    assert (found["container"], found["port"]) == (name, "0.0.0.0:5000")
    assert found["license"]["days_left"] == 29
    assert [one["profile"] for one in shell.json("status")] == [name]
    assert shell.actions(service) == []
    again = shell.json("apply", "--yes", service.path)
    assert again[0]["outcome"] == "unchanged"
    lines = shell.run("logs", name).out.splitlines()
    assert {line.partition(" | ")[0] for line in lines} == before.keys()

    service.change(environment=SMALL | {"CHANGED": "1"})
    [plan] = shell.json("plan", service.path, code=6)
    assert [step["action"] for step in plan["steps"]] == ["update"]
    shell.apply(service)
    after = swarm.running(name)
    assert len(after) == 2
    assert not set(before.values()) & set(after.values())

    # What another tool changes is told, and undone.
    swarm.scale(name, 1)
    [drifted] = row(swarm, service)["drift"]
    assert drifted == {
        "field": "deploy.replicas",
        "have": "1",
        "want": "2",
        "by": "container",
    }
    [unnamed] = shell.json("status")
    assert unnamed["drift"] == [drifted]
    shell.apply(service)
    assert row(swarm, service)["drift"] == []

    shell.run("down", "--yes", service.path)
    assert row(swarm, service)["state"] is None
    assert swarm.containers() == []
    assert shell.run("down", "--yes", service.path).out == f"{name}: nothing to do\n"


@pytest.mark.soak
def test_a_bad_update_is_rolled_back(swarm: Lab, service: Draft) -> None:
    before = swarm.running(service.name)
    service.change(environment=SMALL | {"REHEARSAL_FAIL": "no-model"})
    failed = swarm.shell.json("apply", "--yes", service.path, code=1)
    assert failed[0]["outcome"] == "rolled-back"
    assert "Swarm went back to what ran before" in failed[0]["error"]
    found = row(swarm, service)
    assert found["ready"]
    assert [one["field"] for one in found["drift"]] == ["environment.REHEARSAL_FAIL"]
    # The update stopped at its first task.
    assert set(before.values()) & set(swarm.running(service.name).values())
    # With the profile as it was before there is nothing left to do.
    service.change(environment=SMALL)
    assert swarm.shell.json("apply", "--yes", service.path)[0]["outcome"] == "unchanged"


@pytest.mark.soak
def test_a_node_that_is_drained_is_done_without(swarm: Lab, service: Draft) -> None:
    drained = next(iter(swarm.running(service.name)))
    swarm.set_node(drained, Availability="drain")
    try:
        until(lambda: {drained} ^ swarm.running(service.name).keys() > {drained})
        until(lambda: row(swarm, service)["ready"])
        assert swarm.shell.actions(service) == []
        service.change(replicas=3)
        refused = swarm.shell.run("plan", service.path, code=2)
        assert "3 replicas are wanted, and 2 nodes may run one" in refused.err
    finally:
        swarm.set_node(drained, Availability="active")
        service.change(replicas=2)


@pytest.mark.soak
def test_keys_are_secrets_of_swarm(swarm: Lab) -> None:
    shell = swarm.shell
    environment = SMALL | {"REHEARSAL_ECHO_KEY": "1", "EXTRA": {"env": "EXTRA"}}
    shell.environ["EXTRA"] = "first-value"
    draft = shell.write_connected(
        "keys", **SERVICE | {"environment": environment, "replicas": 1}
    )
    shell.apply(draft)
    first = set(swarm.secrets())
    assert len(first) == 2
    api = swarm.api()
    told = str(api.inspect_service(draft.name))
    api.close()
    assert "first-value" not in told
    assert "'ApiKey=rehearsal'" not in told
    log = shell.run("logs", draft.name).out
    assert "ApiKey=***" in log
    assert "ApiKey=rehearsal" not in log

    shell.environ["EXTRA"] = "second-value"
    [plan] = shell.json("plan", draft.path, code=6)
    assert [step["action"] for step in plan["steps"]] == ["update"]
    shell.apply(draft)
    second = set(swarm.secrets())
    assert len(second) == 2
    assert len(first & second) == 1
    shell.run("down", "--yes", draft.path)
    assert swarm.secrets() == []


@pytest.mark.soak
def test_every_node_that_may_run_it_is_asked_for_its_files(swarm: Lab) -> None:
    shell = swarm.shell
    changes = SERVICE | {"data": "own/there", "replicas": 1}
    draft = shell.write("files", **changes)
    failed = shell.run("apply", "--yes", draft.path, code=2)
    assert "not every node that may run it has what it takes" in failed.err
    for name in ("node1", "node2"):
        assert f"{name}: invalid mount config" in failed.err
    assert "node0:" not in failed.err
    assert row(swarm, draft)["state"] is None
    draft.change(deploy=DEPLOY | {"placement": ["node.hostname == node0"]})
    shell.apply(draft)
    assert swarm.running(draft.name).keys() == {"node0"}
    shell.run("down", "--yes", draft.path)


@pytest.mark.soak
def test_a_node_that_is_killed_is_done_without(tmp_path: Path) -> None:
    with lab(tmp_path, with_a_shell(tmp_path / "images.tar")) as swarm:
        # The manager alone tells what became of the others.
        draft = swarm.shell.write(**SERVICE | {"deploy": DEPLOY | {"health": HEALTH}})
        swarm.shell.apply(draft)
        lost = next(n for n in swarm.running(draft.name) if n != "node0")
        swarm.hosts[int(lost[-1])].cut_off()
        until(
            lambda: (
                swarm.running(draft.name).keys() == {"node0", "node1", "node2"} - {lost}
            )
        )
        until(lambda: row(swarm, draft)["ready"])
        noted = swarm.shell.run("plan", draft.path)
        assert f"{lost} cannot be reached" in noted.err
        swarm.shell.run("down", "--yes", draft.path)


def test_the_terminal_ui_shows_a_service_and_follows_its_log(
    swarm: Lab, service: Draft
) -> None:
    name = service.name
    argv = swarm.shell.command("tui", service.path)
    # So high that what two tasks say when they start does not push a mark off it.
    with Pane(argv, swarm.shell.environment(), columns=140, rows=100) as pane:
        pane.wait_for(name, "● ready", "none")
        pane.press("x")
        pane.wait_for("Docker Swarm runs it")
        pane.press("d")
        pane.wait_for("state", "● ready", "0.0.0.0:5000")
        pane.press("l")
        pane.wait_for(*(f"{node} | Now listening" for node in swarm.running(name)))
        pane.press("Escape")
        pane.press("Escape")
        pane.wait_for("fleet", "● ready")

        swarm.scale(name, 1)
        pane.wait_for("deploy.…")
        pane.press("l")
        swarm.shell.run("down", "--yes", service.path)
        pane.wait_for("— there is no service now —")
        swarm.shell.apply(service)
        pane.wait_for("— there is a service again —")
        pane.press("Escape")
        pane.wait_for("● ready")
        pane.press("q")
        assert pane.wait_for_end() == 0


@pytest.mark.soak
def test_a_swarm_without_a_majority_hides_no_container(tmp_path: Path) -> None:
    with lab(tmp_path, with_a_shell(tmp_path / "images.tar")) as swarm:
        shell = swarm.shell
        service = shell.write("service", **SERVICE)
        alone = shell.write("alone", environment=SMALL)
        shell.apply(service, alone)
        swarm.set_node("node1", Role="manager")
        until(lambda: len(swarm.managers()) == 2)
        swarm.hosts[1].cut_off()

        def silent() -> bool:
            done = shell.run("status", code=None)
            return "does not have a leader" in done.err

        until(silent)
        done = shell.run("status", "--json", code=1)
        assert [row["name"] for row in done.json] == [alone.name]
        assert done.json[0]["ready"]
        assert "listing services: " in done.err
        [told] = shell.json("status", service.path, code=1)
        assert "does not have a leader" in told["problem"]
        assert row(swarm, alone)["ready"]
        assert shell.run("logs", alone.name).out
        assert shell.actions(alone) == []
        failed = shell.run("logs", service.name, code=1)
        assert "does not have a leader" in failed.err
        shell.run("down", "--yes", alone.path)
