"""`csctl tui`: where it opens, on what, and what is left of the terminal after it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from csctl.cli import tui
from csctl.cli.session import Session
from tests.tmux import Pane

CSCTL = (sys.executable, "-m", "csctl")
# Nothing answers there: what is tested here needs no Engine.
NOWHERE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
PROFILE = """\
name: contoso
image: csctl/rehearsal:4.12.0-amd64
mode: connected
model: {id: 5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e}
billing: {endpoint: "https://a.cognitiveservices.azure.com", api_key: {env: KEY}}
data: data
"""


def _environ() -> Mapping[str, str]:
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd())}
    return kept | NOWHERE


def _pane(*argv: str, **changes: str) -> Pane:
    # In the command: tmux has its own mind about TERM.
    set_ = (f"{name}={value}" for name, value in changes.items())
    return Pane(["env", *set_, *CSCTL, *argv], _environ())


# -- whether it opens -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        pytest.param([], "Usage: csctl", id="csctl alone"),
        pytest.param(["tui"], "csctl: the terminal UI needs a terminal", id="tui"),
    ],
)
def test_without_a_terminal_it_ends_with_code_2(argv: list[str], told: str) -> None:
    done = subprocess.run(
        [*CSCTL, *argv],
        env=dict(_environ()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"TERM": "dumb"}, "the terminal UI cannot draw on TERM=dumb"),
        ({"CSCTL_THEME": "pink"}, "CSCTL_THEME=pink is no theme"),
        ({"CSCTL_PROFILES": "/nonexistent.yaml"}, "/nonexistent.yaml"),
    ],
    ids=["a terminal that draws nothing", "an unknown theme", "a missing profile"],
)
def test_what_keeps_it_from_opening_is_said_with_code_2(
    changes: dict[str, str], told: str
) -> None:
    with _pane("tui", **changes) as pane:
        assert pane.wait_for_end() == 2
        assert f"csctl: {told}" in pane.text()
        assert "Traceback" not in pane.text()


@pytest.mark.parametrize(
    "terminal", ["xterm-256color", "screen", "tmux-256color", "linux", "vt100"]
)
def test_it_is_readable_on_every_terminal(terminal: str) -> None:
    with _pane(TERM=terminal) as pane:
        pane.wait_for("csctl › fleet", "✗ Engine lost", "Trying to reconnect", "? Help")
        pane.press("q")
        assert pane.wait_for_end() == 0


# -- what it opens on -----------------------------------------------------------------


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "contoso.yaml"
    path.write_text(PROFILE)
    return path


def test_the_profiles_are_those_that_the_environment_names() -> None:
    environ = {"CSCTL_PROFILES": "/srv/a.yaml::/srv/more"}
    session = Session(None, None, color=True, environ=environ)
    assert tui._places(session) == ["/srv/a.yaml", "/srv/more"]


@pytest.mark.parametrize(
    ("files", "found"), [(["a.yaml"], True), (["b.yml"], True), (["a.txt"], False)]
)
def test_without_any_those_of_etc_count_if_there_are_some(
    files: list[str], found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tui, "PLACES", tmp_path)
    for name in files:
        (tmp_path / name).write_text(PROFILE)
    session = Session(None, None, color=True, environ={})
    assert tui._places(session) == ([str(tmp_path)] if found else [])


@pytest.mark.parametrize(
    ("argv", "changes", "shown"),
    [
        (["tui", "--read-only"], {}, True),
        (["tui"], {"CSCTL_READ_ONLY": "1"}, True),
        ([], {"CSCTL_READ_ONLY": "1"}, True),
        (["tui"], {"CSCTL_READ_ONLY": "0"}, False),
    ],
    ids=["flag", "variable", "csctl alone", "variable that says no"],
)
def test_read_only_is_shown_and_refuses(
    argv: list[str], changes: dict[str, str], shown: bool, profile: Path
) -> None:
    with _pane(*argv, CSCTL_PROFILES=str(profile), **changes) as pane:
        screen = pane.wait_for("csctl › fleet", "✗ Engine lost")
        assert ("read-only" in screen) is shown
        pane.press("C-n")
        pane.wait_for("started with --read-only" if shown else "new profile")


# -- colours --------------------------------------------------------------------------


def _colours(screen: str) -> set[tuple[str, ...]]:
    """The red, green and blue of all colours on a screen."""
    return set(re.findall(r"[34]8;2;(\d+);(\d+);(\d+)", screen))


@pytest.mark.parametrize(
    ("argv", "changes", "coloured"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": ""}, True),
        ([], {"NO_COLOR": "1"}, False),
        (["--no-color"], {}, False),
        (["--no-color"], {"NO_COLOR": ""}, False),
    ],
    ids=str,
)
def test_colours_are_there_unless_somebody_wants_none(
    argv: list[str], changes: dict[str, str], coloured: bool
) -> None:
    with _pane(*argv, "tui", COLORTERM="truecolor", **changes) as pane:
        pane.wait_for("✗ Engine lost", "? Help")
        found = _colours(pane.styled())
    assert found
    assert any(len(set(one)) > 1 for one in found) is coloured


# -- how it ends ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=lambda value: value.name if isinstance(value, signal.Signals) else "",
)
def test_a_signal_ends_it_with_its_code_and_gives_the_screen_back(
    number: int, code: int
) -> None:
    argv = ["sh", "-c", f"echo what was there; exec {' '.join(CSCTL)}"]
    with Pane(argv, _environ()) as pane:
        pane.wait_for("csctl › fleet")
        os.kill(pane.pid, number)
        assert pane.wait_for_end() == code
        assert pane.text().rstrip() == "what was there"


@pytest.mark.parametrize("key", ["q", "C-q", "C-c"])
def test_a_key_ends_it_with_code_0_and_gives_the_screen_back(key: str) -> None:
    argv = ["sh", "-c", f"echo what was there; {' '.join(CSCTL)} && stty -a"]
    with Pane(argv, _environ()) as pane:
        pane.wait_for("csctl › fleet")
        pane.press(key)
        assert pane.wait_for_end() == 0
        after = pane.text()
        assert after.startswith("what was there")
        # It takes lines again, shows what is typed, and ctrl+c interrupts.
        assert {"icanon", "echo", "isig"} <= set(after.split())


BUG = """
import sys
import csctl.lifecycle.watch as module

def watch(*_):
    key = "this-is-a-key"
    raise RuntimeError("nobody thought of this")

module.watch = watch
from csctl.cli.main import main
main(sys.argv[1:])
"""


def test_a_bug_gives_the_screen_back_and_shows_its_traceback_without_values() -> None:
    with Pane([sys.executable, "-c", BUG, "tui"], _environ(), rows=200) as pane:
        assert pane.wait_for_end() == 1
        after = pane.text()
        assert "Traceback (most recent call last):" in after
        assert after.rstrip().endswith("RuntimeError: nobody thought of this")
        # The line is in no file, and values of variables are not shown.
        assert "this-is-a-key" not in after
        assert "fleet" not in after.partition("Traceback")[0]
