"""The application: errors, bugs, and how it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from csctl.errors import CsctlError, EngineUnavailable, UsageError
from csctl.lifecycle.watch import Rows, Update
from csctl.tui.app import CsctlApp
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.progress_screen import ProgressScreen
from tests.tui.every_screen import (
    DIALOGS,
    LOOKING,
    SCREENS,
    endless,
    full_stage,
    show,
    tour,
)
from tests.tui.stage import (
    Stage,
    run,
    text_of,
    until,
    until_notice,
    until_text,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


# -- errors ---------------------------------------------------------------------------


async def test_an_error_is_shown_word_for_word_with_what_to_do_next() -> None:
    app = full_stage()
    async with run(app) as pilot:
        error = UsageError("no [bold]markup[/], no \x1b[31mcolour", remedy="read [it]")
        app.fail(error, title="[x]")
        await until_notice(pilot, "[x]: no [bold]markup[/], no colour\n→ read [it]")


@pytest.mark.parametrize("action", ["refused", "app.refused", "screen.refused"])
async def test_an_error_of_the_core_in_an_action_is_shown_and_ends_nothing(
    action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise CsctlError("the core says no")

    for kind in (CsctlApp, FleetScreen):
        monkeypatch.setattr(kind, "action_refused", refuse, raising=False)
    app = full_stage()
    async with run(app) as pilot:
        await app.screen.run_action(action)
        await until_notice(pilot, "the core says no")
        await pilot.press("d")
        await until_text(pilot, "fleet › contoso")


async def test_an_engine_that_is_lost_between_key_and_action_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FleetScreen, "check_action", lambda *_: True)
    app = full_stage()
    async with run(app) as pilot:
        app.desk.lost = EngineUnavailable("it went this very moment")
        await pilot.press("x")
        await until_notice(pilot, "it went this very moment")
        assert isinstance(app.screen, FleetScreen)


class Bug(RuntimeError):
    """Something that nobody thought of."""


def _in_a_thread(app: Stage) -> None:
    def fall() -> Iterator[Update]:
        yield Rows(rows=app.desk.rows, engine=app.desk.require_engine())
        raise Bug("nobody thought of this")

    app._updates = fall()
    app.follow_fleet()


def _in_an_action(app: Stage) -> None:
    def fall() -> None:
        raise Bug("nobody thought of this")

    app.action_fall = fall  # type: ignore[attr-defined]
    app.call_later(app.run_action, "fall")


@pytest.mark.parametrize("fall", [_in_a_thread, _in_an_action])
async def test_a_bug_ends_the_application_and_its_work_and_is_kept_for_the_caller(
    fall: Callable[[Stage], None],
) -> None:
    app, cleaned = full_stage(), threading.Event()

    def work() -> Iterator[object]:
        try:
            yield from endless()
        finally:
            cleaned.set()

    async def fall_at_work() -> None:
        async with run(app) as pilot:
            app.open_progress("apply contoso", {"contoso": work})  # type: ignore[dict-item]
            await until(pilot, lambda: app.runs)
            fall(app)
            while app.is_running:
                await asyncio.sleep(0.02)

    with pytest.raises(Exception, match="nobody thought of this"):
        await asyncio.wait_for(fall_at_work(), 20)
    assert isinstance(app.bug, Bug)
    assert app.return_code == 1
    assert cleaned.wait(5)


# -- the end --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("fleet", "q"),
        ("fleet", "ctrl+q"),
        ("fleet", "ctrl+c"),
        ("details", "ctrl+q"),
        ("logs", "ctrl+c"),
        ("new", "ctrl+c"),
        ("models", "ctrl+c"),
    ],
)
async def test_it_is_left_with_one_key_and_code_0(name: str, key: str) -> None:
    app = full_stage()
    async with run(app) as pilot:
        await show(app, pilot, SCREENS[name])
        await pilot.press(key)
    assert app.return_value == 0


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_in_every_dialog_a_key_answers_no(key: str) -> None:
    app = full_stage()
    async with run(app) as pilot:
        async for name in tour(app, pilot, DIALOGS):
            # In a field ctrl+c copies what is selected.
            if key == "escape" or name not in ("palette", "save"):
                await pilot.press(key)
                await pilot.pause()
                front = type(app.screen).__name__
                assert (name, front, app.is_running) == (name, "FleetScreen", True)


async def test_escape_goes_back_to_the_first_screen_and_no_further() -> None:
    app = full_stage()
    async with run(app) as pilot:
        async for name in tour(app, pilot, LOOKING):
            assert (name, app.crumbs[:2]) == (name, ["csctl", "fleet"])
            await pilot.press("escape", "escape")
            front = type(app.screen).__name__
            assert (name, front, app.is_running) == (name, "FleetScreen", True)


async def test_quitting_twice_asks_once_while_work_goes_on() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await show(app, pilot, SCREENS["progress"])
        await pilot.press("ctrl+q", "ctrl+q")
        in_front = [type(one) for one in app.screen_stack[-2:]]
        assert in_front == [ProgressScreen, ConfirmDialog]
        await pilot.press("y")
        await until(pilot, lambda: not app.runs)
    assert app.return_value == 0


# -- around it ------------------------------------------------------------------------


async def test_the_theme_is_the_one_that_the_environment_names() -> None:
    app = full_stage(environ={"CSCTL_THEME": "light"})
    async with run(app):
        assert app.theme == "csctl-light"
        assert not app.current_theme.dark


async def test_without_colours_all_words_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = full_stage()
    async with run(app):
        assert app.no_color
        assert "● ready" in text_of(app)
        assert "✗ absent" in text_of(app)
