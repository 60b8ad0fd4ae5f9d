"""The logs screen over a real Engine."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import re
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from csctl.container.spec import ContainerSpec
from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.tui import doors
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.help_screen import HelpScreen
from csctl.tui.log_view import LogView
from csctl.tui.logs_screen import LogsScreen
from csctl.tui.ring import BYTES, LINES
from tests.lifecycle import talker
from tests.tui import stage
from tests.tui.stage import Stage, text_of, until, until_text


@pytest.fixture(scope="module")
def engine(engine_host: str, rehearsal_image: str) -> Engine:  # noqa: ARG001
    return connect(None, None, {"DOCKER_HOST": engine_host})


_KINDS = ["failure" if number % 10 == 0 else "info" for number in range(40)]
_LINES = [f"{kind} of line {number}" for number, kind in enumerate(_KINDS)]


@pytest.fixture
def spec(unique_name: str) -> ContainerSpec:
    """Forty lines; every tenth tells of a failure."""
    return talker.saying(unique_name, *_LINES)


@pytest.fixture(scope="module")
def quiet(engine: Engine, run_name: str) -> Iterator[str]:
    """The same of a container for the tests that only look."""
    with talker.running(engine, talker.saying(f"{run_name}-quiet", *_LINES)) as name:
        yield name


class Desk:
    """The screen of one container, and the hands on its keys."""

    def __init__(self, app: Stage, pilot: Pilot[int], name: str) -> None:
        self.app, self.pilot, self.name = app, pilot, name

    @property
    def view(self) -> LogView:
        return self.app.screen.query_one(LogView)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """As a paste: keys take Pilot a tenth of a second each."""
        field = self.app.screen.query_one(Input)
        field.post_message(Paste(text))
        await until(self.pilot, lambda: field.value == text)

    async def sees(self, *texts: str) -> None:
        for text in texts:
            await until_text(self.pilot, text)

    async def hears(self, text: str) -> None:
        """Wait for a notice."""
        notices = self.app._notifications
        await until(self.pilot, lambda: any(text in one.message for one in notices))

    async def meets(self, mark: str) -> None:
        """Wait for a mark, in view or not."""
        ring = self.view.text.ring
        await until(self.pilot, lambda: any(mark in entry.text for entry in ring))

    def text(self) -> str:
        return text_of(self.app)


@asynccontextmanager
async def _opened(
    engine: Engine, name: str, size: tuple[int, int]
) -> AsyncIterator[Desk]:
    app = stage.stage(stage.row(name), engine=engine, read_only=True)
    async with stage.run(app, size) as pilot:
        doors.open_logs(app, name)
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        yield Desk(app, pilot, name)


Story = Callable[[Desk], Awaitable[None]]


def told(
    engine: Engine, name: str, story: Story, size: tuple[int, int] = stage.SIZE
) -> None:
    """Let somebody do something on the screen of a container."""

    async def run() -> None:
        async with _opened(engine, name, size) as desk:
            await story(desk)

    asyncio.run(run())


def told_of(engine: Engine, spec: ContainerSpec, story: Story) -> None:
    """The same of a container of its own."""
    with talker.running(engine, spec):
        told(engine, spec.name, story)


def test_lines_are_followed_over_a_restart_and_a_removal(
    engine: Engine, spec: ContainerSpec
) -> None:
    async def story(desk: Desk) -> None:
        await desk.sees("info of line 39", "▼ following", f"logs of {desk.name}")
        await asyncio.to_thread(engine.restart, desk.name)
        await desk.meets("restarted ")
        await until(desk.pilot, lambda: desk.view.text.shown >= 81)
        await asyncio.to_thread(engine.remove, desk.name)
        await desk.sees("— there is no container now —")

    told_of(engine, spec, story)


def test_going_up_pauses_and_says_how_much_came(
    engine: Engine, spec: ContainerSpec
) -> None:
    async def story(desk: Desk) -> None:
        await desk.sees("line 39")
        await desk.press("k")
        await desk.sees("‖ paused")
        await asyncio.to_thread(engine.restart, desk.name)
        await until(desk.pilot, lambda: desk.view.unseen >= 41)
        await desk.sees(f"‖ paused, +{desk.view.unseen} new")
        await desk.press("G")
        await desk.sees("▼ following")

    told_of(engine, spec, story)


def test_finding_counts_hits_keeps_the_context_and_goes_round(
    engine: Engine, quiet: str
) -> None:
    async def story(desk: Desk) -> None:
        await desk.sees("line 39")
        await desk.press("slash", "f", "a")
        await desk.sees("find fa: 4")
        await desk.press("i", "l")
        await desk.press("enter")
        await desk.sees("find fail: 3 of 4", "info of line 21", "failure of line 30")
        await desk.sees("‖ paused")
        await desk.press("n", "n")
        await desk.sees("find fail: 1 of 4", "info of line 1", "info of line 2")
        await desk.press("N")
        await desk.sees("find fail: 4 of 4")
        await desk.press("slash", *"FAIL")
        await desk.sees("find FAIL: none")
        await desk.press("escape")
        await desk.sees("find fail: 4")

    told(engine, quiet, story)


def test_what_is_no_expression_is_said_beside_it(engine: Engine, quiet: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.sees("line 39")
        await desk.press("slash")
        await desk.type("line ")
        await desk.press("left_parenthesis")
        await desk.sees("no regular expression")
        await desk.press("enter")
        await desk.sees("no regular expression", "find line : 40")
        await desk.press("backspace", "enter")
        await desk.sees("find line : ")
        assert "no regular" not in desk.text()

    told(engine, quiet, story)


def test_a_filter_shows_matching_lines_alone_and_can_be_inverted(
    engine: Engine, quiet: str
) -> None:
    async def story(desk: Desk) -> None:
        await desk.sees("line 39")
        await desk.press("exclamation_mark", "f")
        await desk.type("!failure")
        await desk.press("enter")
        await desk.sees("only !failure: 36 of 40")
        assert "failure of line" not in desk.text()
        await desk.press("exclamation_mark")
        await desk.sees("only failure: 4 of 40", "failure of line 0")
        assert "info of line" not in desk.text()
        await desk.press("ampersand", "x")
        await desk.sees("only x: 0 of 40")

    told(engine, quiet, story)


def test_escape_clears_the_filter_then_the_search_then_goes_back(
    engine: Engine, quiet: str
) -> None:
    async def story(desk: Desk) -> None:
        await desk.sees("line 39")
        await desk.press("slash")
        await desk.type("line")
        await desk.press("enter", "f")
        await desk.type("failure")
        await desk.press("enter")
        await desk.sees("only failure: ", "find line: ")
        await desk.press("escape")
        assert "only failure" not in desk.text()
        await desk.sees("find line: ")
        await desk.press("escape")
        assert "find line" not in desk.text()
        assert gc.get_freeze_count() > 0
        await desk.press("escape")
        assert isinstance(desk.app.screen, FleetScreen)
        await until(desk.pilot, lambda: gc.get_freeze_count() == 0)

    told(engine, quiet, story)


def test_lines_can_be_wrapped_and_stamped(engine: Engine, unique_name: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.sees("the end")
        await desk.press("w")
        assert "the end" not in desk.text()
        await desk.press("right", "right")
        await desk.sees("the end")
        await desk.press("left", "left", "w", "t")
        assert re.search(r"\d\d:\d\d:\d\d\.\d{3}Z x+\n", desk.text())

    told_of(engine, talker.saying(unique_name, "x" * 80 + " the end"), story)


def test_the_log_is_saved_to_a_new_file_of_its_owner(
    engine: Engine, quiet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def story(desk: Desk) -> None:
        await desk.sees("line 39")
        await desk.press("ctrl+s", "enter")
        await desk.hears("40 lines are in")

    told(engine, quiet, story)
    [path] = tmp_path.iterdir()
    assert re.fullmatch(rf"{quiet}-\d{{8}}T\d{{6}}Z\.log", path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().splitlines()[-1] == "info of line 39"


def test_no_file_is_written_over_and_the_whole_log_can_be_asked_for(
    engine: Engine, quiet: str, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("mine")

    async def save(desk: Desk, name: str, *keys: str) -> None:
        await desk.press("ctrl+s")
        desk.app.screen.query_one(Input).value = str(tmp_path / name)
        await desk.press(*keys)

    async def story(desk: Desk) -> None:
        await desk.sees("line 39")
        await save(desk, "a", "enter")
        await desk.hears("exists already")
        await save(desk, "b", "escape")
        await save(desk, "c", "tab", "tab", "enter")
        await save(desk, "d", "tab", "space", "tab", "tab", "enter")
        await until(desk.pilot, (tmp_path / "d").exists)
        await desk.hears("40 lines are in")

    told(engine, quiet, story)
    assert (tmp_path / "a").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "d"]
    assert (tmp_path / "d").read_text().count("\n") == 40


def test_help_names_all_keys_l_opens_no_second_screen_and_q_goes_back(
    engine: Engine, quiet: str
) -> None:
    async def story(desk: Desk) -> None:
        await desk.sees("line 39")
        await desk.press("l")
        assert len(desk.app.screen_stack) == 3
        await desk.press("question_mark")
        assert isinstance(desk.app.screen, HelpScreen)
        await desk.sees("Find an expression", "To the next hit", "Wrap long lines")
        await desk.press("escape", "f", "x", "enter", "q")
        assert isinstance(desk.app.screen, FleetScreen)

    told(engine, quiet, story, (120, 60))


def test_a_lost_engine_leaves_the_lines_and_is_said(
    engine: Engine, spec: ContainerSpec
) -> None:
    async def story(desk: Desk) -> None:
        await desk.sees("line 39")
        await desk.app.lose_engine(desk.pilot)
        await asyncio.to_thread(engine.stop, desk.name)
        await desk.sees("— exited, exit code 0 —")
        await asyncio.to_thread(engine.start, desk.name)
        await desk.sees("— the Engine does not answer —", "line 39")
        await desk.app.show(desk.pilot, stage.row(desk.name))
        await desk.meets("the Engine answers again ")
        await desk.meets("restarted ")

    told_of(engine, spec, story)


def test_a_foreign_container_is_refused_in_a_sentence(
    engine: Engine, unique_name: str
) -> None:
    async def story(desk: Desk) -> None:
        await desk.sees("is not managed by csctl")
        await desk.hears("is not managed by csctl")

    foreign = dataclasses.replace(talker.saying(unique_name, "private"), labels={})
    told_of(engine, foreign, story)


@pytest.mark.parametrize("size", [(40, 10), (160, 48)], ids=str)
def test_any_size_will_do(engine: Engine, quiet: str, size: tuple[int, int]) -> None:
    async def story(desk: Desk) -> None:
        await until(desk.pilot, lambda: desk.view.text.shown == 40)
        await desk.press("slash")
        await desk.type("line 3")
        await desk.press("enter")
        for other in ((20, 4), size[::-1], stage.SIZE):
            await desk.pilot.resize_terminal(*other)
        await desk.sees("find line 3: ")

    told(engine, quiet, story, size)


def test_a_flood_stays_within_its_bounds_and_what_was_dropped_is_counted(
    engine: Engine, unique_name: str
) -> None:
    count = 60_000

    async def story(desk: Desk) -> None:
        view = desk.view
        await until(
            desk.pilot,
            lambda: (
                len(view.text.ring)
                and view.text.ring[view.text.ring.end - 1].text.startswith(last)
            ),
            seconds=30,
        )
        # What was said before the screen was there is no part of it.
        missed = count - view.text.ring.end
        assert missed >= 0
        assert len(view.text.ring) == LINES
        assert view.text.ring.size <= BYTES
        assert view.text.ring.first == view.text.ring.end - LINES
        for number in range(view.text.ring.first, view.text.ring.end):
            assert view.text.ring[number].text.startswith(f"line {number + missed} ")
        await desk.sees(f"{view.text.ring.first:,} lines dropped", last)

    last = f"line {count - 1} "
    told_of(engine, talker.flooding(unique_name, rate=20_000, count=count), story)
