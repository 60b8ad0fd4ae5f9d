"""Packages that are there, and those that cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from csctl.errors import UsageError
from csctl.rehearsal import debian

ROOT = Path(__file__).parents[2]
NONE = "csctl-no-such-package"


def test_only_what_is_not_installed_is_missing() -> None:
    assert debian.missing(["dpkg", NONE, "coreutils"]) == [NONE]


def test_without_dpkg_all_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert debian.missing(["dpkg"]) == ["dpkg"]


def test_where_nothing_can_be_installed_the_command_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UsageError, match="missing on this host: openssl") as caught:
        debian.install(["openssl"])
    assert "apt-get install -y --no-install-recommends openssl" in str(
        caught.value.remedy
    )


def test_what_is_there_already_is_not_talked_about() -> None:
    done = _run("dpkg", "coreutils")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_apt_installs_what_is_missing_while_services_stay_down(tmp_path: Path) -> None:
    policy = Path("/usr/sbin/policy-rc.d")
    before = policy.read_bytes() if policy.exists() else None
    # Stands for apt-get, and says what it was asked and whether services may start.
    fake = tmp_path / "apt-get"
    fake.write_text(
        f'#!/bin/sh\necho "asked: $*"\n{policy} any start || echo "policy: $?"\n'
    )
    fake.chmod(0o755)

    done = _run("dpkg", NONE, path=f"{tmp_path}:{os.environ['PATH']}")

    assert done.returncode == 0
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"$ apt-get install -y --no-install-recommends {NONE}",
        "asked: update -q",
        "policy: 101",
        f"asked: install -y --no-install-recommends {NONE}",
        "policy: 101",
    ]
    assert (policy.read_bytes() if policy.exists() else None) == before


def test_what_apt_cannot_do_is_an_error(tmp_path: Path) -> None:
    fake = tmp_path / "apt-get"
    fake.write_text("#!/bin/sh\nexit 100\n")
    fake.chmod(0o755)

    done = _run(NONE, path=f"{tmp_path}:{os.environ['PATH']}")

    assert done.returncode == 1
    assert "error: apt-get update -q failed with exit code 100" in done.stderr


def _run(*packages: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "csctl.rehearsal.debian", *packages],
        cwd=ROOT,
        env={**os.environ, **({"PATH": path} if path else {})},
        capture_output=True,
        text=True,
        check=False,
    )
