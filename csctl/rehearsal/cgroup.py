"""Control groups where no init system has set them up.

A machine without systemd, or a privileged container, may have none mounted, or have
its processes in the root of its cgroup namespace, where the kernel refuses to limit
what lies below. Both keep an Engine from starting containers.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from csctl.errors import EngineError

ROOT = Path("/sys/fs/cgroup")


def prepare() -> None:
    """Make control groups usable, where they are not. Raises EngineError."""
    if not _mounted():
        _mount()
    make_room(ROOT)


def make_room(root: Path) -> None:
    """In version 2, let groups below `root` have limits, moving processes aside.

    Only a root that is not the kernel's own has `cgroup.type`, and only there the
    processes are in the way.
    """
    if not (root / "cgroup.type").exists():
        return
    aside = root / "init"
    aside.mkdir(exist_ok=True)
    for pid in (root / "cgroup.procs").read_text().split():
        try:
            (aside / "cgroup.procs").write_text(pid)
        except ProcessLookupError:
            continue
    controllers = (root / "cgroup.controllers").read_text().split()
    if controllers:
        (root / "cgroup.subtree_control").write_text(
            " ".join(f"+{name}" for name in controllers)
        )


def _mounted() -> bool:
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    return any(line.split()[2] in ("cgroup", "cgroup2") for line in mounts)


def _mount() -> None:
    # Lines are `number:controllers:path`; version 2 has number 0 and no controllers.
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    hierarchies = [name for line in lines if (name := line.split(":", 2)[1])]
    if all(name.startswith("name=") for name in hierarchies):
        _run("cgroup2", ROOT)
        return
    _run("tmpfs", ROOT)
    for name in hierarchies:
        # containerd wants to find every one, also those that control nothing.
        place = ROOT / name.removeprefix("name=")
        place.mkdir()
        options = f"none,{name}" if name.startswith("name=") else name
        _run("cgroup", place, "-o", options)


def _run(kind: str, place: Path, *options: str) -> None:
    done = subprocess.run(
        ["mount", "-t", kind, *options, kind, str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise EngineError(
            f"control groups cannot be mounted at {place}: {done.stderr.strip()}",
            remedy="run in a privileged container, or on the host itself",
        )
