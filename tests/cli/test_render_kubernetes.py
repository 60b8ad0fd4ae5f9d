"""What Kubernetes is told, done by hand as a kubelet does it, with the stand-in."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.shell import Engine, Shell
from tests.ports import free_port

_SECONDS = 120.0
USER = 65532
"""The stand-in's user."""

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="acts as the pods' user")


def _until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as got:
            return bool(got.status == 200)
    except OSError:
        return False


@pytest.fixture
def node() -> Iterator[Path]:
    """A folder that the pods' user reaches, as it does not reach a test's own."""
    with tempfile.TemporaryDirectory(prefix="csctl-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def _given(place: Path) -> Path:
    """The folder, made for the pods' user, as fsGroup does it."""
    if not place.exists():
        place.mkdir()
        os.chown(place, USER, USER)
    return place


class Kubelet:
    """Runs the containers of rendered pods: volumes are folders, the node is this."""

    def __init__(
        self, engine: Engine, text: str, folder: Path, prefix: str, key: str
    ) -> None:
        self._engine = engine
        self._key = key
        self._prefix = prefix
        self._objects = list(yaml.safe_load_all(text))
        self._folder = folder

    def pod(self, kind: str) -> Any:
        """The pod of a Job or a Deployment."""
        [one] = [one for one in self._objects if one["kind"] == kind]
        return one["spec"]["template"]["spec"]

    def volume(self, name: str) -> Path:
        """A volume's folder."""
        return _given(self._folder / name)

    def script(self, container: Mapping[str, Any]) -> int:
        """Run a helper's script as the pod's user; its exit code."""
        [mount] = container["volumeMounts"]
        *words, script = container["command"]
        there = script.replace(mount["mountPath"], str(self.volume(mount["name"])))
        done = subprocess.run(
            [*words, there], user=USER, group=USER, check=False, timeout=_SECONDS
        )
        return done.returncode

    def start(self, container: Mapping[str, Any], *, port: int | None = None) -> str:
        """Start a container of the speech image; its name."""
        name = f"{self._prefix}{container['name']}"
        variables = dict(self._environment(container, name))
        mounts = {
            self._source(one, variables): one["mountPath"]
            for one in container["volumeMounts"]
        }
        for value in variables:
            container = _expanded(container, value, variables[value])
        self._engine.run(
            name,
            *container["args"],
            image=container["image"],
            port=port,
            environment=variables,
            mounts=mounts,
        )
        return name

    def _source(self, mount: Mapping[str, Any], variables: Mapping[str, str]) -> Path:
        below = mount.get("subPath") or mount.get("subPathExpr", "")
        below = below.replace("$(POD_NAME)", variables.get("POD_NAME", ""))
        return _given(self.volume(mount["name"]) / below)

    def _environment(
        self, container: Mapping[str, Any], name: str
    ) -> Iterator[tuple[str, str]]:
        for source in container["envFrom"]:
            wanted = source["configMapRef"]["name"]
            [config] = [
                one for one in self._objects if one["metadata"]["name"] == wanted
            ]
            yield from config["data"].items()
        for one in container["env"]:
            match one:
                case {"value": value}:
                    yield one["name"], value
                case {"valueFrom": {"secretKeyRef": {"key": "ApiKey"}}}:
                    yield one["name"], self._key
                case {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}:
                    yield one["name"], name
                case _:
                    raise AssertionError(one)


def _expanded(container: Mapping[str, Any], name: str, value: str) -> dict[str, Any]:
    words = [word.replace(f"$({name})", value) for word in container["args"]]
    return {**container, "args": words}


@pytest.mark.parametrize("way", ["environment", "argument"])
def test_the_job_downloads_what_the_pods_then_serve(
    way: str, shell: Shell, engine: Engine, node: Path
) -> None:
    display = {"locale": "en-US", "types": ["punct"]}
    draft = shell.write(stocked=True, display=display, api_key_as=way)
    text = shell.run("render", "kubernetes", draft.path).out
    kubelet = Kubelet(engine, text, node, f"{draft.name}-", "rehearsal")
    job, served = kubelet.pod("Job"), kubelet.pod("Deployment")

    prepare, model, *displays = job["initContainers"]
    assert kubelet.script(prepare) == 0
    port = free_port()
    sidecar = kubelet.start(model, port=port)
    _until(lambda: _ready(port), "the download is not ready")
    for one in displays:
        name = kubelet.start(one)
        _until(partial(_ended, engine, name), "a download goes on")
        assert engine.inspect(name)["State"]["ExitCode"] == 0
        engine.remove(name)
    [mark] = job["containers"]
    assert kubelet.script(mark) == 0
    engine.remove(sidecar)

    [wait] = served["initContainers"]
    assert kubelet.script(wait) == 0
    [license_] = [p for p in (draft.data / "license").iterdir() if p.is_dir()]
    shutil.copytree(license_, kubelet.volume("license"), dirs_exist_ok=True)
    [speech] = served["containers"]
    port = free_port()
    name = kubelet.start(speech, port=port)
    _until(lambda: _ready(port), "the pod is not ready")
    assert "rehearsal" not in engine.environment(name).values()  # No key.
    records = [p for p in (kubelet.volume("output") / name).rglob("*") if p.is_file()]
    assert records
    engine.remove(name)


def _ended(engine: Engine, name: str) -> bool:
    return bool(engine.inspect(name)["State"]["Status"] == "exited")


def test_a_job_whose_key_is_refused_marks_nothing(
    shell: Shell, engine: Engine, node: Path
) -> None:
    draft = shell.write()
    text = shell.run("render", "kubernetes", draft.path, "--user", str(USER)).out
    kubelet = Kubelet(engine, text, node, f"{draft.name}-", "wrong")
    prepare, model = kubelet.pod("Job")["initContainers"]
    assert kubelet.script(prepare) == 0
    name = kubelet.start(model)
    _until(lambda: _ended(engine, name), "a refused download goes on")
    [mark] = kubelet.pod("Job")["containers"]
    assert kubelet.script(mark) != 0
    engine.remove(name)
