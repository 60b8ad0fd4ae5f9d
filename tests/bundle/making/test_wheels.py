"""csctl in a bundle: wheels with hashes, for a host without a network."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.bundle.making.near_side import create, unpack
from tests.cli.shell import Shell


def test_csctl_itself_is_installed_from_a_bundle_without_a_network(
    shell: Shell, pushed: str
) -> None:
    draft = shell.write(stocked=True, image=f"{pushed}:4.12.0-amd64")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    file = create(shell, draft.path, "--with-csctl", "--python", version)
    there = unpack(file, shell.folder / "there")
    install = [
        *("unshare", "--net", sys.executable, "-m", "pip", "install", "--quiet"),
        *("--no-index", "--find-links", "csctl", "--require-hashes"),
        *("--no-compile", "--target", "installed", "-r", "csctl/requirements.txt"),
    ]
    subprocess.run(install, cwd=there, check=True, capture_output=True)
    environ = {"PYTHONPATH": str(there / "installed"), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-S", "-m", "csctl", "bundle", "inspect", str(file)],
        cwd=there,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "csctl/requirements.txt" in done.stdout
