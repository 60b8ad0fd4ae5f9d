"""Which line is in which row."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from csctl.tui.rows import Rows

_heights = st.lists(st.integers(1, 5), max_size=30)


@given(_heights, st.integers(0, 30), st.integers(1, 3))
def test_every_row_belongs_to_one_line_also_when_older_ones_are_dropped(
    heights: list[int], dropped: int, apart: int
) -> None:
    rows, expected = Rows(), []
    for place, height in enumerate(heights):
        number = place * apart
        rows.append(number, height)
        expected += [(number, part) for part in range(height)]
    gone = rows.drop_before(dropped)
    kept = expected[gone:]
    assert all(number < dropped for number, _ in expected[:gone])
    assert all(number >= dropped for number, _ in kept)
    assert [rows.at(row) for row in range(rows.first, rows.end)] == kept
    assert len(rows) == len(kept)
    assert rows.lines == len(list(rows.numbers)) == len({number for number, _ in kept})
    assert rows.at(rows.first - 1) is rows.at(rows.end) is None


@given(_heights, st.integers(0, 40))
def test_a_line_that_is_not_shown_leads_to_the_next(
    heights: list[int], wanted: int
) -> None:
    rows = Rows()
    for place, height in enumerate(heights):
        rows.append(2 * place, height)
    found = rows.at(rows.row_of(wanted))
    if wanted > 2 * (len(heights) - 1):
        assert found is None
    else:
        assert found == (wanted + wanted % 2, 0)
