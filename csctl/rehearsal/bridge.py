"""The network bridge of a private Engine.

Two Engines on one bridge break each other, so each has its own, with a network that
the host uses for nothing else. The device's alias says whose it is.

A bridge without a hardware address of its own has the lowest of its ports: a container
that ends can take it away from those whose connections go there, and what they send
is lost until they ask again, up to a minute later.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import IPv4Network
from itertools import islice
from pathlib import Path

from csctl.errors import EngineError

_COUNT = 48
_DEVICES = Path("/sys/class/net")
_ROUTE_TYPES = (
    *("unicast", "local", "broadcast", "multicast"),
    *("unreachable", "blackhole", "prohibit", "throw"),
)


def find(owner: Path) -> str | None:
    """The bridge made for this owner."""
    for alias in _DEVICES.glob("csctl*/ifalias"):
        # Another Engine's may go at any moment.
        with suppress(OSError):
            if alias.read_text().strip() == str(owner):
                return alias.parent.name
    return None


def create(owner: Path) -> str:
    """The name of a new bridge with an address of its own. Raises EngineError."""
    for number in range(_COUNT):
        name = f"csctl{number}"
        address = f"02:42:63:73:00:{number:02x}"
        words = ("link", "add", name, "address", address, "type", "bridge")
        if (_DEVICES / name).exists() or not _ip(*words):
            continue
        network = next(free(number, _routes()), None)
        if (
            network is not None
            and _ip("link", "set", name, "alias", str(owner))
            and _ip("address", "add", f"{network[1]}/24", "dev", name)
            and _ip("link", "set", name, "up")
        ):
            return name
        delete(name)
    raise EngineError(
        "no network bridge can be made for a private Engine",
        remedy="see `ip link` and `ip route`; in a container it takes CAP_NET_ADMIN",
    )


def delete(name: str) -> None:
    """Take the device away; one that is gone already is fine. Raises EngineError."""
    if not _ip("link", "delete", name) and (_DEVICES / name).exists():
        raise EngineError(
            f"network bridge {name} cannot be deleted",
            remedy=f"see what `ip link delete {name}` says, then run this again",
        )


def free(number: int, routes: Iterable[IPv4Network]) -> Iterator[IPv4Network]:
    """Private networks for bridge `number` that overlap with no route.

    Each number draws from networks of its own, so that two Engines which start at the
    same moment cannot choose the same one.
    """
    taken = list(routes)
    for network in islice(_networks(), number, None, _COUNT):
        if not any(network.overlaps(route) for route in taken):
            yield network


def routes(lines: str) -> list[IPv4Network]:
    """The targets in what `ip route` prints; its default route is none."""
    targets = (
        next(word for word in line.split() if word not in _ROUTE_TYPES)
        for line in lines.splitlines()
    )
    return [IPv4Network(target) for target in targets if target != "default"]


def _networks() -> Iterator[IPv4Network]:
    for prefix in ("172.31", "192.168", "10.213"):
        for third in range(77, 253):
            yield IPv4Network(f"{prefix}.{third}.0/24")


def _routes() -> list[IPv4Network]:
    command = ["ip", "-4", "-o", "route", "show", "table", "all"]
    return routes(
        subprocess.run(command, capture_output=True, text=True, check=False).stdout
    )


def _ip(*words: str) -> bool:
    done = subprocess.run(["ip", *words], capture_output=True, check=False)
    return done.returncode == 0
