"""What should change about the servers of a front."""

from __future__ import annotations

import pytest

from csctl.front import server
from csctl.front.server import VACANT, Server


def at(number: int, host: str, *, draining: bool = False) -> Server:
    return Server(
        place=server.place(number),
        host=host,
        address=None,
        up=True,
        draining=draining,
        sessions=0,
    )


SOME = (at(1, "a"), at(2, "b", draining=True), at(3, VACANT), at(4, "c"))


@pytest.mark.parametrize(
    ("hosts", "missing", "surplus"),
    [
        ([], [], ["a", "b", "c"]),
        (["a", "c"], [], ["b"]),
        (["a", "b", "c"], ["b"], []),
        (["d"], ["d"], ["a", "b", "c"]),
    ],
    ids=["none", "one-leaves", "a-draining-one-is-missing", "another"],
)
def test_what_a_front_lacks_and_has_too_much(
    hosts: list[str], missing: list[str], surplus: list[str]
) -> None:
    assert list(server.missing(SOME, hosts)) == missing
    assert [one.host for one in server.surplus(SOME, hosts)] == surplus


def test_a_front_that_starts_anew_is_not_told_of_what_drains() -> None:
    assert server.taken(SOME) == {"place1": "a", "place4": "c"}


def test_a_host_is_the_short_id_that_the_engine_resolves() -> None:
    assert server.host_of("0123456789abcdef" * 4) == "0123456789ab"
