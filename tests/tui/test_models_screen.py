"""Models on this host and base models of a locale, on the stand-in image."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from csctl.container.spec import BindMount
from csctl.contract.arguments import MARKER
from csctl.errors import CsctlError
from csctl.format import stock as words
from csctl.lifecycle.model_stock import WantedDisplay, displays_of, models_of
from csctl.profile.load import load
from csctl.tui import doors
from csctl.tui.base_models import BaseModels
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.listing import Listing
from csctl.tui.models_screen import ModelsScreen
from csctl.tui.progress_screen import ProgressScreen
from tests.engines import remove_containers
from tests.faults.site import MODEL, OTHER_MODEL, Site
from tests.tui.stage import (
    Stage,
    container,
    row,
    run,
    text_of,
    until,
    until_notice,
    until_text,
)
from tests.tui.yard import Yard

pytestmark = pytest.mark.anyio

_BASES = 4  # The stand-in offers so many of each locale.


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
    site = Site(unique_name, free_port, tmp_path, engine_host)
    site.document["display"] = {"locale": "en-US", "types": ["punct"]}
    yield site
    remove_containers(engine_host, unique_name)


@pytest.fixture
def yard(site: Site) -> Yard:
    return Yard.of(site)


def _put(yard: Yard, model_id: str, *, size: int = 4096) -> Path:
    """A model that was put there by hand, without a record."""
    directory = yard.profile.models_root / model_id
    directory.mkdir(parents=True)
    (directory / "model.bin").write_bytes(b"m" * size)
    (directory / MARKER).write_text("{}")
    return directory


async def _opened(app: Stage, pilot: Pilot[int], yard: Yard) -> tuple[Listing, Listing]:
    doors.open_models(app, yard.site.name)
    await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
    await until_text(pilot, "on this host, in")
    screen = app.screen
    return screen.query_one("#here", Listing), screen.query_one(BaseModels).listing


async def test_pulled_chosen_and_gone_back_to_the_newest(yard: Yard) -> None:
    app = yard.app()
    async with run(app, (120, 40)) as pilot:
        here, bases = await _opened(app, pilot, yard)
        assert "0 on this host" in text_of(app)
        assert "✗ punct of en-US: missing" in text_of(app)

        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, ProgressScreen))
        await until_text(pilot, "is on this host", seconds=60)
        await pilot.press("escape")
        await until_text(pilot, "1 on this host")
        assert here.chosen == MODEL
        assert "✓ punct of en-US: here" in text_of(app)
        assert f"{yard.site.name}" in text_of(app)

        await pilot.press("b")
        await until(pilot, lambda: bases.row_count == _BASES, seconds=30)
        assert app.focused is bases
        assert "4, the newest first" in text_of(app)
        newest = bases.chosen
        assert newest is not None
        await pilot.press("enter")
        await until_text(pilot, "Write ")
        assert newest in text_of(app)
        await pilot.press("y")
        await until_text(pilot, "The plan only looks")
        assert yard.profile.model.id == newest
        await pilot.press("escape", "n", "y")
        await until_text(pilot, "The plan only looks")
        wanted = yard.profile.model
        assert (wanted.id, wanted.base and wanted.base.locale) == (None, "en-US")
        await pilot.press("escape")
        here.focus()
        await pilot.press("space", "y")
        await until_text(pilot, "The plan only looks")
        assert (yard.profile.model.id, yard.profile.model.base) == (MODEL, None)


async def test_another_locale_is_typed_and_listed_by_enter(yard: Yard) -> None:
    app = yard.app()
    async with run(app) as pilot:
        _, bases = await _opened(app, pilot, yard)
        field = app.screen.query_one("#locale", Input)
        assert field.value == "en-US"
        await pilot.press("c", "ctrl+u", *"de-DE", "enter")
        await until(pilot, lambda: bases.row_count == _BASES, seconds=30)
        assert "de-de" in text_of(app)


async def test_a_locale_without_models_is_said(yard: Yard) -> None:
    app = yard.app()
    async with run(app) as pilot:
        await _opened(app, pilot, yard)
        app.screen.query_one("#locale", Input).value = "xx-XX"
        await pilot.press("b")
        await until_notice(pilot, "lists no base model for xx-XX")
        assert "not listed" in text_of(app)


async def test_leaving_ends_the_listing_and_its_container(site: Site) -> None:
    # The key takes a moment, so that the listing has only begun.
    command = ["sh", "-c", "sleep 0.3; echo rehearsal"]
    site.document["billing"]["api_key"] = {"command": command}
    yard = Yard.of(site)
    app = yard.app()
    async with run(app) as pilot:
        await _opened(app, pilot, yard)
        await pilot.press("b")
        await until_text(pilot, "asking the image")
        await pilot.press("escape")
        assert isinstance(app.screen, FleetScreen)
    for _ in range(100):
        if not site.containers():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(site.containers())


async def test_models_that_lie_here_tell_who_uses_them(yard: Yard) -> None:
    used, other = _put(yard, MODEL), _put(yard, OTHER_MODEL)
    app = yard.app()
    async with run(app, (160, 40)) as pilot:
        here, _ = await _opened(app, pilot, yard)
        await until(pilot, lambda: here.row_count == 2)
        line = next(one for one in text_of(app).splitlines() if MODEL in one)
        assert yard.site.name in line
        (used / MARKER).unlink()
        await pilot.press("ctrl+r")
        await until_text(pilot, f"✗ {MODEL} is damaged")
        await pilot.press("slash", *OTHER_MODEL[:6], "enter")
        await until(pilot, lambda: here.row_count == 1)
        assert here.chosen == OTHER_MODEL == other.name
        await pilot.press("escape")
        await until(pilot, lambda: here.row_count == 2)
        await pilot.press("escape")
        assert isinstance(app.screen, FleetScreen)


async def test_read_only_it_only_looks(yard: Yard) -> None:
    _put(yard, OTHER_MODEL)
    before = yard.path.read_text()
    app = yard.app(read_only=True)
    async with run(app) as pilot:
        await _opened(app, pilot, yard)
        await pilot.press("enter", "n", "b", "u")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, ModelsScreen)
        for action in (
            screen.action_choose,
            screen.action_newest,
            screen.action_list,
            screen.action_pull,
        ):
            app.clear_notifications()
            action()
            await until_notice(pilot, "--read-only")
        assert yard.path.read_text() == before
        assert app.screen is screen


async def test_with_the_engine_lost_the_disk_is_still_shown(yard: Yard) -> None:
    _put(yard, OTHER_MODEL)
    app = yard.app()
    async with run(app) as pilot:
        here, _ = await _opened(app, pilot, yard)
        await app.lose_engine(pilot)
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert here.row_count == 1
        await pilot.press("b")
        await until_notice(pilot, "the Engine does not answer")


@pytest.mark.parametrize("size", [(40, 10), (80, 24)], ids=str)
async def test_it_stands_any_size(size: tuple[int, int], yard: Yard) -> None:
    _put(yard, OTHER_MODEL)
    app = yard.app()
    async with run(app, size) as pilot:
        here, _ = await _opened(app, pilot, yard)
        await until(pilot, lambda: here.row_count == 1)
        assert OTHER_MODEL[:30] in text_of(app)
        assert "Base models of" in text_of(app)
        await pilot.resize_terminal(160, 48)
        await until_text(pilot, OTHER_MODEL)


def test_a_model_put_into_the_root_by_hand_is_one(yard: Yard) -> None:
    root = yard.profile.models_root
    root.mkdir(parents=True)
    (root / MARKER).write_text("{}")
    [found] = models_of(yard.profile, [])
    assert (found.id, found.directory, found.damage) == (MODEL, root, ())


def test_what_is_mounted_is_run_by_its_container(yard: Yard) -> None:
    directory = _put(yard, MODEL)
    mount = BindMount(source=directory, target="/usr/local/models")
    one = row("other", container=container("other", mounts=(mount,)), wanted=None)
    [found] = models_of(yard.profile, [one])
    assert (found.run_by, found.named_by) == (("other",), ())
    assert words.model_cells(found)[3:5] == ("other", "-")


def test_a_root_that_cannot_be_read_is_said(yard: Yard) -> None:
    root = yard.profile.models_root
    root.parent.mkdir(parents=True, exist_ok=True)
    root.write_text("no directory")
    with pytest.raises(CsctlError, match="cannot be read: Not a directory"):
        models_of(yard.profile, [])


def test_exact_display_models_are_wanted_by_id(site: Site) -> None:
    site.document["display"] = {"ids": {"punct": "AB" * 32}}
    [profile] = load([site.profile], {})
    assert displays_of(profile, ()) == (
        WantedDisplay(type="punct", locale=None, id="AB" * 32, here=False),
    )
    del site.document["display"]
    [plain] = load([site.profile], {})
    assert displays_of(plain, ()) == ()
