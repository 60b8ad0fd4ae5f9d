"""The Compose file, as the programs that read it read it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from csctl.errors import UsageError
from csctl.render import compose
from csctl.render.workload import Workload
from tests.plan.situation import CONNECTED, DISCONNECTED
from tests.render.making import ODD, ODD_WRITTEN, SECRET, made


def _plugin() -> list[str]:
    """`docker compose`, which not every docker has."""
    words = ["docker", "compose"]
    found = shutil.which("docker") is not None and (
        subprocess.run([*words, "version"], capture_output=True, check=False).returncode
        == 0
    )
    return words if found else []


def _program(name: str) -> list[str]:
    if name == "docker compose":
        words = _plugin()
        if not words:
            pytest.skip("this docker has no compose plugin")
        return words
    if name == "podman-compose":
        return [str(Path(sys.executable).with_name(name))]
    found = shutil.which(name)
    assert found is not None, f"{name} is not installed"
    return [found]


def _config(
    program: str, folder: Path, text: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    (folder / "compose.yaml").write_text(text)
    return subprocess.run(
        [*_program(program), "-f", "compose.yaml", "config"],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if k != "SPEECH_KEY"} | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


PROGRAMS = ["docker-compose", "docker compose", "podman-compose"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_accepts_it(program: str, tmp_path: Path) -> None:
    text = compose.document(
        [
            made(
                CONNECTED, environment={"ODD": ODD_WRITTEN}, labels={"odd": ODD_WRITTEN}
            ),
            made(DISCONNECTED, name="offline", port=5100, replicas=2),
        ],
        health="wget -q -O- http://localhost:5000/ready",
    )
    done = _config(program, tmp_path, text, SPEECH_KEY=SECRET)
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(done.stdout)["services"]
    assert set(services) == {"contoso", "offline-5100", "offline-5101"}
    variables = services["contoso"]["environment"]
    assert variables["ApiKey"] == SECRET
    # What is shown is a Compose file again, which podman-compose does not care for.
    shown = ODD if program == "podman-compose" else ODD.replace("$", "$$")
    assert variables["ODD"] == shown
    assert services["contoso"]["command"] == list(made(CONNECTED).spec.arguments)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_missing_key_is_an_error_that_names_it(program: str, tmp_path: Path) -> None:
    done = _config(program, tmp_path, compose.document([made(CONNECTED)], health=None))
    assert done.returncode != 0
    assert "see the head of this file" in done.stderr


def _services(*workloads: Workload, health: str | None = None) -> Any:
    return yaml.safe_load(compose.document(workloads, health=health))["services"]


def test_a_key_is_named_and_never_written() -> None:
    text = compose.document([made(CONNECTED)], health=None)
    assert 'ApiKey: "${SPEECH_KEY:?' in text
    assert "export SPEECH_KEY" in text


def test_a_key_of_a_file_or_a_command_gets_a_variable() -> None:
    billing = {**CONNECTED["billing"], "api_key": {"file": "/run/key"}}
    text = compose.document([made(CONNECTED, billing=billing)], health=None)
    assert "export CONTOSO_APIKEY=\"$(tr -d '\\n' < /run/key)\"" in text
    assert "${CONTOSO_APIKEY:?" in text


def test_a_key_as_an_argument_is_a_variable_too() -> None:
    [service] = _services(made(CONNECTED, api_key_as="argument")).values()
    assert service["command"][-1] == "ApiKey=${SPEECH_KEY:?see the head of this file}"
    assert "ApiKey" not in service["environment"]


def test_a_disconnected_service_wants_no_key() -> None:
    text = compose.document([made(DISCONNECTED)], health=None)
    assert "${" not in text
    assert "SPEECH_KEY" not in text


def test_bounds_and_rotation_are_the_profiles() -> None:
    [service] = _services(made(DISCONNECTED)).values()
    assert (service["cpus"], service["mem_limit"]) == (4, 8 << 30)
    assert service["logging"]["options"] == {"max-size": "10485760", "max-file": "5"}
    assert "healthcheck" not in service
    free = _services(made(DISCONNECTED, resources=None))["contoso"]
    assert not {"cpus", "mem_limit"} & set(free)


def test_replicas_have_a_port_each() -> None:
    services = _services(made(DISCONNECTED, replicas=3, port="0.0.0.0:6000"))
    ports = [one["ports"] for one in services.values()]
    assert ports == [[f"0.0.0.0:{number}:5000"] for number in (6000, 6001, 6002)]


def test_a_port_is_taken_once() -> None:
    with pytest.raises(UsageError, match=r"127\.0\.0\.1:5001 is contoso-5001's"):
        _services(
            made(DISCONNECTED, replicas=2), made(DISCONNECTED, name="b1", port=5001)
        )


def test_the_same_profiles_give_the_same_bytes() -> None:
    def text() -> str:
        both = [made(CONNECTED), made(DISCONNECTED, name="b1", port=5001)]
        return compose.document(both, health=None)

    assert text() == text()
