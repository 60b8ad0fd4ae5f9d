"""The runtime API of a front: HAProxy's admin socket, asked and told.

The one place that speaks it. A front that does not answer is a NotReady.
"""

from __future__ import annotations

import csv
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from csctl.errors import CsctlError, NotReady
from csctl.front.configuration import BACKEND, SOCKET
from csctl.front.server import VACANT, Server

_SECONDS = 5.0
_DONE = (
    *("changed its FQDN", "IP changed from", "no need to change the addr"),
    *("ransaction created", "Success!"),
)
_NONE = "-"
_CHUNK = 1 << 16
_DRAINED = 0x08
"""The bit of `srv_admin_state` that `set server ... state drain` sets."""


class Runtime:
    """One front, through the folder in which its socket lies."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder

    def servers(self) -> tuple[Server, ...]:
        """All places and what they have. Raises NotReady."""
        told = {row["svname"]: row for row in _csv(self._ask("show stat"))}
        return tuple(
            Server(
                place=row["srv_name"],
                host=row["srv_fqdn"],
                address=None if row["srv_addr"] == _NONE else row["srv_addr"],
                up=told[row["srv_name"]]["status"].startswith("UP"),
                draining=bool(int(row["srv_admin_state"]) & _DRAINED),
                sessions=int(told[row["srv_name"]]["scur"] or 0),
            )
            for row in _table(self._ask(f"show servers state {BACKEND}"))
            if row["srv_name"] in told
        )

    def admit(self, free: Server, host: str, address: str) -> None:
        """Let new sessions go to a host, once its `/ready` answers. Raises NotReady."""
        place = free.place
        self._tell(f"set server {BACKEND}/{place} fqdn {host}")
        # Until that is resolved, it would count as up at the address of the last host.
        # A place that never had one waits by itself, and takes none.
        if free.address is not None:
            self._tell(f"set server {BACKEND}/{place} addr {address}")
        self.reopen(place)

    def reopen(self, place: str) -> None:
        """Let new sessions go to the host that is there. Raises NotReady."""
        self._tell(f"set server {BACKEND}/{place} state ready")

    def drain(self, place: str) -> None:
        """Let no new session go there; those that go on stay. Raises NotReady."""
        self._tell(f"set server {BACKEND}/{place} state drain")

    def release(self, place: str) -> None:
        """End what goes on there, and make the place vacant. Raises NotReady."""
        self._tell(f"set server {BACKEND}/{place} state maint")
        self._tell(f"shutdown sessions server {BACKEND}/{place}")
        self._tell(f"set server {BACKEND}/{place} fqdn {VACANT}")

    def limit(self, place: str, sessions: int) -> None:
        """Bound the sessions of a place; 0 is no bound. Raises NotReady."""
        self._tell(f"set maxconn server {BACKEND}/{place} {sessions}")

    def fingerprint(self, certificate: str) -> str | None:
        """The SHA-1 of a certificate that the front uses, by its path there.

        None where it has none of that path. Raises NotReady.
        """
        for line in self._ask(f"show ssl cert {certificate}").splitlines():
            name, _, value = line.partition(":")
            if name == "SHA1 FingerPrint":
                return value.strip()
        return None

    def renew(self, certificate: str, pem: str) -> None:
        """Let new connections get another certificate. Raises CsctlError."""
        lines = "\n".join(line for line in pem.splitlines() if line.strip())
        self._tell(f"set ssl cert {certificate} <<\n{lines}\n")
        self._tell(f"commit ssl cert {certificate}")

    def _tell(self, command: str) -> None:
        answer = self._ask(command).strip()
        # What it did it says, too: only the rest is a refusal.
        if answer and not any(word in answer for word in _DONE):
            command = command.partition("\n")[0]
            raise CsctlError(
                f"front {self._name} refused {command!r}: {answer}",
                remedy=f"see its log: csctl logs {self._name}",
            )

    def _ask(self, command: str) -> str:
        try:
            with closing(self._connect()) as connection:
                connection.sendall(f"{command}\n".encode())
                parts = iter(lambda: connection.recv(_CHUNK), b"")
                return b"".join(parts).decode(errors="replace")
        except OSError as exc:
            raise NotReady(
                f"front {self._name} does not answer on"
                f" {self._folder / SOCKET}: {exc.strerror or exc}",
                remedy=f"see: csctl status; csctl logs {self._name}",
            ) from exc

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_SECONDS)
        # The path of a socket ends at 107 bytes, and that of a profile's data may not.
        folder = os.open(self._folder, os.O_PATH | os.O_DIRECTORY)
        try:
            connection.connect(f"/proc/self/fd/{folder}/{SOCKET}")
        except BaseException:
            connection.close()
            raise
        finally:
            os.close(folder)
        return connection


def _csv(text: str) -> Iterator[dict[str, str]]:
    rows = csv.DictReader(text.removeprefix("# ").splitlines())
    return (row for row in rows if row["pxname"] == BACKEND)


def _table(text: str) -> Iterator[dict[str, str]]:
    """The answer of `show servers state`: a version, a head, a line for each server."""
    lines = [line for line in text.splitlines() if line.strip()]
    head = next((line for line in lines if line.startswith("# ")), "# ")
    names = head.split()[1:]
    for line in lines[lines.index(head) + 1 :] if head in lines else ():
        yield dict(zip(names, line.split(), strict=False))
