"""A swarm of three real Engines, each in a network namespace and with files of its own.

The first one is the manager, whose namespace holds the bridge that joins them; csctl
runs there.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from csctl.rehearsal import dockerd, image, process, runtime
from csctl.rehearsal.dockerd import State
from csctl.rehearsal.runtime import Entry
from tests.cli.shell import ROOT, Shell
from tests.engines import load_image

_SECONDS = 120
_NODES = 3
_NAME = 'hostname "$1"; shift 2; exec "$@"'
_START = 'mount -t tmpfs tmpfs "$2"; ' + _NAME


def until(true: Callable[[], object]) -> None:
    """Wait until something is true, for a machine that may be busy."""
    end = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.2)


@dataclass(frozen=True, slots=True)
class Host:
    """One node: its namespace, its Engine, and a folder that only it sees empty."""

    number: int
    space: str
    state: State
    own: Path
    """The nodes share all files but what is below this folder, on all but the first."""

    @property
    def name(self) -> str:
        return f"node{self.number}"

    @property
    def address(self) -> str:
        return f"10.213.7.{10 + self.number}"

    @property
    def inside(self) -> tuple[str, ...]:
        """The words before a command that is to run in its network."""
        return ("nsenter", f"--net=/run/netns/{self.space}")

    def engine(self, verb: str) -> None:
        """`up` or `down`."""
        words = [sys.executable, "-m", "csctl.rehearsal.dockerd", verb]
        if verb == "up":
            start = ("sh", "-c", _START if self.number else _NAME, "sh")
            own = (self.name, str(self.own))
            words = ["unshare", "--uts", "--mount", *start, *own, *words]
        subprocess.run(
            [*self.inside, *words],
            cwd=ROOT,
            env={**os.environ, "CSCTL_REHEARSAL_STATE": str(self.state.root)}
            | {"DOCKER_HOST": self.state.url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def cut_off(self) -> None:
        """As a power cut: its Engine is gone, and its network."""
        pid = dockerd.pid(self.state)
        assert pid is not None
        process.kill([pid])
        _ip("-n", self.space, "link", "set", "up0", "down")


@dataclass(frozen=True, slots=True)
class Lab:
    """The swarm, and a shell on its manager."""

    hosts: tuple[Host, ...]
    shell: Shell

    def api(self) -> Any:
        """The manager's API; the caller closes it."""
        return docker.APIClient(base_url=self.hosts[0].state.url)

    def running(self, name: str) -> dict[str, str]:
        """The ids of a service's running tasks, by node."""
        with closing(self.api()) as api:
            names = {one["ID"]: one["Description"]["Hostname"] for one in api.nodes()}
            return {
                names[task["NodeID"]]: task["ID"]
                for task in api.tasks(filters={"service": name})
                if task["Status"]["State"] == task["DesiredState"] == "running"
            }

    def scale(self, name: str, tasks: int) -> None:
        """`docker service scale`: nothing else of the service changes."""
        with closing(self.api()) as api:
            seen = api.inspect_service(name)
            mode = {"Mode": {"Replicated": {"Replicas": tasks}}}
            done = api._post_json(
                api._url("/services/{0}/update", seen["ID"]),
                data=seen["Spec"] | mode,
                params={"version": seen["Version"]["Index"]},
            )
            api._raise_for_status(done)

    def managers(self) -> list[str]:
        """The names of the nodes that manage it, and are reached."""
        with closing(self.api()) as api:
            return [
                node["Description"]["Hostname"]
                for node in api.nodes()
                if node.get("ManagerStatus", {}).get("Reachability") == "reachable"
            ]

    def containers(self) -> list[str]:
        """The names of all containers that run anywhere."""
        found = []
        for host in self.hosts:
            with closing(docker.APIClient(base_url=host.state.url)) as api:
                found += [row["Names"][0] for row in api.containers()]
        return found

    def set_node(self, name: str, **spec: Any) -> None:
        """Change a node, such as its Availability or its Labels."""
        with closing(self.api()) as api:
            node = next(n for n in api.nodes() if n["Description"]["Hostname"] == name)
            changed = node["Spec"] | spec
            api.update_node(node["ID"], node["Version"]["Index"], changed)

    def secrets(self) -> list[str]:
        """The names of all keys that Swarm keeps."""
        with closing(self.api()) as api:
            return [row["Spec"]["Name"] for row in api.secrets()]


@contextmanager
def lab(folder: Path, archive: Path) -> Iterator[Lab]:
    """Three Engines as one swarm, all with an image; they end with all they have."""
    # Sockets want short paths.
    root = Path(tempfile.mkdtemp(prefix="csctl-", dir="/tmp"))
    mark, own = secrets.token_hex(3), folder / "own"
    own.mkdir()
    hosts = tuple(
        Host(n, f"csctl-{mark}-{n}", State(root / str(n)), own) for n in range(_NODES)
    )
    for host in hosts:
        _ip("netns", "add", host.space)
    try:
        _cable(hosts)
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda host: _start(host, archive), hosts))
        _join(hosts)
        shell = Shell(folder, hosts[0].state.url, f"t{mark}", before=hosts[0].inside)
        yield Lab(hosts, shell)
    finally:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda host: host.engine("down"), hosts))
        for host in hosts:
            _ip("netns", "delete", host.space)
        shutil.rmtree(root, ignore_errors=True)


def _start(host: Host, archive: Path) -> None:
    host.engine("up")
    load_image(host.state.url, archive)


def _cable(hosts: tuple[Host, ...]) -> None:
    manager, *others = hosts
    _ip("-n", manager.space, "link", "add", "up0", "type", "bridge")
    for host in others:
        end = ("peer", "name", host.name, "netns", manager.space)
        _ip("-n", host.space, "link", "add", "up0", "type", "veth", *end)
        plug = ("link", "set", host.name, "master", "up0", "up")
        _ip("-n", manager.space, *plug)
    for host in hosts:
        _ip("-n", host.space, "address", "add", f"{host.address}/24", "dev", "up0")
        for device in ("lo", "up0"):
            _ip("-n", host.space, "link", "set", device, "up")


def _join(hosts: tuple[Host, ...]) -> None:
    manager, *others = hosts
    with closing(docker.APIClient(base_url=manager.state.url)) as client:
        api: Any = client
        place = f"{manager.address}:2377"
        api.init_swarm(advertise_addr=manager.address, listen_addr=place)
        token = api.inspect_swarm()["JoinTokens"]["Worker"]
        for host in others:
            with closing(docker.APIClient(base_url=host.state.url)) as other:
                worker: Any = other
                worker.join_swarm([place], token, advertise_addr=host.address)
        until(lambda: all(n["Status"]["State"] == "ready" for n in api.nodes()))


def with_a_shell(path: Path) -> Path:
    """The stand-in's images with /bin/sh in them, as an archive."""

    def collect(_: Path) -> tuple[Entry, ...]:
        shell = Entry("bin/sh", Path("/bin/sh").resolve(), 0o755)
        return (shell, *runtime.libraries([shell]))

    image.build(path, collect)
    return path


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
