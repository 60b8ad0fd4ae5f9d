"""Control groups, in a cgroup and mount namespace that a test may spoil."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from csctl.rehearsal import cgroup

ROOT = Path(__file__).parents[2]


def test_what_the_host_has_is_left_as_it_is() -> None:
    before = Path("/proc/self/mounts").read_text()

    cgroup.prepare()

    assert Path("/proc/self/mounts").read_text() == before


def test_missing_control_groups_are_mounted() -> None:
    code = """
import pathlib, subprocess
from csctl.rehearsal import cgroup
subprocess.run(["umount", "--recursive", "/sys/fs/cgroup"], check=True)
assert not list(pathlib.Path("/sys/fs/cgroup").iterdir())
cgroup.prepare()
print(*(path.name for path in pathlib.Path("/sys/fs/cgroup").iterdir()))
"""
    done = _unshared("--mount", sys.executable, "-c", code)

    assert done.returncode == 0, done.stderr
    assert "memory" in done.stdout or "cgroup.controllers" in done.stdout


@pytest.mark.parametrize("kind", ["cgroup.type", None], ids=["namespace", "kernel"])
def test_processes_are_moved_out_of_the_root_of_a_namespace_only(
    tmp_path: Path, kind: str | None
) -> None:
    if kind:
        (tmp_path / kind).write_text("domain\n")
    (tmp_path / "cgroup.procs").write_text("1\n")
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")

    cgroup.make_room(tmp_path)

    moved = tmp_path / "init" / "cgroup.procs"
    control = tmp_path / "cgroup.subtree_control"
    assert moved.exists() == control.exists() == (kind is not None)
    if kind:
        assert (moved.read_text(), control.read_text()) == ("1", "+cpu +memory")


def _unshared(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["unshare", *argv], cwd=ROOT, capture_output=True, text=True, check=False
    )
