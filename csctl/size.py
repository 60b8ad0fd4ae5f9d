"""Sizes and durations as people write them, and back."""

from __future__ import annotations

import re
from datetime import timedelta

from csctl.errors import InvalidValue

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_LONGEST = timedelta(days=36525)
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_size(text: str) -> int:
    """Bytes of `16g`, `512m`, `1.5GiB` or `1048576`; factors are powers of 1,024.

    Raises InvalidValue.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InvalidValue(f"{text!r} is no size: write 16g, 512m or a count of bytes")
    try:
        return int(float(match[1]) * _FACTORS[match[2].lower()])
    except OverflowError as exc:
        raise InvalidValue(f"{text[:20] + '...'!r} is too large a size") from exc


def format_size(count: float) -> str:
    """`3.1 GiB` for a count of bytes."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def parse_duration(text: str) -> timedelta:
    """The span of `10m`, `1h30m`, `30d` or `500ms`, 100 years at most.

    Raises InvalidValue.
    """
    compact = text.strip()
    if _DURATION.fullmatch(compact) is None:
        raise InvalidValue(f"{text!r} is no duration: write 30s, 10m, 1h30m or 30d")
    seconds = sum(
        float(number) * _SECONDS[unit]
        for number, unit in _DURATION_PART.findall(compact)
    )
    if seconds > _LONGEST.total_seconds():
        raise InvalidValue(
            f"{text[:20]!r} is too long a duration: 100 years are the most"
        )
    return timedelta(seconds=seconds)


def format_duration(seconds: float) -> str:
    """`41s`, `3m 20s`, `2h 5m` or `4d 3h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f}s" if seconds < 10 else f"{whole}s"
    for size, unit, rest_size, rest_unit in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "m"),
        (60, "m", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // rest_size
            return f"{whole // size}{unit}" + (f" {rest}{rest_unit}" if rest else "")
    raise AssertionError(whole)
