"""Histories as bars."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.tui.sparkline import sparkline


@pytest.mark.parametrize(
    ("values", "width", "span", "bars"),
    [
        ([], 4, 4, "    "),
        ([0], 4, 4, "   ▁"),
        ([0, 1, 2, 4], 4, 4, "▁▃▅█"),
        ([4, 0, 1, 2, 4], 4, 4, "▁▃▅█"),
        ([9], 1, 1, "█"),
        ([0, 4, 0, 0], 2, 4, "█▁"),
        ([4, 0, 0], 2, 4, "█▁"),
    ],
    ids=["none", "one", "rising", "too-many", "above", "in-pairs", "half-a-pair"],
)
def test_bars(values: list[float], width: int, span: int, bars: str) -> None:
    assert sparkline(values, width, span=span, top=4) == bars


def test_without_a_top_all_is_low() -> None:
    assert sparkline([1, 2], 2, span=2, top=0) == "▁▁"


@given(
    st.lists(st.floats(-1, 1e12), max_size=200),
    st.integers(1, 40),
    st.integers(1, 300),
    st.floats(0, 1e12),
)
def test_it_is_as_wide_as_asked(
    values: list[float], width: int, span: int, top: float
) -> None:
    assert len(sparkline(values, width, span=span, top=top)) == width
