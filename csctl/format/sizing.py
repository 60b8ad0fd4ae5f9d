"""Sizes on paper as rows."""

from __future__ import annotations

from csctl.contract.sizing import Size
from csctl.format import Row
from csctl.size import format_size

HEADERS = (
    "RULE",
    "STREAMS EACH",
    "CONTAINERS",
    "CORES",
    "MEMORY",
    "NODES",
    "AND ONE TO LOSE",
)


def row(value: Size) -> Row:
    """A rule's answer; memory in bytes."""
    rule = value.rule
    return {
        "rule": rule.name,
        "about": rule.about,
        "streams_each": rule.streams,
        "cores_each": rule.cpus,
        "memory_each": rule.memory,
        "containers": value.containers,
        "cores": value.cpus,
        "memory": value.memory,
        "nodes": value.nodes,
        "nodes_with_spare": None if value.nodes is None else value.nodes + 1,
    }


def cells(value: Size) -> tuple[str, ...]:
    """A row of the table."""
    nodes = value.nodes
    return (
        value.rule.name,
        str(value.rule.streams),
        str(value.containers),
        f"{value.cpus:g}",
        format_size(value.memory),
        "too small" if nodes is None else str(nodes),
        "-" if nodes is None else str(nodes + 1),
    )
