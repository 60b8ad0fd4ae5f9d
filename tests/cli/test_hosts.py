"""One verb over several hosts: real csctl behind real sshd, on the stand-in."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.hosts import placed, until
from tests.cli.shell import ENDPOINT, IMAGE, OTHER_MODEL, Engine, Shell
from tests.ports import free_port
from tests.sshd import Sshd, Start

_SECONDS = 60


def test_plan_apply_status_and_down_go_over_hosts(
    far_shell: Shell, near: Sshd, other: Sshd, engine: Engine
) -> None:
    drafts = [
        placed(far_shell, "a", near),
        placed(far_shell, "b", other),
        placed(far_shell, "c", None),
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
    draft = placed(far_shell, "a", near)
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
    bad = placed(far_shell, "a", near, resources={"cpus": 4000, "memory": "256m"})
    good = placed(far_shell, "b", other)
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


def test_all_hosts_prepare_before_the_first_one_starts(
    far_shell: Shell, near: Sshd, other: Sshd, engine: Engine
) -> None:
    bad = placed(far_shell, "a", near, environment={"REHEARSAL_FAIL": "never-ready"})
    good = placed(far_shell, "b", other, model={"id": OTHER_MODEL})
    there = {"api_key": {"env": "FAR_KEY"}, "endpoint": ENDPOINT}
    good.change(billing=there, license=there)
    assert not good.model.exists()
    words = ("apply", "--yes", "--json", "--timeout", "3s")
    done = far_shell.run(*words, bad.path, good.path, code=1)
    assert [row["outcome"] for row in done.json] == ["not-ready", "not-started"]
    assert engine.containers(good) == []
    assert good.model.is_dir()
    assert far_shell.actions(good) == ["set-ownership", "create", "start"]


def test_a_host_that_is_down_or_without_csctl_hides_no_other(
    far_shell: Shell, near: Sshd, start: Start
) -> None:
    bare = start(csctl=False)
    nobody = f"ssh://127.0.0.1:{free_port()}"
    drafts = [
        placed(far_shell, "a", near),
        placed(far_shell, "b", bare),
        placed(far_shell, "c", nobody),
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
    drafts = [placed(far_shell, "a", newer), placed(far_shell, "b", older)]
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
    draft = placed(far_shell, "a", near, environment={"REHEARSAL_LOAD_SECONDS": "600"})
    with far_shell.start("apply", "--yes", "--timeout", "10m", draft.path) as process:
        until(lambda: engine.containers(draft, running=True))
        assert near.sessions()
        process.send_signal(number)
        process.communicate(timeout=_SECONDS)
    expected = 130 if number == signal.SIGINT else -signal.SIGKILL
    assert process.returncode == expected
    until(lambda: not near.sessions())
    far_shell.run("down", "--yes", draft.path)


def test_a_profile_comes_from_stdin(far_shell: Shell, near: Sshd) -> None:
    draft = placed(far_shell, "a", near)
    here = placed(far_shell, "b", None)
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
    draft = placed(far_shell, "a", near)
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
        placed(far_shell, name, host) for name, host in zip("abc", hosts, strict=True)
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
    draft = placed(far_shell, "a", "stt1")
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
        draft = placed(far_shell, "a", None)
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


@pytest.fixture
def own_image(far_shell: Shell, engine: Engine) -> Iterator[str]:
    """The stand-in under a name that no other test has."""
    repository = f"csctl/{far_shell.prefix}own"
    engine.tag(IMAGE, f"{repository}:4.12.0-amd64")
    yield f"{repository}:4.12.0-amd64"
    engine.remove_images(repository)


def test_doctor_and_prune_go_over_hosts(
    far_shell: Shell, near: Sshd, other: Sshd, own_image: str
) -> None:
    drafts = [
        placed(far_shell, "a", near, image=own_image),
        placed(far_shell, "b", other, image=own_image),
    ]
    paths = [draft.path for draft in drafts]
    left = drafts[1].model.with_name(".csctl-staging-left")
    left.mkdir()
    checks = far_shell.json("doctor", *paths, code=None)
    for host, draft in zip((near, other), drafts, strict=True):
        [ownership] = [
            one for one in checks if one["check"] == f"{draft.name}: ownership"
        ]
        assert ownership["host"] == host.url

    asked = far_shell.run("prune", *paths, code=2)
    [line] = [one for one in asked.err.splitlines() if f"directory {left}" in one]
    assert line.startswith(f"{other.url}: ")
    assert "there is no terminal" in asked.err
    far_shell.run("prune", "--dry-run", *paths, code=6)
    assert left.is_dir()
    rows = far_shell.json("prune", "--yes", *paths)
    assert (f"directory {left}", other.url) in {
        (row["target"], row["host"]) for row in rows
    }
    assert not left.exists()


def test_the_name_of_this_host_makes_its_profiles_those_of_this_one(
    far_shell: Shell, near: Sshd, other: Sshd
) -> None:
    drafts = [placed(far_shell, "a", near), placed(far_shell, "b", other)]
    paths = [draft.path for draft in drafts]
    [row] = far_shell.json("--here", other.url, "status", *paths)
    assert (row["profile"], row["host"]) == (drafts[1].name, None)
    done = far_shell.run("--here", "-", "status", *paths, code=2)
    assert "no profile is for the host -" in done.err
    done = far_shell.run("--here", "ssh://", "status", *paths, code=2)
    assert "this is no host" in done.err
    done = far_shell.run("units", paths[0], code=2)
    assert f"csctl --here {near.url} units" in done.err
    shown = far_shell.run("--here", near.url, "units", *paths).out
    assert f"--here {near.url} license check" in shown


def test_a_command_of_one_host_says_what_to_type(far_shell: Shell, near: Sshd) -> None:
    draft = placed(far_shell, "a", near)
    done = far_shell.run("show", draft.path, code=2)
    command = done.err.partition("run it there: ")[2].strip()
    assert command == (f"ssh {near.url} csctl --here {near.url} show - < {draft.path}")
    typed = subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        env=far_shell.environment(),
        timeout=2 * _SECONDS,
        check=True,
    )
    assert typed.stdout.decode().startswith(f"{draft.name}\n")
    rendered = far_shell.run("render", "compose", draft.path).out
    assert str(draft.data) in rendered
