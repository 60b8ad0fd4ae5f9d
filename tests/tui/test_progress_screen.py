"""Work on the screen: how far it is, cancelling it, and leaving while it goes on."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.errors import RolledBack
from csctl.lifecycle.events import (
    Event,
    Note,
    StepFinished,
    StepStarted,
    Transfer,
    Waiting,
)
from csctl.lifecycle.fleet import propose_all, work_of
from csctl.lifecycle.status import status
from csctl.plan.steps import Create, Replace, Start
from csctl.profile.load import load
from csctl.tui import doors
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.job_view import JobView
from csctl.tui.progress_screen import ProgressScreen
from csctl.tui.screen import CsctlScreen
from csctl.tui.sections import Sections
from tests.faults.site import ROOT, Site
from tests.tmux import Pane
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

pytestmark = pytest.mark.anyio

CREATE = Create(target="contoso", spec=None, reason="there is no such container")
START = Start(target="contoso", reason="it is to serve")
REPLACE = Replace(target="contoso", spec=None, reason="the profile changed")
WAIT = Waiting(what="waiting", seconds=1, phase="load", line="")
MIB = 1 << 20


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class Script:
    """A job that tells given events, then goes on until a test lets it end."""

    def __init__(self, *events: Event, result: Any = "ready (1.0 s)") -> None:
        self._events, self._result = events, result
        self._ends = threading.Event()
        self._slow = threading.Event()
        self.closed = threading.Event()

    def __call__(self) -> Generator[Event, None, Any]:
        try:
            yield from self._events
            while not self._ends.wait(0.02):
                yield self._events[-1] if self._events else WAIT
            if isinstance(self._result, Exception):
                raise self._result
            return self._result
        except GeneratorExit:
            self._slow.wait(5)
            raise
        finally:
            self.closed.set()

    def end(self) -> None:
        self._ends.set()
        self._slow.set()

    def clean_up(self) -> None:
        """Let what it does after a cancel come to its end."""
        self._slow.set()


def _open(app: Stage, *jobs: Script, title: str = "apply contoso") -> None:
    names = ("contoso", "fabrikam", "north")
    works = dict(zip(names, jobs, strict=False))
    app.open_progress(title, works)


async def _ended(pilot: Pilot[int]) -> None:
    def over() -> bool:
        screen = pilot.app.screen
        return isinstance(screen, ProgressScreen) and not screen.check_action(
            "cancel", ()
        )

    await until(pilot, over)


# -- what it shows --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        pytest.param(
            Transfer(what="pulling x", done=MIB, total=4 * MIB, detail="1/2 layers"),
            ("▸ ", "pulling x", "━━━━━━──", " 25 %  1.0 MiB of 4.0 MiB", "1/2 layers"),
            id="bytes with an end",
        ),
        pytest.param(
            Transfer(what="downloading y", done=MIB, total=None),
            ("downloading y", "━━━━━━", "1.0 MiB"),
            id="bytes without an end",
        ),
        pytest.param(
            Waiting(what="waiting for x", seconds=12, phase="load", line="a [b] c"),
            ("waiting for x", "load", "│ a [b] c"),
            id="a wait",
        ),
        pytest.param(
            StepStarted(step=CREATE),
            ("create contoso: there is no such container",),
            id="a step",
        ),
        pytest.param(
            StepFinished(step=CREATE, seconds=75),
            ("✓ 1m 15s  create contoso",),
            id="a finished step",
        ),
        pytest.param(Note(text="sizes [x]"), ("· sizes [x]",), id="a note"),
    ],
)
async def test_each_event_is_told_as_it_comes(
    event: Event, shown: tuple[str, ...]
) -> None:
    app, job = stage(row()), Script(event)
    async with run(app) as pilot:
        _open(app, job)
        await until_text(pilot, shown[-1])
        for text in ("▸ contoso  at work", *shown):
            assert text in text_of(app)
        job.end()


async def test_a_transfer_that_goes_on_has_a_speed_and_a_time_left() -> None:
    def work() -> Generator[Event, None, str]:
        for done in range(10_000):
            yield Transfer(what="pulling x", done=done * MIB, total=10_000 * MIB)
            if ended.wait(0.01):
                break
        return "pulled"

    ended, app = threading.Event(), stage(row())
    async with run(app) as pilot:
        app.open_progress("pull x", {"x": work})
        await until_text(pilot, "iB/s")
        await until_text(pilot, " left")
        ended.set()
        await until_text(pilot, "pulled")


async def test_a_flood_of_events_is_drawn_a_few_times_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = 0
    real = JobView.render

    def render(view: JobView) -> Any:
        nonlocal drawn
        drawn += 1
        return real(view)

    def work() -> Generator[Event, None, str]:
        for number in range(20_000):
            yield Transfer(what="pulling x", done=number, total=None)
        return "pulled"

    app = stage(row())
    async with run(app) as pilot:
        monkeypatch.setattr(JobView, "render", render)
        app.open_progress("pull x", {"x": work})
        await until_text(pilot, "pulled")
        assert 0 < drawn < 40


async def test_results_and_errors_stand_at_the_end() -> None:
    error = RolledBack("contoso: the old one serves again", remedy="read [the] log")
    app = stage(row(), row("fabrikam"))
    bad, good = Script(StepStarted(step=REPLACE), result=error), Script()
    async with run(app) as pilot:
        _open(app, bad, good)
        await until_text(pilot, "replace contoso")
        bad.end()
        good.end()
        await _ended(pilot)
        shown = text_of(app)
        assert "✗ contoso  failed" in shown
        assert "contoso: the old one serves again" in shown
        assert "→ read [the] log" in shown
        assert "now: contoso is running and ready" in shown
        assert "✓ fabrikam  done" in shown
        assert "ready (1.0 s)" in shown


async def test_the_clock_stops_with_the_job() -> None:
    app, job = stage(row()), Script()
    async with run(app) as pilot:
        _open(app, job)
        job.end()
        await _ended(pilot)
        before = text_of(app)
        await pilot.pause(0.6)
        assert text_of(app) == before


async def test_the_newest_of_a_long_story_is_in_sight_until_one_scrolls_up() -> None:
    app = stage(row())
    job = Script(*(Note(text=f"note {n}") for n in range(30)), WAIT)
    async with run(app) as pilot:
        _open(app, job)
        await until_text(pilot, "note 29")
        await pilot.press("g")
        await until_text(pilot, "note 0")
        job.end()
        await _ended(pilot)
        assert "note 0" in text_of(app)
        await pilot.press("G")
        await until_text(pilot, "ready (1.0 s)")


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (40, 10)], ids=str)
async def test_it_fits_every_size(size: tuple[int, int]) -> None:
    app = stage(row())
    wait = Waiting(what="waiting", seconds=1, phase="load", line="x" * 400)
    job = Script(StepStarted(step=CREATE), wait)
    async with run(app, size) as pilot:
        _open(app, job)
        await until_text(pilot, "▸ contoso")
        await pilot.resize_terminal(40, 10)
        await until_text(pilot, "│ xxx")
        job.end()
        await _ended(pilot)


# -- cancelling -----------------------------------------------------------------------


async def test_cancelling_asks_and_the_answer_is_no_by_default() -> None:
    app, job = stage(row()), Script()
    async with run(app) as pilot:
        _open(app, job)
        await until_text(pilot, "at work")
        for key in ("c", "ctrl+c", "escape", "q"):
            await pilot.press(key)
            await until_text(pilot, "Cancel apply contoso?")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, ProgressScreen))
            assert not job.closed.is_set()
        job.end()
        await until_text(pilot, "ready (1.0 s)")


async def test_a_cancelled_job_says_so_until_it_has_cleaned_up() -> None:
    app = stage(row())
    job = Script(StepStarted(step=REPLACE))
    async with run(app) as pilot:
        _open(app, job)
        await until_text(pilot, "replace contoso")
        await pilot.press("c", "y")
        await until_text(pilot, "◌ contoso  cancelling…")
        await pilot.press("escape")
        await until_notice(pilot, "each job stops as soon as it can")
        assert isinstance(app.screen, ProgressScreen)
        job.clean_up()
        await until_text(pilot, "■ contoso  cancelled")
        shown = " ".join(text_of(app).split())
        assert (
            "cancelled during replace contoso: the old container is put back" in shown
        )
        assert "now: contoso is running and ready" in shown
        await pilot.press("escape")
        await until(pilot, lambda: app.crumbs == ["csctl", "fleet"])


async def test_what_is_left_follows_what_the_engine_tells() -> None:
    app = stage(row(container=container(state="running"), ready=False))
    job = Script(
        StepFinished(step=START, seconds=1),
        Waiting(what="waiting for contoso", seconds=1, phase="load", line=""),
    )
    async with run(app) as pilot:
        _open(app, job)
        await until_text(pilot, "waiting for contoso")
        await pilot.press("c", "y")
        job.clean_up()
        await until_text(pilot, "cancelled while waiting for contoso")
        assert "now: contoso is running, and not ready" in text_of(app)
        await app.show(pilot, row())
        await until_text(pilot, "now: contoso is running and ready")


async def test_cancelling_ends_all_jobs() -> None:
    app = stage(row(), row("fabrikam"), row("north"))
    jobs = [Script(), Script(), Script()]
    async with run(app) as pilot:
        _open(app, *jobs)
        await until_text(pilot, "▸ north")
        for job in jobs:
            job.clean_up()
        await pilot.press("c", "y")
        await _ended(pilot)
        assert text_of(app).count("  cancelled  ") == 3
        assert all(job.closed.is_set() for job in jobs)


# -- other keys -----------------------------------------------------------------------


async def test_logs_and_details_open_on_top_while_nothing_can_be_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, job = stage(row(), row("fabrikam")), Script()
    opened: list[tuple[str, str]] = []
    monkeypatch.setattr(
        doors, "open_logs", lambda _, name: opened.append(("logs", name))
    )
    monkeypatch.setattr(
        doors, "open_details", lambda _, name: opened.append(("details", name))
    )
    async with run(app) as pilot:
        _open(app, job, job)
        await until_text(pilot, "▸ fabrikam")
        await pilot.press("l", "d", "j", "l")
        assert opened == [
            ("logs", "contoso"),
            ("details", "contoso"),
            ("logs", "fabrikam"),
        ]
        await pilot.press("x")
        await until_notice(pilot, "apply contoso goes on")
        assert isinstance(app.screen, ProgressScreen)
        job.end()


async def test_its_end_is_told_on_the_screen_that_is_on_top() -> None:
    app, job = stage(row()), Script()
    async with run(app) as pilot:
        _open(app, job)
        await until_text(pilot, "at work")
        await app.push_screen(CsctlScreen("contoso"))
        job.end()
        await until_notice(pilot, "it is over")
        await pilot.press("escape")
        await until_text(pilot, "✓ contoso  done")


async def test_keys_scroll_and_walk_from_job_to_job() -> None:
    app = stage(row(), row("fabrikam"), row("north"))
    jobs = [
        Script(*(Note(text=f"note {n}") for n in range(15)), WAIT) for _ in range(3)
    ]
    async with run(app) as pilot:
        _open(app, *jobs)
        await until_text(pilot, "note 9")
        sections = app.screen.query_one(Sections)
        for key, chosen in {
            "G": "north",
            "g": "contoso",
            "end": "north",
            "home": "contoso",
        }.items():
            await pilot.press(key)
            assert sections.chosen == chosen
        for key, way in {
            "ctrl+d": 1, "ctrl+u": -1, "pagedown": 1, "pageup": -1,
            "j": 1, "k": -1, "down": 1, "up": -1,
        }.items():  # fmt: skip
            before = sections.scroll_offset.y
            await pilot.press(key)
            await pilot.pause()
            assert (sections.scroll_offset.y - before) * way > 0, key
        for job in jobs:
            job.end()


async def test_then_is_called_when_the_screen_is_left() -> None:
    app, job, left = stage(row()), Script(), threading.Event()
    async with run(app) as pilot:
        app.open_progress("pull x", {"x": job}, tell=str.upper, then=left.set)
        job.end()
        await until_text(pilot, "READY (1.0 S)")
        assert not left.is_set()
        await pilot.press("q")
        await until(pilot, left.is_set)


# -- ending the application -----------------------------------------------------------


async def test_quitting_while_work_goes_on_asks_and_goes_on_by_default() -> None:
    app, job = stage(row()), Script()
    async with run(app) as pilot:
        _open(app, job)
        await until_text(pilot, "at work")
        await pilot.press("ctrl+q")
        await until_text(pilot, "Cancel apply contoso, and quit?")
        await pilot.press("enter")
        await until_text(pilot, "at work")
        job.end()
        await _ended(pilot)
        assert app.is_running


async def test_quitting_ends_only_after_the_work_has_cleaned_up() -> None:
    app, job = stage(row()), Script()
    async with run(app) as pilot:
        _open(app, job)
        await until_text(pilot, "at work")
        await pilot.press("ctrl+q", "y")
        await until_text(pilot, "cancelling…")
        assert app.return_value is None
        job.clean_up()
        await until(pilot, lambda: app.return_value is not None)
        assert job.closed.is_set()
    assert app.return_value == 0


async def test_quitting_without_work_does_not_ask() -> None:
    app = stage(row())
    async with run(app) as pilot:
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == 0


async def test_a_signal_cancels_and_waits_without_asking() -> None:
    app, job = stage(row()), Script()
    async with run(app) as pilot:
        _open(app, job)
        await until_text(pilot, "at work")
        app.end(143)
        await until_text(pilot, "cancelling…")
        assert app.return_value is None
        assert not isinstance(app.screen, ConfirmDialog)
        job.clean_up()
        await until(pilot, lambda: app.return_value is not None)
        assert job.closed.is_set()
    assert app.return_value == 143


# -- on the real Engine ---------------------------------------------------------------


@pytest.fixture
def site(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    tmp_path: Path,
    unique_name: str,
    free_port: int,
) -> Iterator[Site]:
    site = Site(unique_name, free_port, tmp_path, engine_host)
    yield site
    site.run("down", "--yes", str(site.profile))


@pytest.fixture
def begun(site: Site) -> Callable[[], Stage]:
    """The application on the site's profile as it is now; `open_apply` begins."""

    def on() -> Stage:
        engine = connect(site.url, None, site.environ)
        rows = status(engine, load([site.profile], site.environ), site.environ).rows
        return stage(*rows, engine=engine, environ=site.environ)

    return on


def _apply(app: Stage) -> None:
    """Begin without asking: the question is the plan screen's."""
    engine, environ = app.desk.require_engine(), app.desk.environ
    profiles = [one.wanted for one in app.desk.rows if one.wanted is not None]
    plans = propose_all(engine, profiles, environ)
    app.open_progress("apply", work_of(engine, profiles, plans, environ))


def _containers(engine: Engine, site: Site) -> list[str]:
    return [one.name for one in engine.containers() if one.profile == site.name]


async def test_cancelling_a_download_leaves_nothing_half_made(
    site: Site, begun: Callable[[], Stage]
) -> None:
    site.knob(LOAD_SECONDS="60")
    app = begun()
    async with run(app) as pilot:
        _apply(app)
        engine = app.desk.require_engine()
        await until_text(pilot, "download-model", seconds=20)
        await until(pilot, lambda: _containers(engine, site))
        await pilot.press("c", "y")
        await until_text(pilot, f"■ {site.name}", seconds=20)
        shown = " ".join(text_of(app).split())
        assert "cancelled during download-model" in shown
        assert f"now: {site.name} has no container" in shown
        assert _containers(engine, site) == []
        below = [path for path in site.data.rglob("*") if ".csctl" not in str(path)]
        assert [path for path in below if path.is_file()] == []


async def test_cancelling_a_replacement_brings_the_old_container_back(
    site: Site, begun: Callable[[], Stage]
) -> None:
    site.apply_well()
    engine = connect(site.url, None, site.environ)
    old = engine.container(site.name)
    assert old is not None
    site.knob(LOAD_SECONDS="60")
    app = begun()
    async with run(app) as pilot:
        _apply(app)
        await until_text(pilot, "replace", seconds=20)
        await until_text(pilot, "the new container is created", seconds=20)
        # The phase of a start whose log tells nothing yet.
        await until_text(pilot, "running", seconds=20)
        await pilot.press("c", "y")
        await until_text(pilot, f"■ {site.name}", seconds=30)
        assert "the old container is put back" in " ".join(text_of(app).split())
    now = engine.container(site.name)
    assert now is not None
    assert (now.id, now.running) == (old.id, True)
    assert _containers(engine, site) == [site.name]


# -- in a terminal --------------------------------------------------------------------


@pytest.fixture
def pane(site: Site) -> Iterator[Pane]:
    """csctl in a terminal, in the middle of a download."""
    site.knob(LOAD_SECONDS="60")
    engine = connect(site.url, None, site.environ)
    environ = {"DOCKER_HOST": site.url, "PYTHONPATH": str(ROOT), **site.environ}
    argv = [sys.executable, "-m", "csctl", "tui", str(site.profile)]
    with Pane(argv, environ) as pane:
        pane.wait_for(site.name)
        # Others have containers on this Engine as well.
        pane.press("/")
        pane.wait_for("regular expression")
        pane.type(site.name)
        pane.wait_for(" 1 of ")
        pane.press("Enter")
        pane.wait_for("a Apply")
        pane.press("a")
        pane.wait_for("Cancel", "download-model")
        pane.press("y")
        pane.wait_for("at work", "download-model")
        _wait(lambda: _containers(engine, site))
        yield pane
    assert _containers(engine, site) == []
    assert [one for one in site.data.glob("models/*") if one.is_dir()] == []


def _wait(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)],
    ids=["SIGTERM", "SIGHUP", "SIGINT"],
)
def test_a_signal_in_the_middle_of_a_download_leaves_nothing_half_made(
    pane: Pane, number: signal.Signals, code: int
) -> None:
    os.kill(pane.pid, number)
    assert pane.wait_for_end() == code


def test_a_terminal_that_goes_away_in_the_middle_leaves_nothing_half_made(
    pane: Pane,
) -> None:
    process = Path("/proc", str(pane.pid))
    pane.end()
    _wait(lambda: not process.exists())
