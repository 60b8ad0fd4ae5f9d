"""What to write into `resources` for so many streams, and what is documented. Pure.

Facts: container.md section 3. The documents do not agree, so all of them are told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from csctl.lifecycle.capacity import Level
from csctl.profile.warning import LEAST_CPUS, LEAST_MEMORY

_GIB = 1 << 30
_RESERVE = 1.25
"""A container is given so many times what it was seen to use."""
_CHART = 1.25
_PAGE = 1.15
_CHART_FILES = 1.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """What to write into a profile."""

    cpus: int
    memory: int
    """Bytes, whole GiB."""
    decoders: int


@dataclass(frozen=True, slots=True)
class Documented:
    """What a document says, and the cores that follow from it, if any do."""

    source: str
    says: str
    cpus: float | None = None


def sizing(level: Level) -> Sizing:
    """For the streams of a level that was sustained; never below what is documented."""
    cpus = _CHART * level.streams if level.cpus is None else level.cpus * _RESERVE
    memory = (level.memory or 0) * _RESERVE
    return Sizing(
        cpus=max(LEAST_CPUS, math.ceil(cpus)),
        memory=max(LEAST_MEMORY, math.ceil(memory / _GIB) * _GIB),
        decoders=level.streams,
    )


def documented(streams: int) -> Sequence[Documented]:
    """What Microsoft's documents say of so many streams."""
    chart = _CHART * streams
    files = math.ceil(chart * _CHART_FILES)
    return (
        Documented(
            "Helm chart 0.3.3",
            f"1.25 cores for each stream as the request, twice that as the limit"
            f" ({2 * chart:g}); {files} as the request for files; memory 4 to 8 GiB;"
            " DECODER_MAX_COUNT is the number of streams",
            chart,
        ),
        Documented(
            "documentation of that chart",
            "1.15 cores for each stream (1.95 for files); memory 2 to 4 GB",
            _PAGE * streams,
        ),
        Documented(
            "FAQ",
            "about 1 core for each stream from a microphone, close to 2 from a file;"
            " more than two streams in one container are not recommended, and more"
            " containers beyond six",
            float(streams),
        ),
        Documented(
            "requirements",
            "4 cores and 4 GB at least, 8 and 8 recommended, and 4 to 8 GB more for"
            " the model",
        ),
    )
