"""Networks for bridges, and bridges made for real."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import islice
from pathlib import Path

import pytest

from csctl.rehearsal import bridge

ROUTES = """\
default via 192.0.2.1 dev eth0
172.31.0.0/16 dev eth0 proto kernel scope link src 172.31.0.9
10.0.0.5 via 192.0.2.1 dev eth0
blackhole 192.168.77.0/24
local 127.0.0.1 dev lo table local proto kernel scope host src 127.0.0.1
broadcast 192.0.2.255 dev eth0 table local proto kernel scope link src 192.0.2.2
"""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Path]:
    """Somebody whose bridge is taken away at the end."""
    yield tmp_path
    if name := bridge.find(tmp_path):
        bridge.delete(name)


def test_every_kind_of_route_is_read() -> None:
    assert [str(network) for network in bridge.routes(ROUTES)] == [
        "172.31.0.0/16",
        "10.0.0.5/32",
        "192.168.77.0/24",
        "127.0.0.1/32",
        "192.0.2.255/32",
    ]


def test_a_network_that_the_host_uses_is_never_chosen() -> None:
    used = bridge.routes(ROUTES)

    for number in range(16):
        networks = list(bridge.free(number, used))
        assert networks
        assert not any(one.overlaps(route) for one in networks for route in used)
        assert all(one.is_private for one in networks)


def test_two_numbers_never_draw_the_same_network() -> None:
    drawn = [set(bridge.free(number, [])) for number in range(16)]

    assert sum(map(len, drawn)) == len(set.union(*drawn))


def test_where_everything_is_used_there_is_none() -> None:
    assert not list(islice(bridge.free(0, [IPv4Network("0.0.0.0/0")]), 1))


def test_a_bridge_is_found_by_its_owner_until_it_is_deleted(owner: Path) -> None:
    assert bridge.find(owner) is None

    name = bridge.create(owner)
    assert bridge.find(owner) == name
    assert bridge.find(owner / "other") is None

    bridge.delete(name)
    assert bridge.find(owner) is None
    bridge.delete(name)


def test_two_bridges_have_networks_of_their_own(owner: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    names = {bridge.create(owner), bridge.create(other)}
    try:
        assert len(names) == 2
    finally:
        for name in names:
            bridge.delete(name)


def test_ports_that_come_and_go_leave_a_bridge_its_address(owner: Path) -> None:
    name = bridge.create(owner)
    own = Path("/sys/class/net", name, "address")
    before = own.read_text()
    port, low = f"{name}-port", "02:00:00:00:00:01"
    assert before.strip() > low
    pair = ("type", "veth", "peer", "name", f"{name}-peer")
    subprocess.run(["ip", "link", "add", port, "address", low, *pair], check=True)
    try:
        subprocess.run(["ip", "link", "set", port, "master", name], check=True)
        assert own.read_text() == before
    finally:
        subprocess.run(["ip", "link", "delete", port], check=True)
    assert own.read_text() == before
