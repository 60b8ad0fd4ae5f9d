"""How many containers, cores, bytes and nodes a number of streams takes, on paper.

The documentation gives several answers that do not agree (facts: container.md section
3): a warning about more than two recognitions in one container, the formula of
Microsoft's Helm chart, extremes that were named. None is chosen here; a measured figure
is better than all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from csctl.errors import UsageError
from csctl.profile.warning import LEAST_CPUS
from csctl.size import format_size

Kind = Literal["live", "file"]

_GIB: Final = 1 << 30
LEAST_CONTAINER: Final = 4 * _GIB
BEST_CPUS: Final = 8
BEST_CONTAINER: Final = 8 * _GIB
LARGEST_MODEL: Final = 8 * _GIB
SMALLEST_MODEL: Final = 4 * _GIB
"""What a model adds: 4 to 8 GB."""
ADVISED: Final = 2
"""Recognitions side by side in one container, of which no more are advised."""
CHART_CPUS: Final = 1.25
CHART_FILE_FACTOR: Final = 1.7
"""The chart's request for each recognition, and how much more a file takes."""
STREAM_CPUS: Final = {"live": 1.0, "file": 2.0}
"""Of a stream: from a microphone about one core, from a file close to two."""
EXTREME_DECODERS: Final = 7
"""Live recognitions on eight cores, the most that is named."""
FILE_SPEED: Final = 2
"""The SDK sends a file at most this many times as fast as it plays."""
NODE_CPUS: Final = 16
"""More cores of one host are sensitive to NUMA."""
NODE_MEMORY: Final = 64 * _GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One answer: what a container takes, and how many streams it decodes."""

    name: str
    about: str
    streams: int
    cpus: float
    memory: int
    """Bytes, with the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What one host has for containers."""

    cpus: float = NODE_CPUS
    memory: int = NODE_MEMORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a number of streams takes by one rule."""

    rule: Rule
    containers: int
    cpus: float
    memory: int
    nodes: int | None
    """None where one container is larger than a node."""


def documented(kind: Kind) -> tuple[Rule, ...]:
    """The rules of the documentation, for live streams or for files."""
    chart = ADVISED * CHART_CPUS * (CHART_FILE_FACTOR if kind == "file" else 1)
    extreme = EXTREME_DECODERS if kind == "live" else int(BEST_CPUS / STREAM_CPUS[kind])
    return (
        Rule(
            name="recommended",
            about="two recognitions on the recommended 8 cores and 8 GB, and the"
            " largest model",
            streams=ADVISED,
            cpus=BEST_CPUS,
            memory=BEST_CONTAINER + LARGEST_MODEL,
        ),
        Rule(
            name="minimum",
            about="two recognitions on the minimum of 4 cores and 4 GB, and the"
            " smallest model",
            streams=ADVISED,
            cpus=max(LEAST_CPUS, ADVISED * STREAM_CPUS[kind]),
            memory=LEAST_CONTAINER + SMALLEST_MODEL,
        ),
        Rule(
            name="chart",
            about="the request of Microsoft's Helm chart, which knows no custom model:"
            " 4 GiB, and here the largest model",
            streams=ADVISED,
            cpus=math.ceil(chart * 1000) / 1000,
            memory=LEAST_CONTAINER + LARGEST_MODEL,
        ),
        Rule(
            name="extreme",
            about="the most recognitions that are named for 8 cores"
            if kind == "live"
            else "8 cores, two of them for each file",
            streams=extreme,
            cpus=BEST_CPUS,
            memory=BEST_CONTAINER + LARGEST_MODEL,
        ),
    )


def size(streams: int, rule: Rule, node: Node) -> Size:
    """What that many streams take by a rule."""
    containers = -(-streams // rule.streams)
    fit = min(int(node.cpus / rule.cpus), node.memory // rule.memory)
    return Size(
        rule=rule,
        containers=containers,
        cpus=containers * rule.cpus,
        memory=containers * rule.memory,
        nodes=-(-containers // fit) if fit else None,
    )


def measured(streams: int, cpus: float, memory: int) -> Rule:
    """The rule of what was measured on a container of that size. Raises UsageError."""
    if streams < 1:
        raise UsageError(
            f"a container that sustains {streams} streams serves nobody",
            remedy="measure again with more cores",
        )
    return Rule(
        name="measured",
        about=f"measured with {cpus:g} cores and {format_size(memory)}",
        streams=streams,
        cpus=cpus,
        memory=memory,
    )


def audio_hours(streams: int, kind: Kind) -> int:
    """Hours of audio in a day, if no stream is ever idle."""
    return streams * 24 * (FILE_SPEED if kind == "file" else 1)
