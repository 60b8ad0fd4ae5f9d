"""A clock that went back, held against what was recorded."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from csctl import clock
from csctl.clock import Moment
from tests.stored import NOW

PLACE = Path("/srv/license/20260601T120000Z")
KNOWN = Moment(at=NOW, what=f"license {PLACE} was fetched", mend=f"move {PLACE} away")


@pytest.mark.parametrize(
    ("since", "right"),
    [
        (timedelta(days=900), True),
        (timedelta(0), True),
        (-clock.SLACK, True),
        (-clock.SLACK - timedelta(seconds=1), False),
        (-timedelta(days=700), False),
    ],
)
def test_a_clock_is_behind_by_more_than_the_slack(
    since: timedelta, right: bool
) -> None:
    assert (clock.behind(NOW + since, KNOWN) is None) == right


def test_where_nothing_was_recorded_any_clock_may_be_right() -> None:
    assert clock.behind(NOW, None) is None


def test_it_says_both_times_and_what_to_do_if_the_clock_is_right() -> None:
    error = clock.behind(NOW - timedelta(days=1), KNOWN)
    assert error is not None
    assert error.message == (
        "the clock of this host is behind: it says 2026-05-31T12:00:00+00:00, and"
        f" license {PLACE} was fetched at 2026-06-01T12:00:00+00:00"
    )
    assert error.remedy == (
        "set the clock of this host; if it is right, another one was wrong: move"
        f" {PLACE} away"
    )
