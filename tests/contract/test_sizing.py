"""Sizes on paper: the documented figures, and arithmetic that never falls short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.contract import sizing
from csctl.contract.sizing import Kind, Node
from csctl.errors import UsageError

GIB = 1 << 30


@pytest.mark.parametrize(
    ("kind", "rule", "streams", "cpus", "memory"),
    [
        ("live", "recommended", 2, 8, 16 * GIB),
        ("file", "recommended", 2, 8, 16 * GIB),
        ("live", "minimum", 2, 4, 8 * GIB),
        ("file", "minimum", 2, 4, 8 * GIB),
        ("live", "chart", 2, 2.5, 12 * GIB),
        ("file", "chart", 2, 4.25, 12 * GIB),
        ("live", "extreme", 7, 8, 16 * GIB),
        ("file", "extreme", 4, 8, 16 * GIB),
    ],
)
def test_the_documented_rules(
    kind: Kind, rule: str, streams: int, cpus: float, memory: int
) -> None:
    [found] = [one for one in sizing.documented(kind) if one.name == rule]
    assert (found.streams, found.cpus, found.memory) == (streams, cpus, memory)


@given(
    streams=st.integers(1, 200_000),
    each=st.integers(1, 40),
    cpus=st.floats(0.5, 32),
    gib=st.integers(1, 64),
    node_cpus=st.integers(1, 128),
    node_gib=st.integers(1, 1024),
)
def test_there_is_room_for_every_stream(
    streams: int, each: int, cpus: float, gib: int, node_cpus: int, node_gib: int
) -> None:
    rule = sizing.measured(each, cpus, gib * GIB)
    found = sizing.size(streams, rule, Node(cpus=node_cpus, memory=node_gib * GIB))
    assert found.containers * each >= streams
    assert (found.containers - 1) * each < streams
    if found.nodes is None:
        assert cpus > node_cpus or gib > node_gib
        return
    fit = min(int(node_cpus / cpus), node_gib // gib)
    assert found.nodes * fit >= found.containers
    assert (found.nodes - 1) * fit < found.containers


def test_a_container_that_sustains_nothing_is_no_rule() -> None:
    with pytest.raises(UsageError, match="serves nobody"):
        sizing.measured(0, 8, GIB)


@pytest.mark.parametrize(("kind", "hours"), [("live", 240), ("file", 480)])
def test_hours_of_audio(kind: Kind, hours: int) -> None:
    assert sizing.audio_hours(10, kind) == hours
