"""What was measured of a container's capacity: rows, a plot, and advice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from csctl.format import Row, sizing, table
from csctl.size import format_duration, format_size

if TYPE_CHECKING:
    from csctl.contract.sizing import Size
    from csctl.lifecycle.advice import Advice
    from csctl.lifecycle.capacity import Level, Rising

_HEADERS = (
    *("STREAMS", "FACTOR", "P50", "P95", "P99", "ERRORS", "CPUS", "MEMORY"),
    "RESULT",
)
_WIDTHS = (7, 6, 7, 7, 7, 6, 5, 9, 0)
_PERCENTS = (50, 95, 99)
_BAR = 40
_EIGHTHS = " ▏▎▍▌▋▊▉"
_GIB = 1 << 30


def head() -> str:
    """The head of the table, whose rows come one by one."""
    return _line(_HEADERS)


def line(value: Level) -> str:
    """A row of the table."""
    latencies = (_seconds(value.latency(percent)) for percent in _PERCENTS)
    return _line(
        (
            str(value.streams),
            f"{value.factor:.2f}",
            *latencies,
            str(len(value.errors)),
            "-" if value.cpus is None else f"{value.cpus:.1f}",
            "-" if value.memory is None else format_size(value.memory),
            result(value),
        )
    )


def _line(cells: Sequence[str]) -> str:
    padded = (f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
    return "  ".join(padded).rstrip()


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def result(value: Level) -> str:
    """How a level went, in a word."""
    if value.errors:
        return "failed"
    return "fell behind" if value.behind else "sustained"


def plot(levels: Sequence[Level]) -> Iterator[str]:
    """A bar for each level: the latency that 95 % of the phrases keep to."""
    found = [(level, level.latency(95) or 0.0) for level in levels]
    most = max((latency for _, latency in found), default=0.0) or 1.0
    yield "p95 of the latency by streams"
    for level, latency in found:
        mark = "" if level.sustained else f"  {result(level)}"
        bar = _bar(latency / most)
        yield f"{level.streams:>7}  {bar:<{_BAR}}  {latency:.2f} s{mark}"


def _bar(share: float) -> str:
    full, rest = divmod(round(8 * _BAR * share), 8)
    return "█" * full + _EIGHTHS[rest].strip()


def rising(value: Rising) -> str:
    """A level that begins."""
    return f"{_streams(value.streams)}, {format_duration(value.seconds)} ..."


def nothing(name: str) -> str:
    """What is found where the first level failed already."""
    return f"{name} does not sustain a single stream"


def advice(name: str, last: Level, stop: Level, value: Advice) -> Iterator[str]:
    """What was found, and what to write into the profile."""
    more = f"with {stop.streams} it {result(stop)}"
    if stop is last:
        more = "and more were not tried"
    yield f"{name} sustains {_streams(last.streams)} at real time; {more}"
    yield "resources:"
    yield f"  cpus: {value.cpus}  # {_cores(last)}"
    yield f"  memory: {value.memory // _GIB}g  # {_memory(last)}"
    yield f"  decoders: {value.decoders}"


def on_paper(sizes: Sequence[Size]) -> Iterator[str]:
    """What as many streams take by each rule."""
    yield "on paper, by rules that do not agree (csctl size tells what they mean):"
    yield table(sizing.HEADERS, [sizing.cells(one) for one in sizes])


def _cores(value: Level) -> str:
    if value.cpus is None:
        return "not measured: as the chart has it, and not below the documented least"
    return f"{value.cpus:.1f} were used; with a reserve, and not below the least"


def _memory(value: Level) -> str:
    if value.memory is None:
        return "not measured: the documented least, with the smallest model"
    used = format_size(value.memory)
    return f"{used} were used; with a reserve, and not below the least"


def _streams(count: int) -> str:
    return "1 stream" if count == 1 else f"{count} streams"


def level(value: Level) -> Row:
    """A level; latencies are seconds, memory is bytes."""
    return {
        "streams": value.streams,
        "factor": round(value.factor, 3),
        **{f"p{percent}": _rounded(value.latency(percent)) for percent in _PERCENTS},
        "errors": [error.message for error in value.errors],
        "cpus": _rounded(value.cpus),
        "memory": value.memory,
        "result": result(value),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def report(
    name: str, levels: Sequence[Level], advice: Advice | None, sizes: Sequence[Size]
) -> Row:
    """All of it; `csctl size` reads `streams`, `cpus`, `memory`: of each container."""
    return {
        "name": name,
        "streams": advice.decoders if advice else 0,
        "cpus": advice and advice.cpus,
        "memory": advice and advice.memory,
        "levels": [level(one) for one in levels],
        "on_paper": [sizing.row(one) for one in sizes],
    }
