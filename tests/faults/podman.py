"""Podman's Docker-compatible socket, with storage of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csctl.rehearsal import docker_host

_START_SECONDS = 60
# Its own defaults ask for more open files than a container as a host may grant.
_SETTINGS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[network]
# It has a DNS of containers' names, which CNI's plugins in Debian lack; and a subnet
# that no other Podman of this host uses.
network_backend = "netavark"
default_subnet = "10.213.73.0/24"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


@contextmanager
def running_podman() -> Iterator[str]:
    """The DOCKER_HOST of a Podman that ends, with all that it has, at the exit."""
    # Sockets want a short path.
    root = Path(tempfile.mkdtemp(prefix="csctl-", dir="/tmp"))
    settings = root / "containers.conf"
    settings.write_text(_SETTINGS)
    url = f"unix://{root}/podman.sock"
    environ = {**os.environ, "CONTAINERS_CONF": str(settings)}
    podman = [
        *("podman", "--root", f"{root}/storage", "--runroot", f"{root}/run"),
        *("--tmpdir", f"{root}/tmp"),
    ]
    log = (root / "log").open("wb")
    service = subprocess.Popen(
        [*podman, "system", "service", "--time", "0", url],
        env=environ,
        stdout=log,
        stderr=log,
    )
    try:
        _await(url, service, root / "log")
        yield url
    finally:
        # Before the service ends: each container's own process lives on without it.
        subprocess.run(
            [*podman, "rm", "--all", "--force", "--time", "0"],
            env=environ,
            capture_output=True,
            check=False,
        )
        service.terminate()
        service.wait()
        log.close()
        _unmount(root)
        shutil.rmtree(root, ignore_errors=True)


def _await(url: str, service: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not docker_host.answers(url):
        assert service.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def _unmount(root: Path) -> None:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    for place in sorted((line.split()[4] for line in lines), reverse=True):
        if place.startswith(f"{root}/"):
            subprocess.run(["umount", "--lazy", place], check=False)
