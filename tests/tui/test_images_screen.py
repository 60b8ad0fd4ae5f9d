"""Tags out of a real registry, what the Engine has of them, pulling, and choosing."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from csctl.lifecycle.image_stock import tags_of
from csctl.registry.tags import TagRow
from csctl.tui import doors
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.filter_bar import FilterBar
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.images_screen import ImagesScreen
from csctl.tui.listing import Listing
from csctl.tui.progress_screen import ProgressScreen
from tests.cli.shell import Engine
from tests.faults.site import IMAGE, Site
from tests.registry.real import DockerRegistry, docker_registry
from tests.tui.stage import (
    Stage,
    container,
    profile,
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

_TAGS = ("2.2.0-amd64-preview", "3.12.0-amd64", "5.0.1-preview-amd64", "nightly")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    with docker_registry(tmp_path_factory.mktemp("registry")) as started:
        yield started


@pytest.fixture(scope="module")
def repository(
    registry: DockerRegistry,
    engine_host: str,
    rehearsal_image: str,
    run_name: str,
) -> Iterator[str]:
    """The stand-in as 4.12.0-amd64 and `latest`, and tags that only have names."""
    path = f"{run_name}/custom-speech-to-text"
    name, engine = f"{registry.host}/{path}", Engine(engine_host)
    for tag in _TAGS:
        registry.push(path, tag, layers=(tag.encode(),))
    for tag in ("4.12.0-amd64", "latest"):
        engine.tag(rehearsal_image, f"{name}:{tag}")
        engine.push(f"{name}:{tag}")
        engine.remove_image(f"{name}:{tag}")
    yield name
    engine.remove_images(name)


@pytest.fixture
def yard(
    repository: str,
    engine_host: str,
    unique_name: str,
    free_port: int,
    tmp_path: Path,
) -> Yard:
    site = Site(unique_name, free_port, tmp_path, engine_host)
    site.document["image"] = f"{repository}:3.12.0-amd64"
    return Yard.of(site)


async def _opened(app: Stage, pilot: Pilot[int], name: str | None) -> Listing:
    doors.open_images(app, name)
    await until(pilot, lambda: isinstance(app.screen, ImagesScreen))
    table = app.screen.query_one(Listing)
    await until(pilot, lambda: table.row_count)
    return table


def _keys(table: Listing) -> list[str]:
    return [str(key.value) for key in table.rows]


def _line(app: Stage, start: str) -> str:
    """The line of the screen that starts so, with single blanks."""
    lines = (" ".join(line.split()) for line in text_of(app).splitlines())
    return next((line for line in lines if line.startswith(start)), "")


async def test_tags_are_sorted_with_what_the_profile_names(yard: Yard) -> None:
    app = yard.app()
    async with run(app) as pilot:
        table = await _opened(app, pilot, yard.site.name)
        assert _keys(table) == [
            "5.0.1-preview-amd64",
            "4.12.0-amd64",
            "3.12.0-amd64",
            "2.2.0-amd64-preview",
            "nightly",
            "latest",
        ]
        assert table.chosen == "3.12.0-amd64"  # The cursor is on the profile's own.
        assert _line(app, "4.12.0") == "4.12.0-amd64 latest - - -"
        assert _line(app, "3.12.0") == f"3.12.0-amd64 released - - {yard.site.name}"
        assert _line(app, "5.0.1") == "5.0.1-preview-amd64 preview - - -"
        assert "6 of 6 tags" in text_of(app)


async def test_choosing_shows_the_difference_and_writes_the_profile(yard: Yard) -> None:
    before = yard.path.read_text()
    app = yard.app()
    async with run(app) as pilot:
        table = await _opened(app, pilot, yard.site.name)
        await pilot.press("k", "space")
        await until_text(pilot, "Write ")
        assert ":3.12.0-amd64" in text_of(app)
        assert ":4.12.0-amd64" in text_of(app)
        await pilot.press("escape")
        assert yard.path.read_text() == before
        await pilot.press("enter", "y")
        await until_text(pilot, "The plan only looks")
        assert yard.path.read_text() == before.replace("3.12.0", "4.12.0")
        wanted = app.desk.profile(yard.site.name)
        assert wanted is not None
        assert wanted.image.tag == "4.12.0-amd64"
        await pilot.press("escape")
        assert app.screen.query_one(Listing) is table


async def test_a_file_that_changed_meanwhile_is_not_written_over(yard: Yard) -> None:
    app = yard.app()
    async with run(app) as pilot:
        await _opened(app, pilot, yard.site.name)
        await pilot.press("k", "enter")
        await until_text(pilot, "Write ")
        yard.path.write_text(yard.path.read_text() + "\n")
        await pilot.press("y")
        await until_notice(pilot, "was changed by someone else meanwhile")
        assert "3.12.0-amd64" in yard.path.read_text()


async def test_a_tag_is_pulled_with_progress_and_then_is_here(yard: Yard) -> None:
    app = yard.app()
    async with run(app) as pilot:
        table = await _opened(app, pilot, yard.site.name)
        await pilot.press("k", "u")
        await until(pilot, lambda: isinstance(app.screen, ProgressScreen))
        await until_text(pilot, "the Engine has it", seconds=30)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ImagesScreen))
        await until(pilot, lambda: "MiB" in _line(app, "4.12.0"))
        assert table.chosen == "4.12.0-amd64"


async def test_previews_hide_and_a_pattern_thins_out(yard: Yard) -> None:
    app = yard.app()
    async with run(app) as pilot:
        table = await _opened(app, pilot, yard.site.name)
        await pilot.press("v")
        assert _keys(table) == ["4.12.0-amd64", "3.12.0-amd64", "nightly", "latest"]
        assert "previews hidden" in text_of(app)
        await pilot.press("v", "slash", *"^[34]", "enter")
        await pilot.pause()
        assert _keys(table) == ["4.12.0-amd64", "3.12.0-amd64"]
        assert app.focused is table
        assert "2 of 6" in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: table.row_count == 6)
        await pilot.press("escape")
        assert isinstance(app.screen, FleetScreen)


_MOVES = {
    "G": 5,
    "g": 0,
    "end": 5,
    "home": 0,
    "pagedown": 5,
    "pageup": 0,
    "ctrl+d": 5,
    "ctrl+u": 0,
    "j": 1,
    "down": 2,
    "k": 1,
    "up": 0,
}


async def test_the_cursor_moves_as_everywhere(yard: Yard) -> None:
    app = yard.app()
    async with run(app) as pilot:
        table = await _opened(app, pilot, yard.site.name)
        for key, chosen in _MOVES.items():
            await pilot.press(key)
            assert (key, table.cursor_row) == (key, chosen)
        await pilot.press("right", "left")


async def test_without_a_registry_the_engines_tags_stay(
    engine_host: str, rehearsal_image: str, unique_name: str, tmp_path: Path
) -> None:
    site = Site(unique_name, 5000, tmp_path, engine_host)
    site.document["image"] = rehearsal_image
    site.environ["HTTPS_PROXY"] = "http://127.0.0.1:1"
    yard = Yard.of(site)
    app = yard.app()
    async with run(app) as pilot:
        table = await _opened(app, pilot, unique_name)
        assert "only what the Engine has: " in text_of(app)
        assert "→ " in text_of(app)
        assert table.chosen == IMAGE.rpartition(":")[2]
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert table.row_count


async def test_read_only_it_only_looks(yard: Yard) -> None:
    before = yard.path.read_text()
    app = yard.app(read_only=True)
    async with run(app) as pilot:
        await _opened(app, pilot, yard.site.name)
        assert "Pull" not in text_of(app)
        await pilot.press("k", "enter", "space", "u")
        await pilot.pause()
        assert isinstance(app.screen, ImagesScreen)
        app.screen.action_pull()
        app.screen.action_choose()
        await until_notice(pilot, "started with --read-only")
        assert isinstance(app.screen, ImagesScreen)
        assert yard.path.read_text() == before


async def test_what_was_seen_stays_while_the_engine_is_lost(yard: Yard) -> None:
    app = yard.app()
    async with run(app) as pilot:
        table = await _opened(app, pilot, yard.site.name)
        await app.lose_engine(pilot)
        assert table.row_count == 6
        await pilot.press("u")
        await until_notice(pilot, "the Engine does not answer")
        assert isinstance(app.screen, ImagesScreen)


async def test_a_row_without_a_profile_has_tags_but_none_to_choose(
    yard: Yard, repository: str
) -> None:
    own = row("lonely", container=container("lonely", image=f"{repository}:x"))
    app = stage(dataclasses.replace(own, wanted=None), engine=yard.engine)
    async with run(app) as pilot:
        table = await _opened(app, pilot, "lonely")
        assert table.row_count == 6
        await pilot.press("enter")
        assert not isinstance(app.screen, ConfirmDialog)


async def test_an_expression_that_is_none_is_said(yard: Yard) -> None:
    app = yard.app()
    async with run(app) as pilot:
        table = await _opened(app, pilot, yard.site.name)
        await pilot.press("slash", "[")
        await pilot.pause()
        assert "no regular expression" in text_of(app)
        assert table.row_count == 6
        await pilot.press("escape")
        assert app.screen.query_one(FilterBar).query_one(Input).value == ""


@pytest.mark.parametrize("size", [(40, 10), (160, 48)], ids=str)
async def test_it_stands_any_size(size: tuple[int, int], yard: Yard) -> None:
    app = yard.app()
    async with run(app, size) as pilot:
        await _opened(app, pilot, yard.site.name)
        assert "3.12.0-amd64" in text_of(app)
        await pilot.resize_terminal(60, 20)
        await until_text(pilot, "3.12.0-amd64")


def _offered(tag: str, *, latest: bool = False) -> TagRow:
    return TagRow(
        tag=tag,
        version=None,
        platform=None,
        prerelease=None,
        released=True,
        latest=latest,
    )


@pytest.mark.parametrize(
    ("named", "tag"),
    [
        ("4.12.0-amd64", "4.12.0-amd64"),
        ("latest", "3.0.0-amd64"),
        ("newest", "4.12.0-amd64"),
    ],
)
def test_a_moving_tag_names_what_it_means_now(named: str, tag: str) -> None:
    wanted = profile(image=f"mcr.example/speech:{named}")
    offered = (
        _offered("5.0.1-preview-amd64"),
        _offered("4.12.0-amd64"),
        _offered("3.0.0-amd64", latest=True),
    )
    tags = tags_of(wanted.image, offered, (), [row(wanted=wanted)])
    assert [one.tag for one in tags if one.named_by] == [tag]


async def test_what_happens_to_the_fleet_is_shown_without_asking_again(
    yard: Yard,
) -> None:
    app = yard.app()
    async with run(app) as pilot:
        await _opened(app, pilot, yard.site.name)
        other = profile("fabrikam", image=f"{yard.profile.image.name}:nightly")
        asked = app.screen.workers._workers.copy()
        await app.show(pilot, *yard.rows(), row("fabrikam", wanted=other))
        await until(pilot, lambda: "fabrikam" in _line(app, "nightly"))
        assert app.screen.workers._workers <= asked
