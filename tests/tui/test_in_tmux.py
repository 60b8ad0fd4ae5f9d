"""A morning in one screen: tmux, a real Engine, keys, and what a person would read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engines import PrivateEngine, load_image
from tests.faults.site import Site
from tests.tmux import Pane

# One Engine for all of them: it is started once.
pytestmark = pytest.mark.xdist_group("mortal-engine")

_CSCTL = (sys.executable, "-m", "csctl")


@pytest.fixture
def engine(
    private_engine: Callable[[], PrivateEngine], rehearsal_archive: Path
) -> PrivateEngine:
    """An Engine that may be restarted, with the stand-in's image."""
    engine = private_engine()
    load_image(engine.url, rehearsal_archive)
    return engine


@pytest.fixture
def site(
    engine: PrivateEngine, tmp_path: Path, unique_name: str, free_port: int
) -> Iterator[Site]:
    """A profile that takes a moment to load."""
    site = Site(unique_name, free_port, tmp_path, engine.url)
    site.knob(LOAD_SECONDS="1")
    yield site
    site.run("down", "--yes", str(site.profile))


def _environ(site: Site) -> dict[str, str]:
    return {"DOCKER_HOST": site.url, "PYTHONPATH": str(Path.cwd()), **site.environ}


def test_from_nothing_to_ready_through_a_crash_and_an_engine_that_restarts(
    engine: PrivateEngine, site: Site
) -> None:
    with Pane([*_CSCTL, "tui", str(site.profile)], _environ(site)) as pane:
        pane.wait_for(site.name, "absent")
        pane.press("a")
        pane.wait_for("Cancel", "create")
        pane.press("y")
        pane.wait_for("ready (", seconds=60)
        pane.press("Escape")
        pane.wait_for("fleet", "● ready")

        subprocess.run(["docker", "-H", site.url, "kill", site.name], check=True)
        pane.wait_for("✗ exited")
        pane.press("s")
        pane.wait_for("start", "ready")
        pane.press("Escape")
        pane.wait_for("● ready")

        engine.kill()
        pane.wait_for("Engine lost")
        engine.up()
        pane.wait_until_gone("Engine lost")
        pane.wait_for("● ready")

        pane.resize(40, 10)
        pane.wait_for(site.name[:4])
        pane.resize(160, 48)
        pane.wait_for("● ready")
        pane.press("q")
        assert pane.wait_for_end() == 0


def test_csctl_alone_on_a_terminal_opens_it(site: Site) -> None:
    environ = _environ(site) | {"CSCTL_PROFILES": str(site.profile)}
    with Pane(_CSCTL, environ) as pane:
        pane.wait_for("csctl › fleet", site.name)
        pane.press("q")
        assert pane.wait_for_end() == 0


def test_a_wrong_profile_is_said_before_the_screen_is_taken(site: Site) -> None:
    site.document["prot"] = 5000
    with Pane([*_CSCTL, "tui", str(site.profile)], _environ(site)) as pane:
        assert pane.wait_for_end() == 2
        assert "did you mean 'port'?" in pane.text()
