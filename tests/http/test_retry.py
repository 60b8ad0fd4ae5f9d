"""Pauses between tries: the registry's wish, or a growing one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from csctl.http.retry import is_passing_status, pause


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [("0", 0), ("7", 7), (" 60 ", 60), ("61", 60), ("9" * 400, 60)],
)
def test_the_servers_wish_in_seconds_counts_up_to_a_minute(
    wish: str, seconds: float
) -> None:
    assert pause(0, httpx.Headers({"Retry-After": wish})) == seconds


@pytest.mark.parametrize(
    ("ahead", "least", "most"),
    [(30, 25, 30), (-30, 0, 0), (3600, 60, 60)],
    ids=["soon", "past", "far"],
)
def test_the_servers_wish_as_a_date_counts_up_to_a_minute(
    ahead: int, least: float, most: float
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
    assert least <= pause(0, httpx.Headers({"Retry-After": date})) <= most


@pytest.mark.parametrize("wish", ["", "soon", "-1", "1.5", "Fri, 99 Foo 2026"])
def test_a_wish_that_cannot_be_read_is_none(wish: str) -> None:
    assert 0.25 <= pause(0, httpx.Headers({"Retry-After": wish})) <= 0.5


@pytest.mark.parametrize(
    ("attempt", "longest"), [(0, 0.5), (1, 1), (2, 2), (4, 8), (50, 8)]
)
def test_a_pause_doubles_and_keeps_a_part_of_chance(
    attempt: int, longest: float
) -> None:
    pauses = {pause(attempt) for _ in range(50)}
    assert len(pauses) > 1
    assert all(longest / 2 <= seconds <= longest for seconds in pauses)


def test_only_load_and_faults_pass_by_themselves() -> None:
    passing = {status for status in range(200, 505) if is_passing_status(status)}
    assert passing == {408, 429, 500, 501, 502, 503, 504}
