"""csctl render: the containers that others start are the one that csctl starts."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.shell import Draft, Engine, Shell

_SECONDS = 120.0
SECRET = "k3y-that-must-not-be-shown"


def _wait_until_ready(draft: Draft) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            if draft.answers():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, "it did not become ready"
        time.sleep(0.1)


def _essence(seen: Mapping[str, Any]) -> dict[str, Any]:
    """What decides how a container serves, in the Engine's words."""
    host, config = seen["HostConfig"], seen["Config"]
    return {
        "arguments": config["Cmd"],
        "environment": set(config["Env"]),
        "image": seen["Image"],
        "mounts": {
            (one["Source"], one["Destination"], one["RW"]) for one in seen["Mounts"]
        },
        "ports": {
            (inside, one["HostIp"], one["HostPort"])
            for inside, bound in host["PortBindings"].items()
            for one in bound
        },
        "cpus": host["NanoCpus"],
        "memory": host["Memory"],
        "log": host["LogConfig"],
        "team": config["Labels"].get("team"),
        "user": config["User"],
    }


@contextmanager
def _compose_up(shell: Shell, draft: Draft, _: Engine) -> Iterator[str]:
    """The name of the container that docker-compose starts."""
    assert shutil.which("docker-compose") is not None
    shell.run("render", "compose", draft.path, "-o", shell.folder / "out")
    words = ["docker-compose", "-p", draft.name, "-f", "out/compose.yaml"]

    def call(*more: str) -> str:
        return subprocess.run(
            [*words, *more],
            cwd=shell.folder,
            env=shell.environment(),
            capture_output=True,
            text=True,
            check=True,
            timeout=_SECONDS,
        ).stdout

    try:
        call("up", "-d")
        yield call("ps", "-q").strip()
    finally:
        call("down", "-t", "1")


@contextmanager
def _unit_started(shell: Shell, draft: Draft, engine: Engine) -> Iterator[str]:
    """The name of the container that a unit's ExecStart starts."""
    text = shell.run("render", "systemd", draft.path).out
    joined = text.replace("\\\n", " ")
    [start] = [one for one in joined.splitlines() if one.startswith("ExecStart=")]
    line = start.removeprefix("ExecStart=").replace("%%", "%")
    words = [word.replace("$$", "$") for word in shlex.split(line)]
    environment = {**shell.environment(), "ApiKey": "rehearsal"}
    name = f"systemd-{draft.name}"
    process = subprocess.Popen(
        words, env=environment, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    try:
        yield name
    finally:
        engine.remove(name)
        process.wait(timeout=_SECONDS)


@pytest.mark.parametrize("way", [_compose_up, _unit_started], ids=["compose", "unit"])
@pytest.mark.parametrize("mode", ["connected", "disconnected"])
def test_what_is_rendered_starts_the_container_that_csctl_starts(
    way: Any, mode: str, shell: Shell, engine: Engine
) -> None:
    write = shell.write_connected if mode == "connected" else shell.write
    draft = write(
        stocked=True,
        resources={"cpus": 1, "memory": "256m", "decoders": 3},
        labels={"team": "a b $x %y"},
        environment={"NOTE": "50% $HOME"},
    )
    shell.apply(draft)
    docker = _essence(engine.inspect(draft.name))
    shell.run("down", "--yes", draft.path)
    with way(shell, draft, engine) as name:
        _wait_until_ready(draft)
        assert _essence(engine.inspect(name)) == docker
        # csctl leaves it to whom it belongs.
        assert name not in {row["container"] for row in shell.json("status")}


def test_no_key_is_written_although_it_is_in_the_environment(shell: Shell) -> None:
    shell.environ["STAND_IN_KEY"] = SECRET
    profile = shell.write_connected(proxy={"env": "STAND_IN_KEY"}).path
    for words in (
        ("kubernetes", "--helm", "chart"),
        ("kubernetes",),
        ("compose",),
        ("systemd",),
        ("systemd", "--quadlet"),
    ):
        done = shell.run("render", *words, profile)
        assert SECRET not in done.out + done.err
    files = [path for path in (shell.folder / "chart").rglob("*") if path.is_file()]
    assert len(files) > 5
    assert not any(SECRET in path.read_text() for path in files)


def test_nothing_is_read_from_a_keys_command(shell: Shell) -> None:
    mark = shell.folder / "ran"
    key = {"command": ["touch", str(mark)]}
    billing = {"endpoint": "https://x.cognitiveservices.azure.com", "api_key": key}
    shell.run("render", "kubernetes", shell.write_connected(billing=billing).path)
    assert not mark.exists()


def test_files_are_the_same_as_stdout(shell: Shell) -> None:
    draft = shell.write()
    printed = shell.run("render", "kubernetes", draft.path).out
    shell.run("render", "kubernetes", draft.path, "--output", "out")
    written = (shell.folder / "out" / f"{draft.name}.yaml").read_text()
    assert printed == written
    kinds = [one["kind"] for one in yaml.safe_load_all(written)]
    assert {"Deployment", "Service", "Job", "PersistentVolumeClaim"} <= set(kinds)


def test_the_images_user_is_taken_from_the_downloaded_model(shell: Shell) -> None:
    draft = shell.write(stocked=True)
    done = shell.run("render", "kubernetes", draft.path)
    assert "runAsUser: 65532" in done.out
    given = shell.run("render", "kubernetes", draft.path, "--user", "1000")
    assert "fsGroup: 1000" in given.out


def test_what_is_missing_here_is_said(shell: Shell) -> None:
    err = shell.run("render", "compose", shell.write().path).err
    assert "is not on this host: csctl model pull" in err
    assert "no license is on this host" in err
    stocked = shell.write("b", stocked=True)
    done = shell.run("render", "compose", stocked.path)
    assert "not on this host" not in done.err
    [license_] = [p for p in (stocked.data / "license").iterdir() if p.is_dir()]
    assert f"source: {license_}" in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["kubernetes", "--user", "nonroot"], "write numbers"),
        (["kubernetes", "--drain", "soon"], "no duration"),
        (["kubernetes", "--replicas", "3", "--max-replicas", "2"], "fewer than"),
        (["kubernetes", "--volume", "own"], "would stay empty"),
        (["systemd", "--health", "true"], "--quadlet"),
        (["compose", "--replicas", "0"], "0 is not in the range"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else None,
)
def test_what_means_nothing_is_refused(
    words: list[str], message: str, shell: Shell
) -> None:
    done = shell.run("render", *words, shell.write().path, code=2)
    assert message in done.err
    assert done.out == ""


def test_two_profiles_with_one_name_on_kubernetes_are_refused(shell: Shell) -> None:
    paths = [shell.write(name, port=5000).path for name in ("a_b", "a.b")]
    done = shell.run("render", "kubernetes", *paths, code=2)
    assert "several profiles are called" in done.err


def test_a_directory_that_cannot_be_made_is_named(shell: Shell) -> None:
    (shell.folder / "file").write_text("")
    where = Path("file", "below")
    done = shell.run("render", "compose", shell.write().path, "-o", where, code=1)
    assert "cannot be made" in done.err
    assert os.path.isfile(shell.folder / "file")
