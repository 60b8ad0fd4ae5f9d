"""The private Docker Engine of rehearsals and tests, where no other one answers.

`python -m csctl.rehearsal.dockerd host` prints the DOCKER_HOST to use; `up` and `down`
start and end the private Engine alone. It has its own data, socket, containerd and
network bridge, leaves the host's firewall alone (docker-proxy publishes the ports) and
follows no daemon.json but its own. All of it lies below one directory, the one that
CSCTL_REHEARSAL_STATE names or /var/lib/csctl-rehearsal; two directories, two Engines.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from csctl.errors import CsctlError, EngineError, UsageError
from csctl.rehearsal import bridge, cgroup, debian, docker_host, process

_DEFAULT = "/var/lib/csctl-rehearsal"
_START_SECONDS = 60
_STOP_SECONDS = 10
# The path of a Unix socket ends at 107 bytes; the longest one below adds some 40.
_LONGEST_ROOT = 64


@dataclass(frozen=True, slots=True)
class State:
    """Where one private Engine keeps all that it has."""

    root: Path

    @property
    def url(self) -> str:
        """Its DOCKER_HOST."""
        return f"unix://{self.root}/docker.sock"

    @property
    def log(self) -> Path:
        """What dockerd has said."""
        return self.root / "dockerd.log"


def state(environ: Mapping[str, str]) -> State:
    """The private Engine that the environment means. Raises UsageError."""
    root = Path(environ.get("CSCTL_REHEARSAL_STATE") or _DEFAULT).resolve()
    if root.is_dir() and any(root.iterdir()) and not _is_ours(State(root)):
        raise UsageError(
            f"{root} is not empty, and no private Engine made it",
            remedy="let CSCTL_REHEARSAL_STATE name a directory that does not exist yet",
        )
    if len(os.fsencode(root)) > _LONGEST_ROOT:
        raise UsageError(
            f"{root} is too long a path for the sockets below it",
            remedy=f"name a directory of at most {_LONGEST_ROOT} bytes",
        )
    return State(root)


def host(environ: Mapping[str, str]) -> str:
    """The URL of the Engine that the docker command would use, else a private one's."""
    url = docker_host.named(environ)
    if docker_host.answers(url):
        return url
    private = state(environ)
    if not docker_host.answers(private.url):
        _say(f"no Docker Engine answers at {url}")
    return up(private)


def up(private: State) -> str:
    """Start it, unless it answers, and give its URL. Raises CsctlError."""
    if docker_host.answers(private.url):
        return private.url
    if os.geteuid() != 0:
        raise UsageError(
            "only root can start a private Docker Engine",
            remedy="run this as root, or name an Engine that answers to you in"
            " DOCKER_HOST; where Docker is running, join its group: docker",
        )
    _install()
    with _locked(private):
        if not docker_host.answers(private.url):
            _start(private)
    return private.url


def down(private: State) -> None:
    """End it with its containers, and leave nothing of it. Raises CsctlError."""
    if not private.root.exists():
        return
    with _locked(private):
        _say(f"ending the private Engine in {private.root}, with all that it holds")
        _remove_containers(private)
        _end_processes(private)
        _unmount(private)
        _delete_bridges(private)
        shutil.rmtree(private.root)


def pid(private: State) -> int | None:
    """The process id of its dockerd, if that runs."""
    return next(iter(process.named("dockerd", private.root)), None)


def _start(private: State) -> None:
    # What a killed dockerd left running or lying about would be in the way.
    _end_processes(private)
    for leftover in (*private.root.glob("*.sock*"), private.root / "pid"):
        leftover.unlink(missing_ok=True)
    cgroup.prepare()
    device = bridge.find(private.root) or bridge.create(private.root)
    for driver in ("overlay2", "vfs"):
        _say(f"starting a private one in {private.root} ({driver}, bridge {device})")
        _write_settings(private, device, driver)
        containerd = _spawn(private, "containerd", "--config", "containerd.toml")
        dockerd = _spawn(private, "dockerd", "--config-file", "daemon.json")
        if _wait(private, containerd, dockerd):
            return
        _end_processes(private)
    last_words = private.log.read_text(errors="replace").splitlines()[-5:]
    raise EngineError(
        "\n".join([f"the Engine in {private.root} does not start:", *last_words]),
        remedy=f"the whole log is {private.log}",
    )


def _install() -> None:
    # sudo and su may leave the system's folders out.
    os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    needs = {"dockerd": "docker.io", "containerd": "docker.io", "ip": "iproute2"}
    lacks = {package for tool, package in needs.items() if not shutil.which(tool)}
    debian.install(sorted(lacks))


def _settings(private: State) -> Path:
    return private.root / "daemon.json"


def _is_ours(private: State) -> bool:
    try:
        settings = json.loads(_settings(private).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(settings, dict) and settings.get("hosts") == [private.url]


def _write_settings(private: State, device: str, driver: str) -> None:
    root = private.root
    settings = {
        "hosts": [private.url],
        "data-root": f"{root}/data",
        "exec-root": f"{root}/exec",
        "pidfile": f"{root}/pid",
        "containerd": f"{root}/containerd.sock",
        "storage-driver": driver,
        "bridge": device,
        "iptables": False,
        "ip-masq": False,
        "ip-forward": False,
        "shutdown-timeout": 5,
    }
    _settings(private).write_text(json.dumps(settings, indent=2) + "\n")
    (root / "containerd.toml").write_text(f"""version = 2
root = "{root}/containerd"
state = "{root}/exec/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "{root}/containerd.sock"
[debug]
address = "{root}/debug.sock"
""")


def _spawn(
    private: State, program: str, option: str, file: str
) -> subprocess.Popen[bytes]:
    with (private.root / f"{program}.log").open("ab") as log:
        return subprocess.Popen(
            [program, option, str(private.root / file)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait(private: State, *processes: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if docker_host.answers(private.url):
            return True
        if any(one.poll() is not None for one in processes):
            return False
        time.sleep(0.05)
    return False


def _remove_containers(private: State) -> None:
    """Much quicker than letting dockerd ask each one to stop."""
    try:
        listing = docker_host.request(private.url, "GET", "/containers/json?all=1")
        for container in json.loads(listing):
            path = f"/containers/{container['Id']}?force=1&v=1"
            docker_host.request(private.url, "DELETE", path)
    except (OSError, HTTPException):
        return


def _end_processes(private: State) -> None:
    for program in ("dockerd", "containerd"):
        process.end(process.named(program, private.root), seconds=_STOP_SECONDS)
    # Where dockerd was killed, the containers go on, each below a shim.
    shims = process.named("containerd-shim-runc-v2", private.root)
    process.kill([*process.children(shims), *shims])


def _unmount(private: State) -> None:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    for place in sorted((line.split()[4] for line in lines), reverse=True):
        if place.startswith(f"{private.root}/"):
            subprocess.run(["umount", "--lazy", place], check=False)


def _delete_bridges(private: State) -> None:
    if device := bridge.find(private.root):
        bridge.delete(device)
    # dockerd leaves the devices of networks that somebody created in it.
    networks = private.root / "data/network/files/local-kv.db"
    if networks.exists():
        for device in set(re.findall(rb"br-[0-9a-f]{12}", networks.read_bytes())):
            bridge.delete(device.decode())


@contextmanager
def _locked(private: State) -> Iterator[None]:
    """Alone with the directory, which is made where it is missing."""
    while True:
        private.root.mkdir(parents=True, exist_ok=True)
        handle = os.open(private.root, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _is_still(private.root, handle):
                yield
                return
        finally:
            os.close(handle)


def _is_still(path: Path, handle: int) -> bool:
    """Whether who held the lock before has not removed the directory."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the one argument says; errors go to stderr."""
    parser = argparse.ArgumentParser("csctl.rehearsal.dockerd", description=__doc__)
    parser.add_argument("verb", choices=("up", "down", "host"))
    verb = parser.parse_args(argv).verb
    try:
        if verb == "down":
            down(state(os.environ))
        elif verb == "up":
            print(up(state(os.environ)))
        else:
            print(host(os.environ))
    except CsctlError as error:
        _say(f"error: {error.message}\n  {error.remedy}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
