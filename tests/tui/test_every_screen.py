"""What holds for every screen: any size, a lost Engine, no changes, blocked keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

import pytest
from textual.binding import Binding
from textual.widgets import Input

from csctl.errors import EngineUnavailable
from csctl.lifecycle.watch import Lost
from csctl.tui import power
from csctl.tui.app import CsctlApp
from csctl.tui.crumbs import Crumbs
from csctl.tui.desk import key_of
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.screen import CsctlScreen
from csctl.tui.too_small import TooSmall
from csctl.tui.verb import BY_ACTION, VERBS
from tests.tui.every_screen import (
    DIALOGS,
    LOOKING,
    SCREENS,
    Deaf,
    full_stage,
    rows,
    shown,
    tour,
)
from tests.tui.stage import (
    Stage,
    notices_of,
    row,
    run,
    stage,
    text_of,
    until,
    until_notice,
    until_text,
)

pytestmark = pytest.mark.anyio

Opener = Callable[[Stage], object]
ALL = SCREENS | DIALOGS
CHANGING = tuple(verb for verb in VERBS if verb.changes)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


# -- any size -------------------------------------------------------------------------


async def test_every_screen_lives_through_any_size() -> None:
    app = full_stage()
    async with run(app) as pilot:
        async for name in tour(app, pilot, ALL):
            front, first = app.screen, _first_line(app)
            for size in ((40, 10), (20, 5), (160, 48), (80, 24)):
                await pilot.resize_terminal(*size)
                await pilot.pause()
                assert (name, size, _too_small(app)) == (name, size, size == (20, 5))
            # A palette is not worth coming back to.
            assert app.screen is front or name == "palette"
            assert (name, _first_line(app)) == (name, first)


def _too_small(app: Stage) -> bool:
    """Whether a notice stands in for the screen, and nothing else is seen."""
    words = " ".join(text_of(app).split())
    alone = words == "csctl needs 40 columns and 10 rows"
    assert alone == bool(app.screen.query(TooSmall))
    return alone


def _first_line(app: Stage) -> str:
    *_, screen = (one for one in app.screen_stack if isinstance(one, CsctlScreen))
    return str(screen.query_one(Crumbs).render())


@pytest.mark.parametrize("size", [(39, 24), (80, 9), (1, 1), (39, 9)], ids=str)
async def test_it_starts_where_there_is_no_room_and_waits_for_some(
    size: tuple[int, int],
) -> None:
    app = full_stage()
    async with run(app, size) as pilot:
        await until(pilot, lambda: app.screen.query(TooSmall))
        await pilot.resize_terminal(40, 10)
        await until_text(pilot, "● ready")


async def test_it_grows_and_shrinks_in_a_hurry() -> None:
    app = full_stage()
    async with run(app) as pilot:
        for columns in (*range(80, 10, -7), *range(10, 120, 7)):
            await pilot.resize_terminal(columns, columns // 3)
        await pilot.resize_terminal(80, 24)
        await until_text(pilot, "● ready")


async def test_where_there_is_no_room_a_key_does_nothing_but_to_leave() -> None:
    app = full_stage()
    async with run(app, (30, 24)) as pilot:
        await until_text(pilot, "csctl needs")
        await pilot.press("d", "x", "question_mark", "q")
        await pilot.click()
        assert isinstance(app.screen, FleetScreen)
        assert app.is_running
        await pilot.press("ctrl+q")
    assert app.return_value == 0


# -- the Engine goes, and comes back --------------------------------------------------


async def test_every_screen_lives_through_an_engine_that_goes_and_comes_back() -> None:
    app = full_stage()
    async with run(app) as pilot:
        async for name in tour(app, pilot, ALL):
            front = app.screen
            await app.lose_engine(pilot)
            assert (name, "✗ Engine lost" in _first_line(app)) == (name, True)
            await app.show(pilot)
            await app.show(pilot, *rows())
            assert (name, "✗ Engine lost" in _first_line(app)) == (name, False)
            assert app.screen is front


async def test_while_it_is_lost_verbs_say_why_they_do_nothing() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await app.lose_engine(pilot)
        await pilot.press("x")
        await until_notice(pilot, "Stop: not now: the Engine does not answer")
        await pilot.press("d")
        app.clear_notifications()
        await pilot.press("x")
        await until_notice(pilot, "Stop: not now: the Engine does not answer")
        assert type(app.screen).__name__ == "DetailsScreen"


async def test_a_lost_engine_is_told_once_and_its_return_once() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await app.lose_engine(pilot, "dockerd is gone [1]")
        app.told.tell(Lost(error=EngineUnavailable("dockerd is still gone")))
        await app.show(pilot, *rows())
        await app.show(pilot, row("contoso"))
        told = notices_of(app)
        assert "reconnect: dockerd is gone [1]\n→ start it" in told
        assert "still gone" not in told
        assert told.count("The Engine answers again") == 1


async def test_a_row_that_goes_leaves_its_screen_standing() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await pilot.press("d")
        await app.show(pilot, row("north"))
        await pilot.press("X")
        await until_notice(pilot, "Down: not now: no row is selected")
        assert "contoso" in _first_line(app)


# -- nothing may be changed -----------------------------------------------------------


async def test_read_only_removes_and_refuses_all_that_changes_anything() -> None:
    app = full_stage(read_only=True)
    async with run(app) as pilot:
        async for name in tour(app, pilot, LOOKING):
            screen = shown(app)
            changes = {verb.action for verb in CHANGING} | screen.CHANGES
            offered = {
                one.binding.action
                for one in screen.active_bindings.values()
                if one.node is screen
            }
            assert (name, offered & changes) == (name, set())
            for action in changes:
                await screen.run_action(action)
                assert (name, action, app.screen) == (name, action, screen)


async def test_each_key_that_read_only_took_away_says_so() -> None:
    app = full_stage(read_only=True)
    async with run(app) as pilot:
        async for name in tour(app, pilot, LOOKING):
            own = cast("list[Binding]", shown(app).BINDINGS)
            changes = shown(app).CHANGES
            keys = [one.key.split(",")[-1] for one in own if one.action in changes]
            keys += [
                verb.key for verb in CHANGING if name == "fleet" or verb.key == "x"
            ]
            for key in keys:
                app.clear_notifications()
                await pilot.press(key)
                told = "csctl was started with --read-only" in notices_of(app)
                assert (name, key, told) == (name, key, True)


@pytest.mark.parametrize(
    "do",
    [
        pytest.param(lambda app: power.start(app, ["contoso"]), id="start"),
        pytest.param(lambda app: app.edit("contoso"), id="edit"),
        pytest.param(SCREENS["progress"], id="any work"),
    ],
)
async def test_read_only_refuses_work_however_it_is_asked_for(do: Opener) -> None:
    app = full_stage(read_only=True)
    async with run(app) as pilot:
        do(app)
        await until_notice(pilot, "csctl was started with --read-only")
        assert isinstance(app.screen, FleetScreen)


@pytest.mark.parametrize("ask", [power.stop, power.restart], ids=["stop", "restart"])
async def test_read_only_refuses_work_that_was_confirmed(
    ask: Callable[[CsctlApp, Iterable[str]], None],
) -> None:
    app = full_stage(read_only=True)
    async with run(app) as pilot:
        ask(app, ["contoso"])
        await until_text(pilot, "contoso on box")
        await pilot.press("y")
        await until_notice(pilot, "csctl was started with --read-only")
        assert isinstance(app.screen, FleetScreen)


# -- keys that do nothing -------------------------------------------------------------


async def test_on_every_screen_a_blocked_verb_says_why() -> None:
    app = full_stage()
    async with run(app) as pilot:
        async for name in tour(app, pilot, SCREENS):
            screen = shown(app)
            typing = isinstance(screen.focused, Input)
            # In a form only a key that is not typed is one.
            usable = [verb for verb in VERBS if not typing or len(verb.key) > 1]
            blocked = [verb for verb in usable if screen.why_not(verb.action)]
            for verb in blocked[-1:]:
                await pilot.press(verb.key)
                why = screen.why_not(verb.action)
                told = f"{verb.label}: not now: {why}"
                assert (name, notices_of(app)) == (name, told)
                assert app.screen is screen
            assert blocked


async def test_what_one_types_is_no_key() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await pilot.press("slash", *"xsXar")
        assert app.screen.query_one(Input).value == "xsXar"
        assert (notices_of(app), isinstance(app.screen, FleetScreen)) == ("", True)


async def test_a_verb_of_one_row_takes_the_one_with_the_cursor_not_the_marked() -> None:
    app = stage(row("aa"), row("bb"), row("cc"), engine=Deaf())
    async with run(app) as pilot:
        await pilot.press("space", "space")
        done_to = {
            action: list(map(key_of, shown(app).rows_of(BY_ACTION[action])))
            for action in ("details", "logs", "stop", "plan")
        }
        assert done_to["details"] == done_to["logs"] == ["cc"]
        assert done_to["stop"] == done_to["plan"] == ["aa", "bb"]
        await pilot.press("d")
        await until_text(pilot, "fleet, 2 marked › cc")
