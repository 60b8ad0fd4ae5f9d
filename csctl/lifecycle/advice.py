"""What to write into `resources` for what was measured. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from csctl.contract import sizing
from csctl.contract.sizing import Size
from csctl.lifecycle.capacity import Level
from csctl.profile.warning import LEAST_CPUS, LEAST_MEMORY

_GIB = 1 << 30
_RESERVE = 1.25
"""A container is given so many times what it was seen to use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to write into a profile."""

    cpus: int
    memory: int
    """Bytes, whole GiB."""
    decoders: int


def advise(level: Level, containers: int = 1) -> Advice:
    """For each of the containers that sustained a level together.

    It is never below what is documented.
    """
    streams = max(1, level.streams // containers)
    cpus = sizing.CHART_CPUS * streams
    if level.cpus is not None:
        cpus = level.cpus * _RESERVE
    memory = (level.memory or 0) * _RESERVE
    return Advice(
        cpus=max(LEAST_CPUS, math.ceil(cpus)),
        memory=max(LEAST_MEMORY, math.ceil(memory / _GIB) * _GIB),
        decoders=streams,
    )


def on_paper(streams: int, advice: Advice) -> tuple[Size, ...]:
    """What so many live streams take by the documented rules, and by this one."""
    measured = sizing.measured(advice.decoders, advice.cpus, advice.memory)
    rules = (*sizing.documented("live"), measured)
    return tuple(sizing.size(streams, rule, sizing.Node()) for rule in rules)
