"""Which columns fit into which table."""

from __future__ import annotations

from itertools import product

import pytest

from csctl.tui.fleet_columns import GAP, GUTTER, layout


@pytest.mark.parametrize(
    ("width", "keys"),
    [
        (10, "name state"),
        (39, "name state license"),
        (60, "name state image cpu license"),
        (79, "name state image cpu memory license drift"),
        (119, "name state mode image model port cpu memory license drift"),
        (159, "name state mode image model port cpu memory license drift"),
    ],
)
def test_the_most_important_columns_are_shown(width: int, keys: str) -> None:
    assert " ".join(layout(width).keys) == keys


@pytest.mark.parametrize(
    ("width", "keys"),
    [
        (39, "host name state"),
        (79, "host name state image cpu license"),
        (159, "host name state mode image model port cpu memory license drift"),
    ],
)
def test_hosts_are_shown_in_any_width_where_there_are_some(
    width: int, keys: str
) -> None:
    assert " ".join(layout(width, hosts=True).keys) == keys


@pytest.mark.parametrize("width", [119, 159, 300])
def test_a_wide_table_has_room_for_histories(width: int) -> None:
    widths = {column.key: room for column, room in layout(width).columns}
    assert (widths["cpu"], widths["memory"]) >= (13, 14)


def test_no_column_is_cut_and_none_shrinks() -> None:
    for width, hosts in product(range(39, 320), (False, True)):
        columns = layout(width, hosts=hosts).columns
        taken = GUTTER + sum(room for _, room in columns) + GAP * (len(columns) - 1)
        assert taken <= width
        assert all(room >= column.width for column, room in columns)


def test_a_place_of_a_line_is_in_a_column() -> None:
    shown = layout(79)
    assert [shown.at(x) for x in (0, 1, 13, 14, 15, 16, 400)] == [
        None,
        "name",
        "name",
        "name",
        "state",
        "state",
        None,
    ]
