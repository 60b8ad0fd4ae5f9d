"""The line of keys: what can be done now, as far as there is room."""

from __future__ import annotations

import pytest

from csctl.tui.help_screen import HelpScreen
from csctl.tui.keys import Keys
from tests.tui.stage import row, run, stage, text_of, until


def _line(shown: str) -> str:
    return shown.split("\n")[-1]


@pytest.mark.anyio
@pytest.mark.parametrize("width", [160, 80, 50, 41])
async def test_what_there_is_no_room_for_is_left_out_whole(width: int) -> None:
    app = stage(row("contoso"))
    async with run(app, (width, 24)):
        line = _line(text_of(app))
        whole = "? Help d Details p Plan a Apply l Logs i Images m Models L License"
        assert line.startswith(whole[: len(line)])
        assert line.split()[-1] in [*whole.split(), "Edit", "Filter"]
        assert len(line) <= width


@pytest.mark.anyio
async def test_a_click_is_the_key() -> None:
    app = stage(row("contoso"))
    async with run(app) as pilot:
        column = _line(text_of(app)).index("Help") + 2
        await pilot.click(Keys, offset=(column, 0))
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))


@pytest.mark.anyio
async def test_it_changes_with_what_can_be_done() -> None:
    app = stage(row("contoso"))
    async with run(app) as pilot:
        keys = app.screen.query_one(Keys)
        assert "Logs" in str(keys.render())
        style = _style_of(keys, "Logs")
        await app.show(pilot, row("contoso", container=None))
        await until(pilot, lambda: _style_of(keys, "Logs") != style)
        assert "dim" in _style_of(keys, "Logs")


def _style_of(keys: Keys, word: str) -> str:
    line = keys.render()
    at = line.plain.index(word)
    return " ".join(str(one.style) for one in line.spans if one.start <= at < one.end)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"
