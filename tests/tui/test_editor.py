"""The operator's editor: which one, what it leaves, and where it cannot be lent to."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.app import SuspendNotSupported

from csctl.errors import UsageError
from csctl.profile.load import load
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.editor import command, edit
from csctl.tui.fleet_screen import FleetScreen
from tests.tmux import Pane
from tests.tui.stage import (
    Stage,
    row,
    run,
    stage,
    text_of,
    until,
    until_notice,
    until_text,
)

pytestmark = pytest.mark.anyio

_PROFILE = """\
name: contoso
image: csctl/rehearsal:4.12.0-amd64
mode: connected
model: {base: {locale: en-US}}
billing:
  endpoint: https://contoso.cognitiveservices.azure.com
  api_key: {env: SPEECH_KEY}
data: /srv/stt
port: 5000
"""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "contoso.yaml"
    path.write_text(_PROFILE)
    return path


class LentStage(Stage):
    """A stage whose terminal can be lent; Pilot has none."""

    lent = 0

    @contextmanager
    def suspend(self) -> Iterator[None]:
        self.lent += 1
        yield


def _app(path: Path, environ: Mapping[str, str], *, read_only: bool = False) -> Stage:
    [profile] = load([path], {})
    app = stage(
        row("contoso", wanted=profile),
        environ={**os.environ, **environ},
        read_only=read_only,
    )
    app.__class__ = LentStage
    app.desk.load = lambda: load([path], {})
    return app


def _sed(script: str) -> dict[str, str]:
    """An editor that changes what it opens."""
    return {"VISUAL": "", "EDITOR": f"sed -i '{script}'"}


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, ["vi"]),
        ({"EDITOR": "nano"}, ["nano"]),
        ({"EDITOR": "nano", "VISUAL": "code --wait"}, ["code", "--wait"]),
        ({"EDITOR": "'my editor' -n", "VISUAL": " "}, ["my editor", "-n"]),
    ],
    ids=["neither", "editor", "visual first", "words with blanks"],
)
def test_the_editor_is_the_operators(
    environ: Mapping[str, str], words: list[str]
) -> None:
    assert command(environ) == words


def test_quotes_that_do_not_match_are_said() -> None:
    with pytest.raises(UsageError, match="VISUAL=vi ' is no command: No closing"):
        command({"VISUAL": "vi '"})


async def test_e_opens_the_profile_and_its_change_is_known_at_once(path: Path) -> None:
    app = _app(path, _sed("s/5000/5001/"))
    async with run(app) as pilot:
        await pilot.press("e")
        await pilot.pause()
        profile = app.desk.profile("contoso")
        assert profile is not None
        assert profile.port.number == 5001
        assert isinstance(app.screen, FleetScreen)


async def test_what_is_wrong_after_it_is_said_and_opened_again(path: Path) -> None:
    app = _app(path, _sed("s/^port:/prot:/;t;s/^prot:/port:/"))
    async with run(app) as pilot:
        await pilot.press("e")
        await until_text(pilot, "Open it again?")
        assert "did you mean 'port'?" in " ".join(text_of(app).split())
        await pilot.press("y")
        await pilot.pause()
        assert isinstance(app.screen, FleetScreen)
        assert path.read_text() == _PROFILE


async def test_a_wrong_file_may_be_left_as_it_is(path: Path) -> None:
    app = _app(path, _sed("s/^port:/prot:/"))
    async with run(app) as pilot:
        await pilot.press("e")
        await until_text(pilot, "Open it again?")
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, FleetScreen)
        profile = app.desk.profile("contoso")
        assert profile is not None  # The last good one.


@pytest.mark.parametrize(
    ("editor", "said"),
    [
        ("/nowhere/vim", "/nowhere/vim cannot be started: No such file"),
        ("false", "false ended with code 1"),
        ("vi '", "is no command"),
    ],
    ids=["not there", "fails", "no words"],
)
async def test_an_editor_that_fails_is_a_sentence(
    editor: str, said: str, path: Path
) -> None:
    app = _app(path, {"VISUAL": editor})
    async with run(app) as pilot:
        await pilot.press("e")
        await until_notice(pilot, said)
        assert not isinstance(app.screen, ConfirmDialog)
        assert path.read_text() == _PROFILE


async def test_read_only_no_editor_is_opened(path: Path) -> None:
    app = _app(path, _sed("s/5000/5001/"), read_only=True)
    async with run(app) as pilot:
        await pilot.press("e")
        edit(app, path)
        await until_notice(pilot, "--read-only")
        assert path.read_text() == _PROFILE
        assert isinstance(app, LentStage)
        assert app.lent == 0


async def test_a_terminal_that_cannot_be_lent_is_said(path: Path) -> None:
    [profile] = load([path], {})
    app = stage(row("contoso", wanted=profile), environ=_sed("s/5000/5001/"))
    async with run(app) as pilot:
        with pytest.raises(SuspendNotSupported), app.suspend():
            pass
        await pilot.press("e")
        await until_notice(pilot, "this terminal cannot be lent to an editor")
        assert path.read_text() == _PROFILE


async def test_ctrl_c_is_the_editors(path: Path) -> None:
    script = path.parent / "editor.py"
    script.write_text(
        "import os, signal\n"
        f"os.kill({os.getpid()}, signal.SIGINT)\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
    )
    app = _app(path, {"VISUAL": f"{sys.executable} {script}"})
    async with run(app) as pilot:
        await pilot.press("e")
        await pilot.pause(0.1)
        assert app.is_running
        assert app.return_value is None
        assert not app._notifications


async def test_a_signal_to_end_waits_until_the_editor_is_closed(path: Path) -> None:
    kill = f"sh -c 'kill -TERM {os.getpid()}; sed -i s/5000/5001/ $0'"
    app = _app(path, {"VISUAL": kill})
    async with run(app) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: app.return_value is not None)
        assert app.return_value == 143
        assert "5001" in path.read_text()


def test_in_a_terminal_it_gets_the_screen_and_gives_it_back(
    path: Path, engine_host: str
) -> None:
    # The first of all rows, whatever else is on this Engine.
    path.write_text(_PROFILE.replace("name: contoso", "name: 0contoso"))
    editor = path.parent / "editor"
    editor.write_text("#!/bin/sh\necho editing $(basename $1)\nread line\n")
    editor.chmod(0o755)
    environ = {
        "PYTHONPATH": str(Path.cwd()),
        "DOCKER_HOST": engine_host,
        "EDITOR": str(editor),
    }
    with Pane([sys.executable, "-m", "csctl", "tui", str(path)], environ) as pane:
        pane.wait_for("0contoso", "absent")
        pane.press("e")
        pane.wait_for("editing contoso.yaml")
        pane.press("Enter")
        pane.wait_for("0contoso", "absent")
        pane.press("q")
        assert pane.wait_for_end() == 0
