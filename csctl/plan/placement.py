"""Which nodes of a swarm may run a task, by Swarm's own rules. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from csctl.container.service import Node

_CONSTRAINT = re.compile(r"(\S+?) *([=!]=) *(.+)")


def fitting(nodes: Iterable[Node], placement: Iterable[str]) -> tuple[Node, ...]:
    """The nodes that take tasks now and meet all constraints."""
    constraints = tuple(placement)
    return tuple(
        node
        for node in nodes
        if node.takes_tasks and all(_meets(node, one) for one in constraints)
    )


def _meets(node: Node, constraint: str) -> bool:
    found = _CONSTRAINT.fullmatch(constraint)
    assert found is not None, "the profile's rules demand it"
    key, operator, value = found.groups()
    # Swarm ignores case; a label that is absent differs from everything.
    same = _told(node, key).lower() == value.strip().lower()
    return same == (operator == "==")


def _told(node: Node, key: str) -> str:
    kind, _, label = key.partition(".labels.")
    if label:
        return (node.labels if kind == "node" else node.engine_labels).get(label, "")
    told = {
        "node.id": node.id,
        "node.hostname": node.name,
        "node.role": node.role,
        "node.platform.os": node.os,
        "node.platform.arch": node.architecture,
    }
    return told[key]
