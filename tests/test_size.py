"""Sizes and durations: read as people write them, and written for people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.errors import InvalidValue
from csctl.size import format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("1048576", 1 << 20),
        ("16g", 16 << 30),
        ("16G", 16 << 30),
        ("512m", 512 << 20),
        ("512mb", 512 << 20),
        ("1.5GiB", 3 << 29),
        ("2 TiB", 2 << 40),
        (" 10k ", 10 << 10),
        ("7b", 7),
    ],
)
def test_a_size_is_read(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize(
    "text",
    ["", " ", "g", "-1g", "+1", "1.g", ".5g", "1e9", "16 gigs", "1g1m", "0x10", "16p"],
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="is no size: write 16g, 512m or a count"):
        parse_size(text)


def test_a_size_beyond_all_numbers_is_refused() -> None:
    with pytest.raises(InvalidValue, match="is too large a size"):
        parse_size("9" * 400)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0s", timedelta()),
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("30d", timedelta(days=30)),
        ("2w", timedelta(weeks=2)),
        (" 7d\n", timedelta(days=7)),
    ],
)
def test_a_duration_is_read(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize("text", ["", "10", "m", "-1m", "1 h", "10min", "1h 30m", "1y"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="is no duration: write 30s, 10m, 1h30m"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["36526d", "9" * 400 + "w"])
def test_a_duration_that_no_calendar_holds_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="too long a duration: 100 years"):
        parse_duration(text)


def test_a_hundred_years_are_the_most() -> None:
    assert parse_duration("36525d") == timedelta(days=36525)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (3 << 30, "3.0 GiB"),
        (5 << 50, "5120.0 TiB"),
        (-2048, "-2.0 KiB"),
    ],
)
def test_a_size_is_written(count: int, text: str) -> None:
    assert format_size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"),
        (0.04, "0.0s"),
        (9.94, "9.9s"),
        (41.4, "41s"),
        (59.4, "59s"),
        (59.6, "1m"),
        (60, "1m"),
        (200, "3m 20s"),
        (3600, "1h"),
        (7500, "2h 5m"),
        (86400, "1d"),
        (4 * 86400 + 3 * 3600 + 59, "4d 3h"),
    ],
)
def test_a_duration_is_written(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


_WRITTEN = st.text("0123456789.kmgtiwdhsKMGTB -+e\u0664\n", max_size=30)


@given(st.one_of(st.text(), _WRITTEN))
def test_any_text_is_a_size_or_refused(text: str) -> None:
    try:
        assert parse_size(text) >= 0
    except InvalidValue:
        return


@given(st.one_of(st.text(), _WRITTEN))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    try:
        assert timedelta() <= parse_duration(text) <= timedelta(days=36525)
    except InvalidValue:
        return


@given(st.integers(0, 1 << 49))
def test_a_written_size_reads_back_nearly_the_same(count: int) -> None:
    again = parse_size(format_size(count))
    assert abs(again - count) <= max(0.05 * count, 0.5)


@given(st.floats(0, 1e8))
def test_a_written_duration_reads_back_nearly_the_same(seconds: float) -> None:
    again = parse_duration(format_duration(seconds).replace(" ", "")).total_seconds()
    assert abs(again - seconds) <= max(0.05 * seconds, 0.06)
