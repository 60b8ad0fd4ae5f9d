"""Going to a screen by name, and back to the one before."""

from __future__ import annotations

import pytest
from textual.command import CommandPalette

from csctl.tui.details_screen import DetailsScreen
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.images_screen import ImagesScreen
from csctl.tui.logs_screen import LogsScreen
from csctl.tui.places import Place, Places
from tests.tui.every_screen import full_stage
from tests.tui.stage import run, until, until_notice

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def test_a_colon_and_some_letters_go_to_a_screen_of_a_row() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await pilot.press(":")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await pilot.press(*"logs con")
        await until(pilot, lambda: _offers(app.screen, "logs contoso"))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        assert app.crumbs[-1] == "logs of contoso"


def _offers(screen: object, text: str) -> bool:
    assert isinstance(screen, CommandPalette)
    found = screen.query("OptionList").first()
    count = getattr(found, "option_count", 0)
    shown = [str(found.get_option_at_index(n).prompt) for n in range(count)]  # type: ignore[attr-defined]
    return any(text in one for one in shown)


async def test_what_cannot_be_opened_now_is_not_offered() -> None:
    app = full_stage()
    async with run(app) as pilot:
        offered = [str(one) for one in Places(app.screen)._all()]
        assert "logs contoso" in offered
        assert "details fabrikam" in offered
        assert "logs fabrikam" not in offered, "it has no container"
        await app.lose_engine(pilot)
        assert "logs contoso" not in map(str, Places(app.screen)._all())


async def test_minus_goes_to_the_place_before_and_back() -> None:
    app = full_stage()
    async with run(app) as pilot:
        await pilot.press("-")
        await until_notice(pilot, "no other place was opened yet")
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        await pilot.press("escape", "j", "d")
        await until(pilot, lambda: isinstance(app.screen, DetailsScreen))
        depth = len(app.screen_stack)
        for kind in (LogsScreen, DetailsScreen, LogsScreen):
            await pilot.press("-")
            await until(pilot, lambda kind=kind: isinstance(app.screen, kind))  # type: ignore[misc]
            assert len(app.screen_stack) == depth
        await pilot.press("escape")
        assert isinstance(app.screen, FleetScreen)
        await pilot.press("-")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))


@pytest.mark.parametrize(
    ("place", "why"),
    [
        (Place("logs", "nobody"), "there is no nobody any more"),
        (Place("logs", "fabrikam"), "fabrikam has no container"),
    ],
    ids=str,
)
async def test_a_place_that_is_gone_says_so(place: Place, why: str) -> None:
    app = full_stage()
    async with run(app) as pilot:
        place.open(app)
        await until_notice(pilot, why)
        assert isinstance(app.screen, FleetScreen)


async def test_each_place_opens_its_screen() -> None:
    app = full_stage()
    async with run(app) as pilot:
        for verb in ("details", "logs", "plan", "models", "images"):
            Place(verb, "contoso").open(app)
            await pilot.pause()
        assert isinstance(app.screen, ImagesScreen)
