"""Debian packages that a rehearsal or a test needs, installed where missing.

`python -m csctl.rehearsal.debian PACKAGE...`; takes milliseconds when all are there.
None of the services in them is started: a registry on port 5000 would stand in the
rehearsal's way, and a Docker Engine is the operator's to start.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from csctl.errors import CsctlError, UsageError

_POLICY = Path("/usr/sbin/policy-rc.d")


def missing(packages: Sequence[str]) -> list[str]:
    """Those which dpkg does not know as installed; all of them without dpkg."""
    if shutil.which("dpkg-query") is None:
        return list(packages)
    known = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    return [package for package in packages if f"{package} installed" not in known]


def install(packages: Sequence[str]) -> None:
    """Install what is missing, saying so. Raises UsageError where that cannot be."""
    wanted = missing(packages)
    if not wanted:
        return
    command = "apt-get install -y --no-install-recommends " + " ".join(wanted)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise UsageError(
            f"missing on this host: {', '.join(wanted)}",
            remedy=f"as root on Debian: {command}; elsewhere, what provides the same",
        )
    print(f"$ {command}", file=sys.stderr)
    with _services_stay_down():
        _run("apt-get", "update", "-q")
        _run(*command.split())


def _run(*argv: str) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=2, env=environ, check=False
    )
    if done.returncode != 0:
        raise CsctlError(
            f"{' '.join(argv)} failed with exit code {done.returncode}",
            remedy="see its output above; is the package archive reachable?",
        )


@contextmanager
def _services_stay_down() -> Iterator[None]:
    """Debian's own switch for that, unless the host already has its policy."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


def main(packages: Sequence[str]) -> int:
    """Install, or say on stderr why not."""
    try:
        install(packages)
    except CsctlError as error:
        print(f"error: {error.message}\n  {error.remedy}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
