"""The Docker Engines of the tests: a shared one, and those that a test may kill."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import docker
import docker.errors

from csctl.rehearsal import dockerd, process
from csctl.rehearsal.dockerd import State

LABEL = "csctl.profile"
_ROOT = Path(__file__).parents[1]


def run_dockerd(verb: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """`python -m csctl.rehearsal.dockerd`, whatever it answers."""
    return subprocess.run(
        [sys.executable, "-m", "csctl.rehearsal.dockerd", verb],
        cwd=_ROOT,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def load_image(url: str, archive: Path) -> None:
    """`docker load`."""
    with closing(docker.APIClient(base_url=url)) as client, archive.open("rb") as data:
        events = client.load_image(data)  # type: ignore[no-untyped-call]
        for event in events:
            assert "error" not in event, event


def remove_containers(url: str, prefix: str) -> None:
    """Take away what csctl made for profiles whose names start so."""
    with closing(docker.APIClient(base_url=url)) as client:
        for container in client.containers(all=True, filters={"label": LABEL}):
            if container["Labels"][LABEL].startswith(prefix):
                try:
                    client.remove_container(container["Id"], force=True, v=True)
                except docker.errors.NotFound:
                    continue


@dataclass(frozen=True, slots=True)
class PrivateEngine:
    """Up from the start; `state.url` is its DOCKER_HOST."""

    state: State
    environ: Mapping[str, str] = field(default_factory=dict)
    """What starts another Engine than the installed one."""

    @property
    def url(self) -> str:
        """Its DOCKER_HOST."""
        return self.state.url

    def up(self) -> None:
        """Start it again, after a kill."""
        self._run("up")

    def down(self) -> None:
        """End it and remove all that it has."""
        self._run("down")

    def kill(self) -> None:
        """End its dockerd at once, as a crash would; containers go on."""
        pid = dockerd.pid(self.state)
        assert pid is not None, "its dockerd is not running"
        # Its docker-proxies end with it, but on a busy machine not at once.
        process.kill([pid, *process.children([pid])])

    def _run(self, verb: str) -> None:
        root = str(self.state.root)
        done = run_dockerd(verb, CSCTL_REHEARSAL_STATE=root, **self.environ)
        assert done.returncode == 0, done.stderr
