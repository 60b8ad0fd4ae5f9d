"""Rows of other hosts: real csctl behind real sshd, on the stand-in."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from csctl.engine.connection import connect
from csctl.lifecycle.status import status
from csctl.lifecycle.watch import Elsewhere
from csctl.profile.load import load
from csctl.tui.confirm_dialog import ConfirmDialog, TypedDialog
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.fleet_table import FleetTable
from csctl.tui.logs_screen import LogsScreen
from csctl.tui.progress_screen import ProgressScreen
from csctl.tui.screen import CsctlScreen
from tests.cli.shell import Draft, Engine, Shell
from tests.engines import remove_containers
from tests.ports import free_port
from tests.sshd import Keys, Sshd, Start
from tests.tui.stage import (
    Stage,
    notices_of,
    run,
    stage,
    text_of,
    until,
    until_notice,
    until_text,
)

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("far-tui")]

WIDE = (160, 40)
_SECONDS = 60.0


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def engine(engine_host: str) -> Engine:
    """The Engine that all hosts have."""
    return Engine(engine_host)


class Yard:
    """Profiles for other hosts, and the application on them."""

    def __init__(self, shell: Shell, keys: Keys) -> None:
        self.shell = shell
        self._environ = {**shell.environment(), "PATH": keys.path}
        # They read it over there.
        self._environ["STAND_IN_KEY"] = ""

    def write(self, name: str, host: Sshd | str | None, **changes: Any) -> Draft:
        """A profile with its files in place, for a host."""
        url = host.url if isinstance(host, Sshd) else host
        draft = self.shell.write(name, stocked=True, **changes)
        draft.change(host=url, data=str(draft.data))
        return draft

    @asynccontextmanager
    async def open(
        self,
        *drafts: Draft,
        here: Draft | None = None,
        read_only: bool = False,
        size: tuple[int, int] = WIDE,
    ) -> AsyncIterator[tuple[Stage, Pilot[int]]]:
        """The application; the row `here` is of this host, whose Engine is real."""
        far = load([draft.path for draft in drafts], self._environ)
        if here is None:
            app = stage(environ=self._environ, read_only=read_only)
        else:
            on = connect(self.shell.url, None, {})
            environ = {**self._environ, "STAND_IN_KEY": "rehearsal"}
            rows = status(on, load([here.path], environ), environ).rows
            app = stage(*rows, engine=on, environ=environ, read_only=read_only)
        app.told.tell(Elsewhere(profiles=tuple(far)))
        async with run(app, size) as pilot:
            await until(pilot, lambda: len(app.desk.far) >= len(far))
            yield app, pilot


@pytest.fixture
def yard(
    engine_host: str, stock: Path, unique_name: str, keys: Keys, tmp_path: Path
) -> Iterator[Yard]:
    yield Yard(Shell(tmp_path, engine_host, f"{unique_name}-", stock=stock), keys)
    remove_containers(engine_host, unique_name)


def _answered(app: Stage) -> Callable[[], bool]:
    return lambda: all(one.told or one.error for one in app.desk.far)


def _line(app: Stage, *words: str) -> str:
    """The one line of the screen with these words."""
    [line] = (
        one for one in text_of(app).splitlines() if all(word in one for word in words)
    )
    return line


async def _select(app: Stage, pilot: Pilot[int], key: str) -> None:
    """Put the cursor of the fleet on a row."""
    table = app.screen.query_one(FleetTable)
    names = list(table.in_view)
    table.action_go(names.index(key))
    await pilot.pause()
    assert table.cursor == key


def _key(draft: Draft) -> str:
    return f"{draft.name} on {draft.document['host']}"


def _shown(host: Sshd) -> str:
    return host.url.removeprefix("ssh://")


def _run(app: Stage) -> ProgressScreen:
    assert isinstance(app.screen, ProgressScreen)
    return app.screen


async def _over(app: Stage, pilot: Pilot[int]) -> None:
    await until(pilot, lambda: isinstance(app.screen, ProgressScreen), _SECONDS)
    await until(pilot, lambda: _run(app)._run.over, _SECONDS)


# -- the fleet ------------------------------------------------------------------------


async def test_a_row_for_each_profile_of_each_host(
    yard: Yard, near: Sshd, other: Sshd
) -> None:
    one, silent = yard.write("a", near), f"ssh://127.0.0.1:{free_port()}"
    two, lost = yard.write("b", other), yard.write("c", silent)
    two.name = one.name
    two.change(name=one.name)
    async with yard.open(one, two, lost) as (app, pilot):
        await until(pilot, _answered(app))
        assert " HOST " in text_of(app)
        for host in (near, other):
            line = _line(app, _shown(host), one.name)
            assert "✗ absent" in line
            assert "29 days" in line
        assert "? unknown" in _line(app, lost.name)
        assert f"✗ {silent} is not reached: " in text_of(app)
        assert "Connection refused" in text_of(app)

        await pilot.press("slash", *_shown(other).partition(":")[2], "enter")
        assert app.screen.query_one(FleetTable).in_view == (_key(two),)
        await pilot.press("escape", "o")
        keys = app.screen.query_one(FleetTable).in_view
        assert set(keys) == {_key(one), _key(two), _key(lost)}
        await _select(app, pilot, _key(two))
        await pilot.press("space")
        [marked] = app.screen.subjects  # type: ignore[attr-defined]
        assert str(marked) == _key(two)


async def test_rows_are_there_before_any_host_answers(
    yard: Yard, start: Start, tmp_path: Path
) -> None:
    slow = start()
    go = tmp_path / "go"
    slow.install(
        f"import os, time\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.05)"
    )
    draft = yard.write("a", slow)
    async with yard.open(draft) as (app, pilot):
        assert "… asking" in _line(app, draft.name)
        go.touch()
        await until_text(pilot, "✗ absent")


async def test_no_host_is_named_where_all_is_here(yard: Yard) -> None:
    here = yard.write("a", None)
    async with yard.open(here=here) as (app, _pilot):
        assert here.name[:13] in text_of(app)
        assert "HOST" not in text_of(app)


async def test_a_profile_that_goes_takes_its_row_along(yard: Yard, near: Sshd) -> None:
    draft = yard.write("a", near)
    async with yard.open(draft) as (app, pilot):
        app.told.tell(Elsewhere(profiles=()))
        await until(pilot, lambda: not app.desk.far)
        assert draft.name[:13] not in text_of(app)


# -- work -----------------------------------------------------------------------------


async def test_apply_asks_tells_and_the_row_follows(
    yard: Yard, near: Sshd, engine: Engine
) -> None:
    draft = yard.write("a", near)
    async with yard.open(draft) as (app, pilot):
        await until(pilot, _answered(app))
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), _SECONDS)
        assert f"Apply to {_key(draft)}?" in text_of(app)
        assert f"create {draft.name}: there is no such container" in text_of(app)
        assert app.focused is not None
        assert app.focused.id == "no"
        await pilot.press("enter")
        await until_notice(pilot, "nothing was changed")
        assert engine.containers(draft) == []

        await pilot.press("a", "y")
        await _over(app, pilot)
        assert f"{draft.name}: start done in" in text_of(app)
        assert f"{draft.name}: ready (" in text_of(app)
        assert draft.answers()
        await pilot.press("escape")
        await until_text(pilot, "● ready")

        await pilot.press("x", "y")
        await _over(app, pilot)
        await pilot.press("escape")
        await until_text(pilot, "○ stopped")
        await pilot.press("s")
        await _over(app, pilot)
        await pilot.press("escape")
        await until_text(pilot, "● ready")

        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, TypedDialog))
        await pilot.press(*draft.name, "enter")
        await _over(app, pilot)
        assert engine.containers(draft) == []
        await pilot.press("escape")
        await until_text(pilot, "✗ absent")


async def test_cancelling_ends_the_csctl_over_there(
    yard: Yard, near: Sshd, engine: Engine
) -> None:
    draft = yard.write("a", near, environment={"REHEARSAL_LOAD_SECONDS": "600"})
    async with yard.open(draft) as (app, pilot):
        await until(pilot, _answered(app))
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), _SECONDS)
        await pilot.press("y")
        await until(pilot, lambda: engine.containers(draft, running=True), _SECONDS)
        await until(pilot, lambda: isinstance(app.screen, ProgressScreen))
        await pilot.press("c", "y")
        await _over(app, pilot)
        assert "cancelled" in text_of(app)
    _until(lambda: not near.sessions())
    yard.shell.run("down", "--yes", _here(draft).path)


def _here(draft: Draft) -> Draft:
    """The same profile on the host where the tests run, which is where it lies."""
    draft.change(host=None)
    return draft


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


async def test_rows_of_several_hosts_are_applied_the_first_host_first(
    yard: Yard, near: Sshd
) -> None:
    far, here = yard.write("b", near), yard.write("a", None)
    async with yard.open(far, here=here) as (app, pilot):
        await until(pilot, _answered(app))
        await pilot.press("space", "space", "a")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), _SECONDS)
        assert f"Apply to {here.name} on " in text_of(app)
        assert _key(far) in " ".join(text_of(app).split())
        assert "this host goes first; where it fails, no other" in text_of(app)
        await pilot.press("y")
        await _over(app, pilot)
        assert f"✓ {here.name}" in text_of(app)
        assert f"✓ {_key(far)}" in text_of(app)
        assert here.answers()
        assert far.answers()


async def test_where_the_first_host_fails_no_other_is_touched(
    yard: Yard, near: Sshd, other: Sshd, engine: Engine
) -> None:
    # What holds its port is seen only once it is started.
    bad = yard.write("a", near, ready={"timeout": "1s"})
    bad.change(environment={"REHEARSAL_LOAD_SECONDS": "600"})
    good = yard.write("b", other)
    async with yard.open(bad, good) as (app, pilot):
        await until(pilot, _answered(app))
        await pilot.press("space", "space", "a")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), _SECONDS)
        await pilot.press("y")
        await _over(app, pilot)
        assert f"not started, as {_key(bad)} goes first and failed" in text_of(app)
        assert engine.containers(good) == []
    yard.shell.run("down", "--yes", _here(bad).path)


async def test_nothing_is_changed_over_there_on_a_read_only_desk(
    yard: Yard, near: Sshd, engine: Engine
) -> None:
    draft = yard.write("a", near)
    async with yard.open(draft, read_only=True) as (app, pilot):
        await until(pilot, _answered(app))
        await pilot.press("a")
        await until_notice(pilot, "csctl was started with --read-only")
        await pilot.press("X", "p")
        await until_text(pilot, f"create {draft.name}")
        await pilot.press("a")
        await pilot.pause()
        assert not isinstance(app.screen, ConfirmDialog)
    assert engine.containers(draft) == []


# -- looking --------------------------------------------------------------------------


async def test_details_license_and_log_are_told_by_the_csctl_over_there(
    yard: Yard, near: Sshd, tmp_path: Path
) -> None:
    draft = yard.write("a", near)
    yard.shell.apply(_here(draft))
    draft.change(host=near.url)
    async with yard.open(draft) as (app, pilot):
        await until_text(pilot, "● ready")
        await pilot.press("d")
        await until_text(pilot, "DRIFTED BY")
        assert f"on {near.url}; the profile is of {draft.path}" in text_of(app)
        assert f"image    {draft.document['image']}" in text_of(app)
        await pilot.press("L")
        await until_text(pilot, "csctl license check finds no fault")
        assert str(draft.data / "license") in text_of(app)
        await pilot.press("l")
        await until_text(pilot, "Now listening on: http://0.0.0.0:5000")
        assert isinstance(app.screen, LogsScreen)
        yard.shell.run("restart", draft.name)
        await until_text(pilot, "— restarted ")

        file = tmp_path / "whole.log"
        await pilot.press("ctrl+s")
        app.screen.query_one("Input").value = str(file)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until_notice(pilot, str(file))
        assert "Now listening on: http://0.0.0.0:5000" in file.read_text()
        await pilot.press("escape", "escape", "escape")
    _until(lambda: not near.sessions())


async def test_what_is_not_done_from_here_says_which_command_does_it(
    yard: Yard, near: Sshd
) -> None:
    draft = yard.write("a", near)
    async with yard.open(draft) as (app, pilot):
        await until(pilot, _answered(app))
        await pilot.press("i")
        assert f"ssh -t {near.url} csctl image list" in notices_of(app)
        await pilot.press("l")
        assert f"{draft.name} has no container on {near.url}" in notices_of(app)
        assert isinstance(app.screen, FleetScreen)
        can = [app.screen.check_action(one, ()) for one in ("plan", "edit", "models")]
        assert can == [True, True, None]


async def test_a_host_that_goes_away_is_said_on_every_screen(
    yard: Yard, start: Start
) -> None:
    host = start()
    draft = yard.write("a", host)
    async with yard.open(draft) as (app, pilot):
        await until(pilot, _answered(app))
        host.stop()
        for keys in (["d"], ["L"], ["p"]):
            await pilot.press(*keys)
            await until_text(pilot, f"{host.url} is not reached: ")
            assert isinstance(app.screen, CsctlScreen)
            await pilot.press("escape")
