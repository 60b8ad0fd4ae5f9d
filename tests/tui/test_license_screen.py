"""License sets: what is shown of them, fetching, refreshing with proof, going back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

from csctl import license as licenses
from csctl import record
from csctl.container.spec import LABEL_LICENSE
from csctl.errors import UsageError
from csctl.lifecycle.license_stock import sets_of
from csctl.record import Record
from csctl.tui import doors
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.license_screen import LicenseScreen
from csctl.tui.listing import Listing
from csctl.tui.progress_screen import ProgressScreen
from tests.engines import remove_containers
from tests.faults.site import MODEL, Site
from tests.tui.stage import (
    Stage,
    container,
    row,
    run,
    stage,
    text_of,
    until,
    until_notice,
    until_text,
)
from tests.tui.yard import Yard

pytestmark = pytest.mark.anyio

_SIZE = (100, 40)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def site(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001 - it brings the image
    unique_name: str,
    free_port: int,
    tmp_path: Path,
) -> Iterator[Site]:
    yield Site(unique_name, free_port, tmp_path, engine_host)
    remove_containers(engine_host, unique_name)


@pytest.fixture
def yard(site: Site) -> Yard:
    return Yard.of(site)


def _put(yard: Yard, day: int, **details: str) -> Path:
    """A set that was fetched on a day of May."""
    at = datetime(2026, 5, day, 12, tzinfo=UTC)
    directory = licenses.new_directory(yard.profile.license_root, at)
    directory.mkdir(parents=True)
    (directory / "license.bin").write_bytes(b"opaque")
    written = Record(
        kind=licenses.KIND,
        id=MODEL,
        image=str(yard.profile.image),
        image_id="sha256:" + "1a" * 32,
        fetched_at=at,
        files=record.take_sums(directory),
        details=details,
    )
    record.write(directory, written)
    return directory


async def _opened(app: Stage, pilot: Pilot[int], name: str) -> Listing:
    doors.open_license(app, name)
    await until(pilot, lambda: isinstance(app.screen, LicenseScreen))
    await until_text(pilot, "on this host")
    return app.screen.query_one(Listing)


async def _watch_progress(app: Stage, pilot: Pilot[int], done: str) -> None:
    await until(pilot, lambda: isinstance(app.screen, ProgressScreen))
    await until_text(pilot, done, seconds=60)
    await pilot.press("escape")
    await until(pilot, lambda: isinstance(app.screen, LicenseScreen))


async def test_sets_are_listed_with_all_that_is_known(yard: Yard) -> None:
    _put(yard, 1)
    refused = _put(yard, 2, refused="it did not serve")
    damaged = _put(yard, 3)
    (damaged / "license.bin").unlink()
    app = yard.app()
    async with run(app, _SIZE) as pilot:
        table = await _opened(app, pilot, yard.site.name)
        assert table.row_count == 3
        text = text_of(app)
        assert "2026-05-03 12:00" in text
        assert "✗ damaged" in text
        assert "✗ refused" in text
        assert "○ kept" in text
        assert "damage   license.bin: " in text
        await pilot.press("j")
        await until_text(pilot, "refused  it did not serve")
        assert f"path{refused}" in _flat(app)
        assert "ends     2026-06-01T12:00:00Z: declared in the profile" in text_of(app)
        await pilot.press("G", "g", "escape")
        assert isinstance(app.screen, FleetScreen)


async def test_a_set_is_fetched_after_its_plan_was_seen(yard: Yard) -> None:
    yard.site.run("model", "pull", str(yard.path))
    app = yard.app()
    async with run(app, _SIZE) as pilot:
        table = await _opened(app, pilot, yard.site.name)
        assert "0 license sets on this host; R fetches one" in text_of(app)
        await pilot.press("f")
        await until_text(pilot, "Fetch a license for")
        assert f"fetch-license{yard.profile.license_root}" in _flat(app)
        assert "keeps the license that it has" in text_of(app)
        await pilot.press("escape")
        assert list(licenses.stored(yard.profile.license_root)) == []
        await pilot.press("f", "y")
        await _watch_progress(app, pilot, "license: 2")
        await until(pilot, lambda: table.row_count == 1)
        assert "○ kept" in text_of(app)


async def test_refreshed_with_proof_and_gone_back(yard: Yard) -> None:
    yard.site.apply_well()
    app = yard.app()
    async with run(app, _SIZE) as pilot:
        table = await _opened(app, pilot, yard.site.name)
        await until_text(pilot, "● serves")
        await pilot.press("R")
        await until_text(pilot, "Refresh the license of")
        assert "fetch-license" in text_of(app)
        assert "replace" in text_of(app)
        assert "".join(app.desk.host.split()) in _flat(app)
        await pilot.press("y")
        await _watch_progress(app, pilot, "license: ")
        await _show_again(app, pilot, yard)
        await until(pilot, lambda: table.row_count == 2)
        await until(pilot, lambda: "serves" in _first(table))
        yard.site.check_whole()

        await pilot.press("b")
        await until_text(pilot, "Go back to the license before")
        await pilot.press("y")
        await _watch_progress(app, pilot, "license: ")
        await _show_again(app, pilot, yard)
        await until(pilot, lambda: "refused" in _first(table))
        await pilot.press("g")
        await until_text(pilot, "refused  rolled back")


async def _show_again(app: Stage, pilot: Pilot[int], yard: Yard) -> None:
    """Tell the application of the container as it is now."""
    await app.show(pilot, *yard.rows())


def _flat(app: Stage) -> str:
    """The screen's text as one word: long paths are wrapped."""
    return "".join(text_of(app).replace("│", "").split())


def _first(table: Listing) -> str:
    return " ".join(map(str, table.get_row_at(0)))


async def test_what_cannot_be_done_is_said_and_not_asked(yard: Yard) -> None:
    app = yard.app()
    async with run(app, _SIZE) as pilot:
        await _opened(app, pilot, yard.site.name)
        await pilot.press("b")
        await until_notice(pilot, "there is no container that could go back")
        await pilot.press("R")
        await until_notice(pilot, "is not on this host")
        assert not isinstance(app.screen, ConfirmDialog)


async def test_read_only_it_only_looks(yard: Yard) -> None:
    _put(yard, 1)
    app = yard.app(read_only=True)
    async with run(app) as pilot:
        await _opened(app, pilot, yard.site.name)
        assert "Refresh" not in text_of(app)
        await pilot.press("R", "f", "b")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, LicenseScreen)
        doors: list[Callable[[], None]] = [
            screen.action_fetch,
            screen.action_refresh_license,
            screen.action_rollback,
        ]
        for act in doors:
            app.clear_notifications()
            act()
            await until_notice(pilot, "--read-only")
        assert app.screen is screen


async def test_with_the_engine_lost_the_sets_stay(yard: Yard) -> None:
    _put(yard, 1)
    app = yard.app()
    async with run(app) as pilot:
        table = await _opened(app, pilot, yard.site.name)
        await app.lose_engine(pilot)
        _put(yard, 2)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: table.row_count == 2)
        await pilot.press("R")
        await until_notice(pilot, "the Engine does not answer")


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (160, 48)], ids=str)
async def test_it_stands_any_size(size: tuple[int, int], yard: Yard) -> None:
    _put(yard, 1)
    app = yard.app()
    async with run(app, size) as pilot:
        await _opened(app, pilot, yard.site.name)
        await until_text(pilot, "2026-05-01")
        await pilot.resize_terminal(60, 15)
        await until_text(pilot, "2026-05-01")


async def test_without_a_profile_nothing_can_be_fetched(tmp_path: Path) -> None:
    used = tmp_path / "20260501T120000Z"
    labels = {**container().labels, LABEL_LICENSE: str(used)}
    used.mkdir()
    (used / "license.bin").write_bytes(b"opaque")
    lonely = row("lonely", container=container("lonely", labels=labels), wanted=None)
    app = stage(lonely)
    async with run(app) as pilot:
        await _opened(app, pilot, "lonely")
        await until_text(pilot, "● serves")
        assert "Fetch only" not in text_of(app)
        await pilot.press("f")
        assert isinstance(app.screen, LicenseScreen)


def test_nothing_says_where_licenses_lie() -> None:
    with pytest.raises(UsageError, match="neither a profile nor the container"):
        sets_of(None, container())


def test_the_newest_set_is_the_first_and_one_serves(yard: Yard) -> None:
    old, new = _put(yard, 1), _put(yard, 2)
    labels = {**container().labels, LABEL_LICENSE: str(old)}
    found = sets_of(yard.profile, container(labels=labels))
    seen = [(one.state.license and one.state.license.directory) for one in found]
    assert seen == [new, old]
    assert [one.serves for one in found] == [False, True]
    assert found[0].state.expiry.at == datetime(2026, 6, 1, 12, tzinfo=UTC)
