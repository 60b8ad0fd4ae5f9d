"""A new profile from the guided form, with keys alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Select, Static

from csctl.profile.load import load
from csctl.profile.template import Answers
from csctl.tui import doors
from csctl.tui.answer_field import AnswerField
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.new_screen import QUESTIONS, AnswerForm, NewScreen
from tests.tui.stage import Stage, row, run, stage, text_of, until_text

Play = Callable[[Stage, Pilot[int]], Awaitable[None]]

_MODEL = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
_SPEECH = "https://contoso.cognitiveservices.azure.com"
_DC0 = "https://contoso-dc0.cognitiveservices.azure.com"
_WIDE = (160, 48)


def _play(
    play: Play,
    folder: Path,
    size: tuple[int, int] = (80, 24),
    *,
    read_only: bool = False,
) -> None:
    """Open the form, and do something with it."""

    async def go() -> None:
        app = stage(row("fabrikam"), folder=folder, read_only=read_only)
        async with run(app, size) as pilot:
            app.desk.load = lambda: load(map(Path, app.desk.paths), {})
            doors.open_new(app)
            await pilot.pause()
            await play(app, pilot)

    asyncio.run(go())


def _field(app: Stage, name: str) -> AnswerField:
    return app.screen.query_one(f"#{name.replace('_', '-')}", AnswerField)


def _told(app: Stage, name: str) -> str:
    return str(_field(app, name).query_one(".told", Static).render())


async def _answer(app: Stage, pilot: Pilot[int], **answers: str) -> None:
    for name, text in answers.items():
        _field(app, name).query_one(Input).value = text
    await pilot.pause()


async def _answer_all(app: Stage, pilot: Pilot[int]) -> None:
    await _answer(
        app,
        pilot,
        name="contoso",
        model=_MODEL,
        data="/srv/stt/contoso",
        billing_endpoint=_SPEECH,
        license_endpoint=_DC0,
        valid_for="30d",
    )


def test_every_answer_of_a_profile_is_asked_for() -> None:
    asked = {question.name for question in QUESTIONS} - {"file"}
    assert asked == set(Answers.__dataclass_fields__)


def test_typed_with_keys_alone_it_becomes_a_profile_of_the_fleet(
    tmp_path: Path,
) -> None:
    async def play(app: Stage, pilot: Pilot[int]) -> None:
        await pilot.press(*"contoso", "enter", "down", "tab", "tab", *"de-DE", "up")
        assert app.focused is _field(app, "model").query_one(Input)
        await _answer(app, pilot, data="/srv/stt", billing_endpoint=_SPEECH)
        await _answer(app, pilot, license_endpoint=_DC0)
        await pilot.press("ctrl+s")
        await until_text(pilot, "See the plan of contoso?")
        path = tmp_path / "contoso.yaml"
        [profile] = load([path], {})
        assert (profile.name, profile.mode) == ("contoso", "disconnected")
        assert profile.model.base is not None
        assert (profile.model.base.locale, profile.data) == ("de-DE", Path("/srv/stt"))
        assert app.desk.profile("contoso") == profile
        assert app.desk.paths == [str(path)]
        assert isinstance(app.focused, Button)
        assert app.focused.id == "no"
        await pilot.press("escape")
        assert isinstance(app.screen, FleetScreen)

    _play(play, tmp_path)


def test_a_folder_that_the_fleet_watches_is_not_named_twice(tmp_path: Path) -> None:
    async def play(app: Stage, pilot: Pilot[int]) -> None:
        app.desk.paths.append(str(tmp_path))
        await _answer_all(app, pilot)
        await pilot.press("ctrl+s")
        await until_text(pilot, "See the plan of contoso?")
        assert app.desk.paths == [str(tmp_path)]
        assert app.desk.profile("contoso") is not None

    _play(play, tmp_path)


def test_what_is_wrong_is_said_beside_the_field_as_one_types(tmp_path: Path) -> None:
    async def play(app: Stage, pilot: Pilot[int]) -> None:
        assert _told(app, "name").startswith("required: ")
        assert not _field(app, "name").has_class("-wrong")
        await _answer(app, pilot, name="Contoso!", cpus="many")
        assert _told(app, "cpus").startswith("✗ ")
        assert _told(app, "name").startswith("✗ ")
        assert _field(app, "name").has_class("-wrong")
        await _answer(app, pilot, name="contoso", cpus="8")
        assert _told(app, "name") == "the container's name: contoso-en-us"
        assert not _field(app, "cpus").has_class("-wrong")

    _play(play, tmp_path)


def test_what_is_missing_stops_the_writing_and_gets_the_focus(tmp_path: Path) -> None:
    async def play(app: Stage, pilot: Pilot[int]) -> None:
        await _answer_all(app, pilot)
        await _answer(app, pilot, data="")
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert _told(app, "data") == "✗ required"
        assert app.focused is _field(app, "data").query_one(Input)
        assert app.screen.region.contains_region(_field(app, "data").region)
        assert list(tmp_path.iterdir()) == []

    _play(play, tmp_path)


def test_the_fields_of_a_license_are_there_with_the_mode_only(tmp_path: Path) -> None:
    async def play(app: Stage, pilot: Pilot[int]) -> None:
        await _answer_all(app, pilot)
        assert _field(app, "license_endpoint").display
        _field(app, "mode").query_one(Select).value = "connected"
        await pilot.pause()
        assert not _field(app, "license_endpoint").display
        assert not _field(app, "valid_for").display
        await pilot.press("ctrl+s")
        await until_text(pilot, "See the plan of contoso?")
        [profile] = load([tmp_path / "contoso.yaml"], {})
        assert (profile.mode, profile.license) == ("connected", None)

    _play(play, tmp_path)


def test_a_license_may_come_by_hand(tmp_path: Path) -> None:
    async def play(app: Stage, pilot: Pilot[int]) -> None:
        await _answer_all(app, pilot)
        await _answer(app, pilot, license_endpoint="", valid_for="")
        await pilot.press("ctrl+s")
        await until_text(pilot, "See the plan of contoso?")
        [profile] = load([tmp_path / "contoso.yaml"], {})
        assert profile.license is None

    _play(play, tmp_path)


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "contoso.yaml"
    path.write_text("mine\n")

    async def play(app: Stage, pilot: Pilot[int]) -> None:
        await _answer_all(app, pilot)
        assert _told(app, "file").startswith("✗ exists already") or _told(
            app, "file"
        ).startswith("exists already")
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert path.read_text() == "mine\n"
        assert isinstance(app.screen, NewScreen)
        await _answer(app, pilot, file=str(tmp_path / "other.yaml"))
        await pilot.press("ctrl+s")
        await until_text(pilot, "See the plan of contoso?")
        assert (tmp_path / "other.yaml").exists()

    _play(play, tmp_path)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    async def play(app: Stage, pilot: Pilot[int]) -> None:
        await _answer_all(app, pilot)
        await _answer(app, pilot, file=str(tmp_path / "nowhere" / "x.yaml"))
        assert _told(app, "file") == f"✗ {tmp_path}/nowhere is no directory"

    _play(play, tmp_path)


def test_a_key_typed_in_clear_is_refused_and_never_in_the_text(tmp_path: Path) -> None:
    key = "0123456789abcdef0123456789abcdef"

    async def play(app: Stage, pilot: Pilot[int]) -> None:
        await _answer_all(app, pilot)
        await _answer(app, pilot, billing_key=key)
        assert "looks like a key" in _told(app, "billing_key")
        shown = str(app.screen.query_one("#preview Static", Static).render())
        assert key not in shown
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert list(tmp_path.iterdir()) == []

    _play(play, tmp_path, _WIDE)


def test_the_text_stands_beside_the_form_or_behind_a_key(tmp_path: Path) -> None:
    async def narrow(app: Stage, pilot: Pilot[int]) -> None:
        await _answer(app, pilot, name="contoso")
        assert "\n name: contoso" not in text_of(app)
        await pilot.press("f2")
        await until_text(pilot, "\n name: contoso")
        assert "Speech resource" not in text_of(app)
        await pilot.press("pagedown", "ctrl+t")
        await until_text(pilot, "Speech resource")

    async def wide(app: Stage, pilot: Pilot[int]) -> None:
        await _answer(app, pilot, name="contoso")
        await until_text(pilot, " name: contoso\n")
        assert "Speech resource" in text_of(app)

    _play(narrow, tmp_path)
    _play(wide, tmp_path, _WIDE)


def test_leaving_asks_only_where_something_would_be_lost(tmp_path: Path) -> None:
    async def play(app: Stage, pilot: Pilot[int]) -> None:
        await pilot.press("escape")
        assert isinstance(app.screen, FleetScreen)
        doors.open_new(app)
        await pilot.pause()
        await pilot.press("x", "escape")
        assert isinstance(app.screen, ConfirmDialog)
        await pilot.press("escape")
        assert isinstance(app.screen, NewScreen)
        await pilot.press("escape", "y")
        await pilot.pause()
        assert isinstance(app.screen, FleetScreen)

    _play(play, tmp_path)


def test_read_only_it_writes_nothing(tmp_path: Path) -> None:
    async def play(app: Stage, pilot: Pilot[int]) -> None:
        await _answer_all(app, pilot)
        await pilot.press("ctrl+s")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, NewScreen)
        screen.action_write()
        await pilot.pause()
        assert list(tmp_path.iterdir()) == []

    _play(play, tmp_path, read_only=True)


@pytest.mark.parametrize("size", [(40, 10), (80, 24)], ids=str)
def test_it_moves_and_scrolls_to_the_field_at_any_size(
    size: tuple[int, int], tmp_path: Path
) -> None:
    async def play(app: Stage, pilot: Pilot[int]) -> None:
        form = app.screen.query_one(AnswerForm)
        await pilot.press("pagedown")
        await pilot.pause()
        assert form.scroll_y > 0
        await pilot.press("pageup")
        await pilot.pause()
        assert form.scroll_y == 0
        await pilot.press("shift+tab")
        await pilot.press("up")
        await pilot.pause()
        assert app.focused is not None
        assert app.focused.region.overlaps(form.region)
        await pilot.resize_terminal(60, 15)
        await pilot.press("down")
        await pilot.pause()
        assert app.focused.region.overlaps(form.region)

    _play(play, tmp_path, size)
