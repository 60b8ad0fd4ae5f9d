"""The command palette: what can be done now, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.command import CommandPalette
from textual.widgets import Input, OptionList

from csctl.tui.details_screen import DetailsScreen
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.help_screen import HelpScreen
from csctl.tui.palette import Palette
from csctl.tui.verb import VERBS
from tests.tui.every_screen import DIALOGS, LOOKING, SCREENS, full_stage, show, tour
from tests.tui.stage import Stage, row, run, stage, until, until_text

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def _offered(app: Stage) -> dict[str, str]:
    """The commands that the palette has now, with their help."""
    palette = Palette(app.screen)
    return {str(hit.text): hit.help or "" async for hit in palette.discover()}


# -- what it has ----------------------------------------------------------------------


async def test_a_row_that_runs_has_its_verbs_with_their_keys() -> None:
    app = full_stage()
    async with run(app):
        offered = await _offered(app)
        assert offered["Stop contoso"] == (
            "Stop the container; it stays stopped until it is started (x)"
        )
        assert "Start contoso" not in offered
        assert {"Go to contoso", "Go to fabrikam", "Help", "Quit"} <= offered.keys()
        assert offered["Filter"] == "Show only rows that match (/)"


async def test_what_is_blocked_is_not_there() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await pilot.press("j")
        assert "Logs fabrikam" not in await _offered(app)
        await pilot.press("k")
        assert "Logs contoso" in await _offered(app)
        await app.lose_engine(pilot)
        offered = await _offered(app)
        assert {"Logs contoso", "Plan contoso"}.isdisjoint(offered)
        assert "Details contoso" in offered


async def test_several_marked_rows_are_counted_and_one_verb_takes_one() -> None:
    app = stage(row("aa"), row("bb"), row("cc"))
    async with run(app) as pilot:
        await pilot.press("space", "space")
        offered = await _offered(app)
        assert {"Stop aa, bb", "Logs cc"} <= offered.keys()
        await pilot.press("space")
        assert "Stop 3 rows" in await _offered(app)


async def test_with_read_only_nothing_that_changes_anything_is_there() -> None:
    app = full_stage(read_only=True)
    async with run(app) as pilot:
        async for name in tour(app, pilot, LOOKING):
            offered = await _offered(app)
            labels = {verb.label for verb in VERBS if verb.changes}
            labels |= {"Use", "Pull", "Refresh", "Newest", "Back", "Fetch only"}
            first_words = {one.split()[0] for one in offered}
            assert (name, first_words & labels) == (name, set())
            assert "Go to contoso" in offered


async def test_each_screen_has_its_own_commands_and_not_itself() -> None:
    app = full_stage()
    own = {
        "images": "Previews",
        "logs": "Wrap",
        "models": "Base models",
        "new": "Write",
    }
    async with run(app) as pilot:
        async for name in tour(app, pilot, {one: SCREENS[one] for one in own}):
            offered = await _offered(app)
            assert own[name] in offered
            assert f"{name.capitalize()} contoso" not in offered or name == "logs"


async def test_over_a_dialog_there_is_only_what_leaves_its_question_open() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await show(app, pilot, DIALOGS["confirm"])
        assert set(await _offered(app)) == {"Theme: light", "Quit"}
        await pilot.press("ctrl+p")
        await until_text(pilot, "Theme: light")
        await pilot.press("escape")
        await until_text(pilot, "Stop contoso?")


# -- using it -------------------------------------------------------------------------


def _type(app: Stage, text: str) -> None:
    app.screen.query_one(Input).value = text


async def test_a_command_is_found_and_done() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        _type(app, "go to fab")
        await until_text(pilot, "Go to fabrikam")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, DetailsScreen))
        assert app.crumbs == ["csctl", "fleet", "fabrikam"]


async def test_a_verb_of_the_palette_asks_as_its_key_does() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        _type(app, "restart con")
        await until_text(pilot, "Restart contoso")
        await pilot.press("enter")
        await until_text(pilot, "Restart contoso on box")


@pytest.mark.parametrize(
    ("command", "done"),
    [
        ("Theme: light", lambda app: app.theme == "csctl-light"),
        ("Help", lambda app: isinstance(app.screen, HelpScreen)),
        ("Filter", lambda app: isinstance(app.focused, Input)),
        ("Quit", lambda app: app.return_value == 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_command_does_what_it_says(
    command: str, done: Callable[[Stage], bool]
) -> None:
    app = full_stage()
    async with run(app) as pilot:
        hits = [hit async for hit in Palette(app.screen).discover()]
        [found] = [hit for hit in hits if hit.text == command]
        app.call_later(found.command)
        await until(pilot, lambda: done(app))


async def test_a_hundred_rows_are_scrolled_and_searched() -> None:
    app = stage(*(row(f"stt-{number:03}") for number in range(100)))
    async with run(app) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count >= 100)
        await pilot.press("up")
        await until_text(pilot, "Quit")
        _type(app, "stt-077")
        await until_text(pilot, "Go to stt-077")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))
