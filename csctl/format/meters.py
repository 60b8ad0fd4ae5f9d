"""What containers use of CPU and memory, in words and as JSON-ready dicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csctl.format import Row
from csctl.format import fleet as words

if TYPE_CHECKING:
    from csctl.lifecycle.meters import Reading

HEADERS = ("CONTAINER", "CPU", "MEMORY")


def reading(value: Reading) -> Row:
    """A row of `csctl top`: cores and bytes; a limit is null where there is none."""
    limits, sample = value.container.limits, value.sample
    return {
        "container": value.container.name,
        "cpus": round(sample.cpus, 3),
        "cpu_limit": limits.cpus,
        "memory": sample.memory,
        "memory_limit": limits.memory,
    }


def cells(value: Reading) -> tuple[str, ...]:
    """A row of the table of `csctl top`: what is used, and of how much."""
    limits, sample = value.container.limits, value.sample
    return (
        value.container.name,
        words.cores(sample.cpus, limits.cpus),
        words.memory(sample.memory, limits.memory),
    )
