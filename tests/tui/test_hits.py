"""The way from hit to hit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.tui.hits import Hits


def _hits(*numbers: int) -> Hits:
    hits = Hits()
    for number in numbers:
        hits.append(number)
    return hits


@pytest.mark.parametrize(
    ("at", "before", "nearest", "after", "place"),
    [
        pytest.param(0, 9, 3, 3, None, id="before all"),
        pytest.param(3, 9, 3, 5, 1, id="first"),
        pytest.param(4, 3, 5, 5, None, id="between"),
        pytest.param(5, 3, 5, 9, 2, id="middle"),
        pytest.param(9, 5, 9, 3, 3, id="last"),
        pytest.param(12, 9, 9, 3, None, id="beyond all"),
    ],
)
def test_one_goes_round_at_the_ends(
    at: int, before: int, nearest: int, after: int, place: int | None
) -> None:
    hits = _hits(3, 5, 9)
    assert hits.before(at) == before
    assert hits.nearest(at) == nearest
    assert hits.after(at) == after
    assert hits.place(at) == place


@given(st.sets(st.integers(0, 50)), st.integers(0, 60))
def test_what_is_dropped_is_no_hit_any_more(numbers: set[int], least: int) -> None:
    hits = _hits(*sorted(numbers))
    hits.drop_before(least)
    kept = sorted(number for number in numbers if number >= least)
    assert len(hits) == len(kept)
    assert [hits.place(number) for number in kept] == list(range(1, len(kept) + 1))
