"""A host behind an air gap: a network namespace from which no route leads anywhere."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import docker.errors

from csctl.rehearsal.dockerd import State
from tests.faults.site import ROOT


@dataclass(frozen=True, slots=True)
class Island:
    """A network namespace with an Engine in it."""

    name: str
    state: State
    environ: Mapping[str, str] = field(default_factory=dict)
    """What starts another Engine than the installed one."""

    @property
    def url(self) -> str:
        """The Engine's DOCKER_HOST."""
        return self.state.url

    @property
    def prefix(self) -> tuple[str, ...]:
        """The words before a command that is to run there."""
        return ("nsenter", f"--net=/run/netns/{self.name}")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command there, whatever it answers."""
        return subprocess.run(
            [*self.prefix, *words],
            cwd=ROOT,
            env={
                **os.environ,
                "CSCTL_REHEARSAL_STATE": str(self.state.root),
                **self.environ,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def engine(self, verb: str) -> None:
        """`up` or `down`."""
        done = self.run(sys.executable, "-m", "csctl.rehearsal.dockerd", verb)
        assert done.returncode == 0, done.stderr


def empty(url: str) -> None:
    """Take all containers and images of an Engine away."""
    with closing(docker.APIClient(base_url=url)) as client:
        for row in client.containers(all=True):
            client.remove_container(row["Id"], force=True, v=True)
        for row in client.images(all=True):
            with contextlib.suppress(docker.errors.ImageNotFound):
                client.remove_image(row["Id"], force=True)


def images(url: str) -> list[dict[str, Any]]:
    """All images of an Engine."""
    with closing(docker.APIClient(base_url=url)) as client:
        rows: list[dict[str, Any]] = client.images(all=True)
        return rows


@contextmanager
def island(environ: Mapping[str, str] | None = None) -> Iterator[Island]:
    """A host behind the gap, which ends with all that it has; `environ` as above."""
    # Sockets want a short path.
    root = Path(tempfile.mkdtemp(prefix="csctl-", dir="/tmp"))
    made = Island(f"csctl-{secrets.token_hex(4)}", State(root), environ or {})
    _ip("netns", "add", made.name)
    try:
        _ip("-n", made.name, "link", "set", "lo", "up")
        made.engine("up")
        yield made
    finally:
        made.engine("down")
        _ip("netns", "delete", made.name)
        shutil.rmtree(root, ignore_errors=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
