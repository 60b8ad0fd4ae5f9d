"""A bundle on the license screen: opened, verified, looked at, loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from csctl.bundle import signature
from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.lifecycle.status import status
from csctl.profile.load import load
from csctl.tui import doors
from csctl.tui.bundle_screen import BundleScreen
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.license_screen import LicenseScreen
from csctl.tui.open_dialog import OpenDialog
from csctl.tui.progress_screen import ProgressScreen
from tests.bundle import freight as freights
from tests.bundle.far_side import nothing, tree
from tests.bundle.freight import Freight
from tests.bundle.landing import some_freight
from tests.tui.stage import Stage, run, stage, text_of, until, until_notice, until_text

pytestmark = pytest.mark.anyio
_SIZE = (120, 40)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def no_key_is_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signature, "PINNED", tmp_path / "trusted")


@pytest.fixture
def freight(
    rehearsal_image: str,  # noqa: ARG001
    rehearsal_archive: Path,
    unique_name: str,
) -> Freight:
    return some_freight(unique_name, freights.standin(rehearsal_archive))


@pytest.fixture
def engine(engine_host: str) -> Iterator[Engine]:
    found = connect(engine_host, None, {})
    yield found
    found.close()


@pytest.fixture
def app(freight: Freight, engine: Engine, tmp_path: Path) -> Stage:
    """The application on a profile that has nothing yet, and its bundle beside it."""
    profile = tmp_path / f"{freight.name}.yaml"
    profile.write_text(freight.text)
    (tmp_path / "a.bundle").write_bytes(freight.make(nothing).archive())
    rows = status(engine, load([profile], {}), {}).rows
    return stage(*rows, engine=engine, folder=tmp_path)


async def _open(app: Stage, pilot: Pilot[int], name: str, file: Path) -> None:
    """Through the license screen, the dialog, and the name typed."""
    doors.open_license(app, name)
    await until(pilot, lambda: isinstance(app.screen, LicenseScreen))
    await pilot.press("B")
    await until(pilot, lambda: isinstance(app.screen, OpenDialog))
    field = app.screen.query_one(Input)
    assert field.value == f"{file.parent}/"
    field.value = str(file)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app.screen, BundleScreen))


async def test_it_shows_what_loading_comes_to_and_loads_after_a_yes(
    app: Stage, freight: Freight, tmp_path: Path
) -> None:
    before = tree(tmp_path)
    async with run(app, _SIZE) as pilot:
        await _open(app, pilot, freight.name, tmp_path / "a.bundle")
        await until_text(pilot, "complete")
        shown = text_of(app)
        assert shown.count("to load") == 2
        assert shown.count("there already") == 2
        assert "signed    no" in shown
        await pilot.press("B")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        assert tree(tmp_path) == before
        await pilot.press("enter")  # Cancel
        await until(pilot, lambda: isinstance(app.screen, BundleScreen))
        assert tree(tmp_path) == before
        await pilot.press("B", "y")
        await until(pilot, lambda: isinstance(app.screen, ProgressScreen))
        await until_text(pilot, "license", seconds=60)
        await until_text(pilot, ": loaded", seconds=60)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LicenseScreen))
        await until_text(pilot, "1 license set on this host")
    [license_] = (tmp_path / "data" / "license").glob("2*Z")
    assert (license_ / "license.key").read_bytes() == b"opaque"


async def test_a_damaged_bundle_says_what_is_wrong_and_cannot_be_loaded(
    app: Stage, freight: Freight, tmp_path: Path
) -> None:
    file = tmp_path / "a.bundle"
    data = file.read_bytes()
    file.write_bytes(data.replace(b"sound" * 9, b"noise" * 9, 1))
    async with run(app, _SIZE) as pilot:
        await _open(app, pilot, freight.name, file)
        await until_text(pilot, "nothing was loaded")
        assert "its data has another sum" in text_of(app)
        await pilot.press("B")
        await until_notice(pilot, "the bundle is not verified")


async def test_a_strangers_profile_is_not_written_unseen(
    app: Stage, freight: Freight, tmp_path: Path
) -> None:
    (tmp_path / f"{freight.name}.yaml").unlink()
    async with run(app, _SIZE) as pilot:
        await _open(app, pilot, freight.name, tmp_path / "a.bundle")
        await until_text(pilot, "no pinned key signed it")
        await pilot.press("B")
        await until_notice(pilot, "which is not on this host")
    assert not (tmp_path / f"{freight.name}.yaml").exists()


async def test_read_only_takes_the_key_away(
    freight: Freight, engine: Engine, tmp_path: Path
) -> None:
    profile = tmp_path / f"{freight.name}.yaml"
    profile.write_text(freight.text)
    rows = status(engine, load([profile], {}), {}).rows
    app = stage(*rows, engine=engine, folder=tmp_path, read_only=True)
    async with run(app, _SIZE) as pilot:
        doors.open_license(app, freight.name)
        await until(pilot, lambda: isinstance(app.screen, LicenseScreen))
        await pilot.press("B")
        await until_notice(pilot, "--read-only")
        assert isinstance(app.screen, LicenseScreen)


async def test_the_name_is_completed_and_a_wrong_one_refused(
    app: Stage, freight: Freight, tmp_path: Path
) -> None:
    async with run(app, _SIZE) as pilot:
        doors.open_license(app, freight.name)
        await until(pilot, lambda: isinstance(app.screen, LicenseScreen))
        await pilot.press("B")
        await until(pilot, lambda: isinstance(app.screen, OpenDialog))
        field = app.screen.query_one(Input)
        await pilot.press("a")
        await until_text(pilot, "a.bundle")
        await pilot.press("b", "enter")
        await until_notice(pilot, "ab is no file")
        await pilot.press("backspace", "right")
        await until(pilot, lambda: field.value == str(tmp_path / "a.bundle"))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LicenseScreen))
