"""Help: made from the bindings of the screen and of the widget with the focus."""

from __future__ import annotations

import pytest
from textual.containers import VerticalScroll

from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.help_screen import HelpScreen
from csctl.tui.verb import VERBS
from tests.tui.every_screen import LOOKING, SCREENS, full_stage, show, tour
from tests.tui.stage import Stage, run, text_of, until, until_text

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


def _help_of(app: Stage) -> dict[str, str]:
    """What each key does, as the help says it."""
    rows = HelpScreen(app.screen)
    rows._parent = app  # It is not shown: only its rows are read.
    return {key: words.plain for keys, words in rows._rows() for key in keys.split()}


async def test_each_verb_is_there_with_its_sentence_and_why_it_is_blocked() -> None:
    app = full_stage()
    async with run(app):
        told = _help_of(app)
        for verb in VERBS:
            key = app.get_key_display(verb.binding())
            assert told[key].startswith(verb.help)
        assert told["s"].endswith("(now: contoso is running)")
        assert "now:" not in told["x"]


async def test_keys_of_the_widget_with_the_focus_are_there_too() -> None:
    app = full_stage()
    async with run(app) as pilot:
        assert _help_of(app)["j"] == "Go to the next row"
        await show(app, pilot, SCREENS["logs"])
        assert _help_of(app)["n"] == "To the next hit"


async def test_a_widgets_action_is_not_taken_for_the_verb_of_the_same_name() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await show(app, pilot, SCREENS["details"])
        await app.lose_engine(pilot)
        told = _help_of(app)
        assert told["j"] == "Go down"
        assert told["X"].endswith("(now: the Engine does not answer)")


async def test_with_read_only_no_key_that_changes_anything_is_there() -> None:
    app = full_stage(read_only=True)
    async with run(app) as pilot:
        sentences = {verb.help for verb in VERBS if verb.changes}
        async for name in tour(app, pilot, LOOKING):
            said = {words.partition(" (now")[0] for words in _help_of(app).values()}
            assert (name, said & sentences) == (name, set())


async def test_what_the_screen_does_comes_before_how_one_moves() -> None:
    app = full_stage()
    async with run(app):
        keys = list(_help_of(app))
        assert keys.index("x") < keys.index("j") < keys.index("^q")


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_it_is_opened_and_closed_by_the_same_keys(key: str) -> None:
    app = full_stage()
    async with run(app) as pilot:
        await pilot.press(key)
        await until_text(pilot, "─ Keys ─")
        assert "Show the profile and its container in full" in text_of(app)
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_while_one_types_f1_opens_it() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await show(app, pilot, SCREENS["new"])
        await pilot.press("question_mark")
        assert not isinstance(app.screen, HelpScreen)
        await pilot.press("f1")
        await until_text(pilot, "Write the file, and offer the plan")


async def test_it_is_scrolled_by_the_keys_of_every_list() -> None:
    app = full_stage()
    async with run(app, (40, 10)) as pilot:
        await pilot.press("question_mark")
        box = app.screen.query_one(VerticalScroll)
        seen = [box.scroll_y]
        for key in ("j", "ctrl+d", "pagedown", "G", "k", "ctrl+u", "pageup", "g"):
            await pilot.press(key)
            await pilot.wait_for_animation()
            seen.append(box.scroll_y)
        assert seen[:5] == sorted(set(seen[:5]))
        assert seen[4] == box.max_scroll_y
        assert seen[4:] == sorted(set(seen[4:]), reverse=True)
        assert seen[-1] == 0
