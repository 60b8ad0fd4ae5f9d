"""The plan on the screen, the question, and a plan that is not true any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from csctl.container.drift import Difference
from csctl.container.spec import ContainerSpec
from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.errors import EngineUnavailable, UsageError
from csctl.lifecycle.status import status
from csctl.plan import steps
from csctl.plan.steps import Plan
from csctl.profile.load import load
from csctl.tui import proposal
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.plan_screen import PlanScreen
from csctl.tui.progress_screen import ProgressScreen
from csctl.tui.sections import Sections
from tests.faults.site import Site
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

SPEC = ContainerSpec(name="contoso", image="x", arguments=())
CREATE = steps.Create(target="contoso", spec=None, reason="there is no such container")
START = steps.Start(target="contoso", reason="it is to serve")
REPLACE = steps.Replace(
    target="contoso",
    spec=None,
    differences=(
        Difference(
            field="port", have="127.0.0.1:5000", want="127.0.0.1:5001", by="profile"
        ),
    ),
    reason="the profile changed",
)
UPDATE = steps.Update(target="contoso", spec=SPEC, differences=(), reason="it changed")
STOP = steps.Stop(target="contoso", reason="down was asked for")
PULL = steps.PullImage(
    reference=load([Path("profiles/connected.yaml")], {})[0].image,
    reason="the Engine does not have it",
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class Planned:
    """What a look at the host comes to, as a test wants it; `looks` counts them."""

    def __init__(self) -> None:
        self.plans: Mapping[str, Plan] = {}
        self.error: EngineUnavailable | None = None
        self.looks = 0

    def let(self, *planned: steps.Step, name: str = "contoso", **more: Any) -> None:
        plan = Plan(profile=name, steps=planned, **more)
        self.plans = {**self.plans, name: plan}

    def __call__(
        self, _engine: Engine, profiles: Any, _environ: Mapping[str, str]
    ) -> list[Plan]:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return [self.plans[profile.name] for profile in profiles]


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Planned:
    planned = Planned()
    monkeypatch.setattr(proposal, "propose_all", planned)
    return planned


async def _opened(pilot: Pilot[int], *names: str, asking: bool = False) -> PlanScreen:
    screen = PlanScreen(names or ("contoso",), asking=asking)
    await pilot.app.push_screen(screen)
    await until_text(pilot, "plan")
    return screen


# -- what it shows --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        (PULL, ("*   pull-image", "the Engine does not have it")),
        (CREATE, ("+   create contoso", "there is no such container")),
        (
            REPLACE,
            (
                "-/+ replace contoso",
                "the profile changed",
                "port: 127.0.0.1:5000 → 127.0.0.1:5001",
            ),
        ),
        (UPDATE, ("~   update contoso", "it changed")),
        (STOP, ("-   stop contoso", "down was asked for")),
    ],
    ids=lambda one: one.action if hasattr(one, "action") else "",
)
async def test_a_step_has_its_sign_target_reason_and_fields(
    planned: Planned, step: steps.Step, shown: tuple[str, ...]
) -> None:
    planned.let(step)
    async with run(stage(row())) as pilot:
        await _opened(pilot)
        await until_text(pilot, "contoso: 1 step")
        for text in shown:
            assert text in text_of(pilot.app)


async def test_nothing_to_do_is_said_plainly_and_asks_nothing(planned: Planned) -> None:
    planned.let()
    async with run(stage(row())) as pilot:
        screen = await _opened(pilot, asking=True)
        await until_text(pilot, "contoso: nothing to do")
        assert pilot.app.screen is screen


async def test_problems_and_notes_stand_below_with_their_remedies(
    planned: Planned,
) -> None:
    problem = UsageError("port 5000 is [taken]", remedy="choose another port")
    planned.let(CREATE, problems=(problem,), notes=("no limits are set",))
    async with run(stage(row())) as pilot:
        screen = await _opened(pilot, asking=True)
        await until_text(pilot, "contoso: cannot be applied")
        shown = text_of(pilot.app)
        assert "!   port 5000 is [taken]" in shown
        assert "→ choose another port" in shown
        assert "note: no limits are set" in shown
        await pilot.press("a")
        await until_notice(pilot, "Apply: not now")
        assert pilot.app.screen is screen


async def test_a_profile_that_went_away_is_said(planned: Planned) -> None:
    async with run(stage(row())) as pilot:
        await _opened(pilot, "gone")
        await until_text(pilot, "gone: there is no such profile any more")
        assert planned.looks == 0


async def test_a_lost_engine_is_said_and_planned_for_once_it_is_back(
    planned: Planned,
) -> None:
    planned.let(CREATE)
    planned.error = EngineUnavailable("the Engine does not answer", remedy="start it")
    app = stage(row())
    async with run(app) as pilot:
        await _opened(pilot)
        await until_text(pilot, "→ start it")
        planned.error = None
        await app.show(pilot, row())
        await until_text(pilot, "contoso: 1 step")


async def test_a_lost_engine_leaves_the_plan_that_is_shown(planned: Planned) -> None:
    planned.let(CREATE)
    app = stage(row())
    async with run(app) as pilot:
        await _opened(pilot)
        await until_text(pilot, "contoso: 1 step")
        await app.lose_engine(pilot)
        await pilot.press("ctrl+r")
        await until_notice(pilot, "→ start it")
        assert "create contoso" in text_of(app)


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (40, 10)], ids=str)
async def test_it_fits_every_size(planned: Planned, size: tuple[int, int]) -> None:
    planned.let(REPLACE, notes=("x" * 300,))
    async with run(stage(row()), size) as pilot:
        await _opened(pilot)
        await until_text(pilot, "replace contoso")
        await pilot.resize_terminal(40, 10)
        await until_text(pilot, "replace contoso")


# -- keys -----------------------------------------------------------------------------


async def test_escape_and_q_go_back(planned: Planned) -> None:
    planned.let(CREATE)
    async with run(stage(row())) as pilot:
        for key in ("escape", "q"):
            await _opened(pilot)
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(pilot.app.screen, PlanScreen))


@pytest.mark.parametrize("key", ["ctrl+r", "p"])
async def test_it_plans_again(planned: Planned, key: str) -> None:
    planned.let(CREATE)
    async with run(stage(row())) as pilot:
        await _opened(pilot)
        await until_text(pilot, "contoso: 1 step")
        planned.let()
        await pilot.press(key)
        await until_text(pilot, "contoso: nothing to do")
        assert planned.looks == 2


async def test_keys_walk_through_several_plans_and_long_ones(planned: Planned) -> None:
    names = ("aa", "bb", "cc")
    for name in names:
        planned.let(REPLACE, CREATE, START, name=name, notes=("note",) * 2)
    app = stage(*map(row, names))
    async with run(app) as pilot:
        await _opened(pilot, *names)
        await until_text(pilot, "aa: 3 steps")
        sections = app.screen.query_one(Sections)

        async def press(*keys: str) -> tuple[str | None, int]:
            await pilot.press(*keys)
            await pilot.pause()
            return sections.chosen, round(sections.scroll_offset.y)

        assert await press() == ("aa", 0)
        chosen, _ = await press("G")
        assert (chosen, sections.is_vertical_scroll_end) == ("cc", True)
        assert await press("g") == ("aa", 0)
        assert (await press("end"))[0] == "cc"
        assert await press("home") == ("aa", 0)
        assert (await press("ctrl+d"))[1] == sections.size.height // 2
        assert (await press("ctrl+u"))[1] == 0
        assert (await press("pagedown"))[1] > 0
        assert (await press("pageup"))[1] == 0
        assert (await press(*["j"] * 12))[0] == "cc"
        assert (await press(*["up"] * 14)) == ("aa", 0)
        assert (await press(*["down"] * 12))[0] == "cc"
        assert (await press(*["k"] * 14)) == ("aa", 0)


# -- applying -------------------------------------------------------------------------


async def test_the_question_names_host_and_container_and_what_is_interrupted(
    planned: Planned,
) -> None:
    planned.let(REPLACE, notes=("it does not serve for some 12s",))
    async with run(stage(row())) as pilot:
        await _opened(pilot, asking=True)
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await until_text(pilot, "Apply to contoso on box (unix:///nowhere)?")
        shown = " ".join(text_of(pilot.app).split())
        assert "-/+ replace contoso" in shown
        assert "· it does not serve for some 12s" in shown
        focused = pilot.app.focused
        assert focused is not None
        assert focused.id == "no"


async def test_the_answer_is_no_by_default(planned: Planned) -> None:
    planned.let(CREATE)
    async with run(stage(row())) as pilot:
        screen = await _opened(pilot)
        await until_text(pilot, "contoso: 1 step")
        for key in ("enter", "escape", "n"):
            await pilot.press("a")
            await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
            await pilot.press(key)
            await until(pilot, lambda: pilot.app.screen is screen)
        await until_notice(pilot, "nothing was changed")
        assert planned.looks == 1


async def test_a_plan_that_changed_meanwhile_is_shown_and_not_applied(
    planned: Planned,
) -> None:
    planned.let(CREATE, START)
    async with run(stage(row())) as pilot:
        screen = await _opened(pilot, asking=True)
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        planned.let(REPLACE)
        await pilot.press("y")
        await until_notice(pilot, "The plan changed meanwhile")
        await until_text(pilot, "replace contoso")
        assert pilot.app.screen is screen


async def test_a_read_only_desk_shows_the_plan_and_has_no_apply(
    planned: Planned,
) -> None:
    planned.let(CREATE)
    async with run(stage(row(), read_only=True)) as pilot:
        screen = await _opened(pilot)
        await until_text(pilot, "create contoso")
        assert screen.check_action("apply", ()) is False
        await pilot.press("a")
        screen.action_apply()
        await until_notice(pilot, "csctl was started with --read-only")
        assert pilot.app.screen is screen


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
def staged(site: Site) -> Callable[[], Stage]:
    """The application on the site's profile as it is now."""

    def on() -> Stage:
        engine = connect(site.url, None, site.environ)
        rows = status(engine, load([site.profile], site.environ), site.environ).rows
        return stage(*rows, engine=engine, environ=site.environ)

    return on


async def test_from_nothing_to_ready(site: Site, staged: Callable[[], Stage]) -> None:
    app = staged()
    async with run(app, (100, 40)) as pilot:
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await until_text(pilot, f"download-model {site.document['model']['id']}")
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, ProgressScreen))
        await until_text(pilot, "ready (", seconds=30)
        shown = text_of(app)
        for action in ("download-model", "fetch-license", "create", "start"):
            assert f" {action} " in shown
        assert "✓" in shown
        await pilot.press("escape")
        await until(pilot, lambda: app.crumbs == ["csctl", "fleet"])
    assert site.plan().code == 0


async def test_a_replacement_that_rolls_back_says_so(
    site: Site, staged: Callable[[], Stage]
) -> None:
    site.apply_well()
    site.knob(FAIL="crash-after-ready")
    app = staged()
    async with run(app, (100, 40)) as pilot:
        await pilot.press("a")
        await until_text(pilot, "environment.REHEARSAL_FAIL", seconds=20)
        await pilot.press("y")
        await until_text(pilot, "the old one serves again", seconds=30)
        assert f"✗ {site.name}" in text_of(app)
