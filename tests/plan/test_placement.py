"""Which nodes may run a task."""

from __future__ import annotations

import dataclasses

import pytest

from csctl.plan.placement import fitting
from tests.plan.swarm_situation import NODES, node


@pytest.mark.parametrize(
    ("placement", "names"),
    [
        ((), ["node0", "node1", "node2"]),
        (("node.role==manager",), ["node0"]),
        (("node.role != MANAGER",), ["node1", "node2"]),
        (("node.hostname==node1",), ["node1"]),
        (("node.id==id-2",), ["node2"]),
        (("node.labels.rack==1",), ["node1"]),
        (("node.labels.rack!=1",), ["node0", "node2"]),
        (("engine.labels.disk==fast",), ["node2"]),
        (("node.platform.os==linux", "node.platform.arch==x86_64"), None),
        (("node.platform.arch==aarch64",), []),
        (("node.role==worker", "node.labels.rack!=1"), ["node2"]),
    ],
)
def test_constraints_are_met_as_swarm_reads_them(
    placement: tuple[str, ...], names: list[str] | None
) -> None:
    found = [one.name for one in fitting(NODES, placement)]
    assert found == (["node0", "node1", "node2"] if names is None else names)


@pytest.mark.parametrize(
    "change", [{"state": "down"}, {"availability": "drain"}, {"availability": "pause"}]
)
def test_a_node_that_takes_no_tasks_fits_nothing(change: dict[str, str]) -> None:
    away = dataclasses.replace(node(1), **change)  # type: ignore[arg-type]
    assert fitting((away,), ()) == ()
