"""Breadcrumbs: readable however narrow the line is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from csctl.tui import doors
from csctl.tui.crumbs import trail
from tests.tui.every_screen import Deaf
from tests.tui.stage import row, run, stage, text_of, until_text

PLAN = ("csctl", "fleet", "contoso-en-us", "plan contoso-en-us")


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (80, "csctl › fleet › contoso-en-us › plan contoso-en-us"),
        (49, "csctl › … › contoso-en-us › plan contoso-en-us"),
        (40, "csctl › … › plan contoso-en-us"),
        (25, "… › plan contoso-en-us"),
        (20, "plan contoso-en-us"),
        (5, "plan contoso-en-us"),
    ],
)
def test_the_middle_is_cut_and_the_last_part_kept(room: int, shown: str) -> None:
    assert trail(PLAN, room) == shown


@given(
    st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=6),
    st.integers(0, 60),
)
def test_it_fits_wherever_the_last_part_does(crumbs: list[str], room: int) -> None:
    text = trail(crumbs, room)
    assert text.endswith(crumbs[-1])
    assert cell_len(text) <= max(room, cell_len(crumbs[-1]))


@pytest.mark.anyio
async def test_at_40_columns_one_sees_where_one_is_and_on_which_engine() -> None:
    name = "contoso-en-us-production"
    app = stage(row(name), engine=Deaf(), read_only=True)
    async with run(app, (40, 10)) as pilot:
        assert text_of(app).startswith("csctl › fleet")
        assert text_of(app).split("\n")[0].endswith("read-only box")
        doors.open_logs(app, name)
        await until_text(pilot, "logs of contoso-en-us")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"
