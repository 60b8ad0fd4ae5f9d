"""One verb over several hosts: real csctl behind real sshd, on the stand-in."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import Draft, Engine, Shell
from tests.ports import free_port
from tests.sshd import Keys, Sshd, Start

_SECONDS = 60


@pytest.fixture(scope="module")
def near(start: Start) -> Sshd:
    return start()


@pytest.fixture(scope="module")
def other(start: Start) -> Sshd:
    return start()


@pytest.fixture
def far_shell(shell: Shell, keys: Keys) -> Shell:
    """csctl with the key to all hosts; of the speech key it knows nothing."""
    shell.environ |= {"PATH": keys.path, "STAND_IN_KEY": ""}
    return shell


def _write(
    shell: Shell, name: str, host: Sshd | str | None, **changes: object
) -> Draft:
    """A profile with its files in place, for a host."""
    url = host.url if isinstance(host, Sshd) else host
    draft = shell.write(name, stocked=True, **changes)
    draft.change(host=url, data=str(draft.data) if url else name)
    return draft


def test_plan_apply_status_and_down_go_over_hosts(
    far_shell: Shell, near: Sshd, other: Sshd, engine: Engine
) -> None:
    drafts = [
        _write(far_shell, "a", near),
        _write(far_shell, "b", other),
        _write(far_shell, "c", None),
    ]
    paths = [draft.path for draft in drafts]
    hosts = [near.url, other.url, None]
    names = [draft.name for draft in drafts]

    planned = far_shell.json("plan", *paths, code=6)
    assert [row["host"] for row in planned] == hosts
    assert [row["profile"] for row in planned] == names
    assert {row["steps"][-1]["action"] for row in planned} == {"start"}

    applied = far_shell.run("apply", "--yes", "--timeout", "60s", "--json", *paths)
    rows = applied.json
    assert [(row["host"], row["outcome"]) for row in rows] == [
        (host, "ready") for host in hosts
    ]
    assert f"{near.url}: {names[0]}: start {names[0]}" in applied.err
    assert all(draft.answers() for draft in drafts)

    shown = far_shell.run("status", *paths).out.splitlines()
    assert shown[0].split()[:3] == ["HOST", "PROFILE", "STATE"]
    assert [line.split()[:4] for line in shown[1:]] == [
        [host or "-", name, "running", "yes"]
        for host, name in zip(hosts, names, strict=True)
    ]

    assert far_shell.json("down", "--yes", *paths)[1]["host"] == other.url
    assert [engine.containers(draft) for draft in drafts] == [[], [], []]


def test_secrets_are_read_on_the_far_host(far_shell: Shell, near: Sshd) -> None:
    draft = _write(far_shell, "a", near)
    key = {"endpoint": draft.document["license"]["endpoint"]}
    draft.change(license=key | {"api_key": {"env": "FAR_KEY"}})
    [plan] = far_shell.json("plan", draft.path, code=None)
    assert plan["problems"] == []

    state = far_shell.json("license", "refresh", "--yes", draft.path)
    assert state["host"] == near.url
    assert Path(state["path"]).is_relative_to(draft.data)
    assert far_shell.json("license", "check", draft.path)["files"] == state["files"]


def test_the_first_host_gates_the_others(
    far_shell: Shell, near: Sshd, other: Sshd, engine: Engine
) -> None:
    # More cores than any host has: its csctl refuses.
    bad = _write(far_shell, "a", near, resources={"cpus": 4000, "memory": "256m"})
    good = _write(far_shell, "b", other)
    done = far_shell.run("apply", "--yes", "--json", bad.path, good.path, code=2)
    first, second = done.json
    assert (first["profile"], first["outcome"]) == (bad.name, "refused")
    assert second == {
        "profile": good.name,
        "steps": [],
        "seconds": 0.0,
        "outcome": "not-started",
        "error": f"not started, as {near.url} goes first and failed",
        "host": other.url,
    }
    assert f"csctl: {other.url}: {good.name}: not started" in done.err
    assert engine.containers(good) == []


def test_a_host_that_is_down_or_without_csctl_hides_no_other(
    far_shell: Shell, near: Sshd, start: Start
) -> None:
    bare = start(csctl=False)
    nobody = f"ssh://127.0.0.1:{free_port()}"
    drafts = [
        _write(far_shell, "a", near),
        _write(far_shell, "b", bare),
        _write(far_shell, "c", nobody),
    ]
    done = far_shell.run("status", "--json", *(one.path for one in drafts), code=2)
    good, missing, down = done.json
    assert (good["host"], good["problem"], "error" in good) == (near.url, None, False)
    assert missing["error"].startswith(f"{bare.url}: csctl cannot be run there: ")
    assert down["error"].startswith(f"{nobody} is not reached: ")
    assert "Connection refused" in down["error"]
    assert "install csctl" in done.err

    table = far_shell.run("status", drafts[2].path, code=3).out.splitlines()
    assert table[1].split()[:3] == [nobody, drafts[2].name, "unknown"]


def test_another_version_of_csctl_is_named(far_shell: Shell, start: Start) -> None:
    newer, older = start(), start()
    newer.install("import csctl; csctl.__version__ = '99.1'")
    older.install(
        "from csctl.cli.main import cli\n"
        "cli.params = [one for one in cli.params if one.name != 'leash']"
    )
    drafts = [_write(far_shell, "a", newer), _write(far_shell, "b", older)]
    done = far_shell.run("status", "--json", *(one.path for one in drafts), code=2)
    assert f"{newer.url}: csctl: note: csctl 99.1 is here, and " in done.err
    good, bad = done.json
    assert (good["name"], "error" in good) == (drafts[0].name, False)
    assert bad["error"] == (
        f"{older.url}: its csctl is older, and cannot be asked from another host"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=str)
def test_what_ends_csctl_here_ends_the_one_there(
    far_shell: Shell, near: Sshd, engine: Engine, number: signal.Signals
) -> None:
    draft = _write(far_shell, "a", near, environment={"REHEARSAL_LOAD_SECONDS": "600"})
    with far_shell.start("apply", "--yes", "--timeout", "10m", draft.path) as process:
        _until(lambda: engine.containers(draft, running=True))
        assert near.sessions()
        process.send_signal(number)
        process.communicate(timeout=_SECONDS)
    expected = 130 if number == signal.SIGINT else -signal.SIGKILL
    assert process.returncode == expected
    _until(lambda: not near.sessions())
    far_shell.run("down", "--yes", draft.path)


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_profile_comes_from_stdin(far_shell: Shell, near: Sshd) -> None:
    draft = _write(far_shell, "a", near)
    here = _write(far_shell, "b", None)
    text = f"{draft.path.read_text()}\n---\n{here.path.read_text()}"
    done = subprocess.run(
        far_shell.command("plan", "--json", "-"),
        input=text.encode(),
        capture_output=True,
        cwd=far_shell.folder,
        env=far_shell.environment(),
        timeout=2 * _SECONDS,
        check=False,
    )
    assert done.returncode == 6, done.stderr
    assert [row["host"] for row in json.loads(done.stdout)] == [near.url, None]


def test_what_needs_one_host_refuses_a_profile_of_another(
    far_shell: Shell, near: Sshd
) -> None:
    draft = _write(far_shell, "a", near)
    assert f"{draft.name}: valid" in far_shell.run("validate", draft.path).out
    done = far_shell.run("model", "pull", draft.path, code=2)
    assert f"{draft.name} is for the host {near.url}" in done.err
    done = far_shell.run("-H", "tcp://127.0.0.1:9", "plan", draft.path, code=2)
    assert "the command line names an Engine for all" in done.err


def test_all_hosts_are_asked_at_once(
    far_shell: Shell, start: Start, tmp_path: Path
) -> None:
    hosts = [start() for _ in range(3)]
    for host in hosts:
        host.install(_MEETING.format(folder=str(tmp_path), port=host.port))
    drafts = [
        _write(far_shell, name, host) for name, host in zip("abc", hosts, strict=True)
    ]
    rows = far_shell.json("status", *(draft.path for draft in drafts))
    assert [row["host"] for row in rows] == [host.url for host in hosts]


_MEETING = """
import pathlib, time
folder = pathlib.Path({folder!r})
(folder / "{port}.there").touch()
deadline = time.monotonic() + 60
while len(list(folder.glob("*.there"))) < 3:
    assert time.monotonic() < deadline, "the other hosts are not asked meanwhile"
    time.sleep(0.05)
"""
"""What csctl does first there: it waits for those on the other two hosts."""


def test_a_context_that_leads_over_ssh_is_a_host_with_ssh(
    far_shell: Shell, near: Sshd
) -> None:
    far_shell.write_context("stt1", near.url)
    draft = _write(far_shell, "a", "stt1")
    [plan] = far_shell.json("plan", draft.path, code=6)
    assert plan["host"] == "stt1"
    draft.change(host="unheard-of")
    [plan] = far_shell.json("plan", draft.path, code=3)
    assert plan["error"] == "there is no docker context unheard-of"


def test_of_an_engine_alone_what_needs_no_files_is_done(
    far_shell: Shell, near: Sshd, engine: Engine
) -> None:
    port = free_port()
    with near.leading("[::1]", port, engine.url.removeprefix("unix://")):
        draft = _write(far_shell, "a", None)
        far_shell.apply(draft)
        draft.change(host=f"tcp://[::1]:{port}", data="/nonexistent/stt")
        [row] = far_shell.json("status", draft.path)
        assert (row["host"], row["state"]) == (f"tcp://[::1]:{port}", "running")
        done = far_shell.run("plan", "--json", draft.path, code=2)
        assert "plan needs files, and the Engine tcp://[::1]" in done.err
        assert done.json[0]["outcome"] == "failed"
        far_shell.run("down", "--yes", draft.path)
        assert engine.containers(draft) == []
        assert not Path("/nonexistent").exists()
