"""How screens look. After a wanted change: `pytest --snapshot-update tests/tui`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from tests.tui.scenes import fleet
from tests.tui.stage import until_text

Compare = Callable[..., bool]


async def _seen(pilot: Pilot[int]) -> None:
    await until_text(pilot, "callcenter")


@pytest.mark.parametrize(
    "size", [(80, 24), (160, 48), (40, 10)], ids=lambda size: f"{size[0]}x{size[1]}"
)
def test_the_fleet(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(fleet(), terminal_size=size, run_before=_seen)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        pytest.param(["question_mark"], "Keys", id="help"),
        pytest.param(["x"], "cut off", id="confirmation"),
    ],
)
def test_over_the_fleet(snap_compare: Compare, keys: list[str], text: str) -> None:
    async def press(pilot: Pilot[int]) -> None:
        await _seen(pilot)
        await pilot.press(*keys)
        await until_text(pilot, text)

    assert snap_compare(fleet(), terminal_size=(80, 24), run_before=press)
