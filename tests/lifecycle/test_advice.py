"""What to write into `resources` for what was measured."""

from __future__ import annotations

import pytest

from csctl.lifecycle.advice import advise, on_paper
from csctl.lifecycle.capacity import Level

GIB = 1 << 30


def level(streams: int, cpus: float | None = None, memory: int | None = None) -> Level:
    return Level(
        streams=streams,
        factor=1.0,
        latencies=(0.1,),
        errors=(),
        behind=False,
        cpus=cpus,
        memory=memory,
    )


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (level(1), (4, 8, 1)),
        (level(10), (13, 8, 10)),
        (level(10, 1.0, GIB), (4, 8, 10)),
        (level(10, 7.9, 10 * GIB), (10, 13, 10)),
    ],
    ids=["least", "by the chart", "little used", "measured"],
)
def test_what_to_write(seen: Level, expected: tuple[int, int, int]) -> None:
    found = advise(seen)
    assert (found.cpus, found.memory // GIB, found.decoders) == expected
    assert found.memory % GIB == 0


def test_on_paper_the_measured_rule_stands_beside_the_documented_ones() -> None:
    *documented, own = on_paper(6, advise(level(6, 5.0, GIB)))
    assert [one.rule.name for one in documented] == [
        "recommended",
        "minimum",
        "chart",
        "extreme",
    ]
    assert (own.rule.name, own.containers, own.cpus) == ("measured", 1, 7)


def test_containers_that_share_the_streams_are_told_each_its_own() -> None:
    found = advise(level(9, 5.0, GIB), containers=4)
    assert (found.cpus, found.decoders) == (7, 2)
    *_, own = on_paper(9, found)
    assert own.containers == 5
    assert advise(level(2), containers=4).decoders == 1
