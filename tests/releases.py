"""Docker Engines of newer Debian releases, unpacked and not installed.

Their dockerd and containerd run with this host's own libraries, and with its own runc.
In November 2026 trixie has Docker 26.1, sid 28.5.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_PACKAGES = ("docker.io", "containerd")
_PROGRAMS = (
    *("sbin/dockerd", "sbin/docker-proxy"),
    *("bin/containerd", "bin/containerd-shim-runc-v2"),
)
_CONTAINERD_STORE = {
    # dockerd's own switch for its tests: no settings of the private Engine change.
    "TEST_INTEGRATION_USE_SNAPSHOTTER": "1",
    "DOCKER_DRIVER": "overlayfs",
}

Unpack = Callable[[str], Path]
"""From a release to the folder of its programs."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An Engine of a release, with one of the two image stores."""

    release: str | None
    """None is the Engine that is installed."""
    containerd_store: bool = False

    def environ(self, unpack: Unpack) -> Mapping[str, str]:
        """What starts a private Engine of this kind in place of the installed one."""
        if self.release is None:
            return {}
        path = f"{unpack(self.release)}:{os.environ['PATH']}"
        return {"PATH": path} | (_CONTAINERD_STORE if self.containerd_store else {})

    def __str__(self) -> str:
        store = "-containerd" if self.containerd_store else ""
        return f"{self.release or 'installed'}{store}"


INSTALLED = Kind(None)
NEWER = tuple(
    Kind(release, containerd_store)
    for release in ("trixie", "sid")
    for containerd_store in (False, True)
)


def unpack(release: str, folder: Path) -> None:
    """Download the packages of a release, and unpack them; `programs` is the last."""
    apt = _private_apt(release, folder)
    _run("apt-get", "update", "-q", apt=apt, folder=folder)
    _run("apt-get", "download", "-q", *_PACKAGES, apt=apt, folder=folder)
    for package in folder.glob("*.deb"):
        _run("dpkg", "-x", package.name, "root", apt=apt, folder=folder)
    unfinished = folder / "programs.part"
    unfinished.mkdir()
    for name in _PROGRAMS:
        found = folder / "root/usr" / name
        (unfinished / found.name).symlink_to(found)
    unfinished.rename(folder / "programs")


def _private_apt(release: str, folder: Path) -> Path:
    """apt with sources and lists of its own: the host's stay as they are."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    sources, settings = folder / "sources.list", folder / "apt.conf"
    sources.write_text(
        f"deb [signed-by={_KEYS}] http://deb.debian.org/debian {release} main\n"
    )
    settings.write_text(
        f'Dir::Etc::sourcelist "{sources}";\n'
        'Dir::Etc::sourceparts "/dev/null";\n'
        f'Dir::State::lists "{folder}/lists";\n'
        f'Dir::Cache "{folder}/cache";\n'
        'APT::Sandbox::User "root";\n'
    )
    return settings


def _run(*words: str, apt: Path, folder: Path) -> None:
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, "APT_CONFIG": str(apt)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
