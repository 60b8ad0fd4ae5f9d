"""Running the stand-in for tests: in containers, or as a plain process."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.models.containers import Container

ROOT = Path(__file__).parents[2]
MODELS = "/usr/local/models"
BILLING = "Billing=https://contoso.cognitiveservices.azure.com"
ACCOUNT = ("Eula=accept", BILLING, "ApiKey=rehearsal")
MODEL_ID = "5f3a0c1e-1111-4222-8333-444455556666"
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the stand-in ended."""

    code: int
    log: str
    out_of_memory: bool = False

    @property
    def lines(self) -> list[str]:
        """The log by lines."""
        return self.log.splitlines()


@dataclass(frozen=True, slots=True)
class Running:
    """A container of the stand-in that goes on."""

    container: Container
    port: int

    def get(self, path: str) -> tuple[int, str]:
        """The answer to a GET, as soon as the container listens."""
        deadline = time.monotonic() + _SECONDS
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < deadline, self.log
                time.sleep(0.01)
            finally:
                connection.close()

    def json(self, path: str) -> Any:
        """The value in an answer of 200."""
        status, body = self.get(path)
        assert status == 200
        return json.loads(body)

    def wait_until_ready(self) -> Running:
        """Itself, once `/ready` answers 200."""
        deadline = time.monotonic() + _SECONDS
        while self.get("/ready")[0] != 200:
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)
        return self

    def wait_for(self, text: str) -> None:
        """Return once the log holds `text`."""
        deadline = time.monotonic() + _SECONDS
        while text not in self.log:
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def wait(self) -> Ended:
        """How it ended by itself."""
        code = self.container.wait(timeout=_SECONDS)["StatusCode"]
        self.container.reload()
        killed = self.container.attrs["State"]["OOMKilled"]
        return Ended(code, self.log, killed)

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self.container.logs().decode()


class StandIn:
    """Starts containers of the rehearsal image, and removes them in the end."""

    def __init__(self, client: docker.DockerClient, name: str) -> None:
        self._client = client
        self._name = name
        self._made: list[Container] = []

    def start(
        self,
        *arguments: str,
        tag: str = "4.12.0-amd64",
        environment: Mapping[str, str] | None = None,
        mounts: Mapping[str, Path] | None = None,
        **options: Any,
    ) -> Running:
        """Start it; `mounts` is from paths in the container to those of this host."""
        container = self._client.containers.create(
            f"csctl/rehearsal:{tag}",
            list(arguments),
            name=f"{self._name}-{len(self._made)}",
            environment=dict(environment or {}),
            volumes=[f"{host}:{inside}" for inside, host in (mounts or {}).items()],
            ports={"5000/tcp": ("127.0.0.1", 0)},
            **options,
        )
        self._made.append(container)
        container.start()
        container.reload()
        published = container.ports.get("5000/tcp")
        return Running(container, int(published[0]["HostPort"]) if published else 0)

    def run(self, *arguments: str, **options: Any) -> Ended:
        """Run it to its end; `options` as for `start`."""
        return self.start(*arguments, **options).wait()

    def remove(self) -> None:
        """Remove all that was started."""
        for container in self._made:
            container.remove(force=True)


def run_program(*arguments: str, **environment: str) -> Ended:
    """Run the stand-in as a process of this host; for modes that touch no mount."""
    done = subprocess.run(
        [sys.executable, "-m", "csctl.rehearsal.container", *arguments],
        cwd=ROOT,
        env={"PATH": os.defpath, "REHEARSAL_VERSION": "4.12.0-amd64"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.stderr == ""
    return Ended(done.returncode, done.stdout)


def writable(path: Path) -> Path:
    """A new directory in which the container's user may write, whoever that is."""
    path.mkdir()
    path.chmod(0o777)
    return path
