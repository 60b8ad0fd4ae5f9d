"""A real sshd on loopback: what another host is to csctl."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
_SECONDS = 60
_MARK = "CSCTL_TESTS_SSHD"
_SYSTEM_PATH = "/usr/bin:/bin"


class Keys:
    """A client's key and configuration, and an `ssh` on a PATH that uses them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("host", "client"):
            file = str(folder / name)
            argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file]
            subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
        host = (folder / "host.pub").read_text().split()[:2]
        (folder / "known_hosts").write_text(f"* {' '.join(host)}\n")
        (folder / "config").write_text(
            "Host *\n"
            f"  IdentityFile {folder}/client\n"
            "  IdentitiesOnly yes\n"
            "  IdentityAgent none\n"
            f"  UserKnownHostsFile {folder}/known_hosts\n"
            "  GlobalKnownHostsFile /dev/null\n"
            "  StrictHostKeyChecking yes\n"
        )
        _script(folder / "bin" / "ssh", f"exec /usr/bin/ssh -F {folder}/config")

    @property
    def path(self) -> str:
        """The PATH on which that `ssh` comes first."""
        return f"{self.folder / 'bin'}:{os.environ['PATH']}"


class Sshd:
    """One sshd; sessions on it have these variables, and `csctl` where it is given."""

    def __init__(self, keys: Keys, folder: Path, environ: Mapping[str, str]) -> None:
        folder.mkdir()
        self._keys, self._folder = keys, folder
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port: int = listener.getsockname()[1]
        self._programs = folder / "bin"
        self._programs.mkdir()
        known = {
            "PATH": f"{self._programs}:{_SYSTEM_PATH}",
            "PYTHONPATH": str(ROOT),
            _MARK: str(folder),
            **environ,
        }
        words = " ".join(f'"{name}={value}"' for name, value in known.items())
        config = folder / "sshd_config"
        config.write_text(
            f"Port {self.port}\n"
            "ListenAddress 127.0.0.1\n"
            f"HostKey {keys.folder}/host\n"
            f"AuthorizedKeysFile {keys.folder}/client.pub\n"
            f"PidFile {folder}/pid\n"
            "StrictModes no\n"
            "UsePAM no\n"
            "PasswordAuthentication no\n"
            "PermitRootLogin yes\n"
            f"SetEnv {words}\n"
        )
        if os.geteuid() == 0:
            # Debian's own service makes it when it starts.
            Path("/run/sshd").mkdir(exist_ok=True)
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["/usr/sbin/sshd", "-D", "-e", "-f", str(config)],
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            _await("127.0.0.1", self.port, self._process)
        except AssertionError as exc:
            exc.add_note((folder / "log").read_text())
            raise

    @property
    def url(self) -> str:
        """How a profile names it."""
        return f"ssh://127.0.0.1:{self.port}"

    def install(self, before: str = "") -> None:
        """Put csctl on its PATH; `before` runs in it first, as Python."""
        code = f"{before}\nfrom csctl.cli.main import main; main()"
        words = shlex.join([sys.executable, "-c", code])
        _script(self._programs / "csctl", f"exec {words}")

    @contextmanager
    def leading(self, address: str, port: int, socket_: str) -> Iterator[None]:
        """A TCP port here that leads to a Unix socket there."""
        argv = [
            *("ssh", "-N", "-o", "ExitOnForwardFailure=yes"),
            *("-L", f"{address}:{port}:{socket_}", self.url),
        ]
        with subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, env={**os.environ, "PATH": self._keys.path}
        ) as process:
            try:
                _await(address.strip("[]"), port, process)
                yield
            finally:
                process.terminate()

    def sessions(self) -> list[int]:
        """The processes of its sessions; sshd's own have none of their variables."""
        mark = f"{_MARK}={self._folder}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue  # It has ended meanwhile.
        return found

    def stop(self) -> None:
        """End it; sessions that it has go on."""
        self._process.terminate()
        self._process.wait()


Start = Callable[..., Sshd]
"""Starts a host: with csctl there, unless `csctl` is false."""


def _await(address: str, port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a process of ours listens."""
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            socket.create_connection((address, port), 1).close()
            return
        except OSError:
            assert process.poll() is None, f"{process.args!r} has ended"
            assert time.monotonic() < deadline, f"{process.args!r} does not listen"
            time.sleep(0.05)


def _script(file: Path, line: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(f'#!/bin/sh\n{line} "$@"\n')
    file.chmod(0o755)
