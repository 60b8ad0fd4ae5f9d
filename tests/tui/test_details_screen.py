"""The details of one profile and its container, part by part."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.lifecycle.commitment import Commitment
from csctl.lifecycle.details import Details, details
from csctl.lifecycle.part import Part
from csctl.lifecycle.status import Status, status
from csctl.lifecycle.usage import Month
from csctl.profile.load import load
from csctl.profile.model import Profile
from csctl.tui import details_screen
from csctl.tui.detail_parts import PARTS, DetailPart
from csctl.tui.details_screen import DetailsScreen
from csctl.tui.sections import Sections
from tests.faults.site import MODEL, Site
from tests.ports import free_port
from tests.tui.stage import Stage, run, stage, text_of, until, until_text

# One worker: the container that all of them look at is made once.
pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("details-screen")]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def site(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    tmp_path_factory: pytest.TempPathFactory,
    run_name: str,
) -> Iterator[Site]:
    """A container that is ready, for all tests of this module: they only look."""
    name, folder = f"{run_name}-screen", tmp_path_factory.mktemp("details")
    site = Site(name, free_port(), folder, engine_host)
    site.apply_well()
    yield site
    site.run("down", "--yes", str(site.profile))


@pytest.fixture(scope="module")
def engine(site: Site) -> Engine:
    return connect(site.url, None, site.environ)


def _profile(site: Site, **changes: Any) -> Profile:
    changed = dataclasses.replace(site, document={**site.document, **changes})
    [profile] = load([changed.profile], site.environ)
    return profile


def _rows(engine: Engine, site: Site, profile: Profile) -> tuple[Status, ...]:
    return status(engine, (profile,), site.environ).rows


def _app(engine: Engine, site: Site, **changes: Any) -> Stage:
    rows = _rows(engine, site, _profile(site, **changes))
    return stage(*rows, engine=engine, environ=site.environ)


async def _opened(pilot: Pilot[int], site: Site) -> DetailsScreen:
    screen = DetailsScreen(site.name)
    await pilot.app.push_screen(screen)
    await until_text(pilot, "port  ")
    return screen


def _sections(screen: DetailsScreen) -> Sections:
    [shown] = [one for one in screen.query(Sections) if one.region.height]
    return shown


# -- parts ----------------------------------------------------------------------------


async def test_each_part_has_a_key(engine: Engine, site: Site) -> None:
    app = _app(engine, site)
    async with run(app, (80, 40)) as pilot:
        await _opened(pilot, site)
        for key, shown in {
            "2": ("fields drifted", "0 of ", "profile, applied, live"),
            "3": (MODEL, "the profile wants it, and it serves"),
            "4": ("● serves", "declared in the profile"),
            "5": ("/usr/local/models (rw)", "right"),
            "6": ("SpeechToText.Custom.ServiceSeconds",),
            "1": ("● ready", "there is no such container", "history", "create"),
        }.items():
            await pilot.press(key)
            await until_text(pilot, shown[0])
            for text in shown:
                assert text in text_of(app)


@pytest.mark.parametrize(("forth", "back"), [("tab", "shift+tab"), ("right", "left")])
async def test_tab_and_arrows_go_round_through_the_parts(
    engine: Engine, site: Site, forth: str, back: str
) -> None:
    app = _app(engine, site)
    async with run(app) as pilot:
        screen = await _opened(pilot, site)
        seen = []
        for _ in PARTS:
            await pilot.press(forth)
            await pilot.pause()
            focused = app.focused
            assert isinstance(focused, DetailPart)
            seen.append(focused.title)
        titles = [part.title for part in PARTS]
        assert seen == [*titles[1:], titles[0]]
        await pilot.press(back)
        await until(pilot, lambda: _sections(screen).chosen == "usage")


async def test_f_shows_only_what_drifted_and_by_whom(
    engine: Engine, site: Site
) -> None:
    app = _app(engine, site, resources={"cpus": 2, "memory": "256m"})
    async with run(app, (80, 60)) as pilot:
        await _opened(pilot, site)
        await pilot.press("f")
        await pilot.press("2")
        await until_text(pilot, "1 of ")
        assert "≠ resources.cpus: drifted by profile" in text_of(app)
        assert "mounts./license" in text_of(app)
        await pilot.press("f")
        await until_text(pilot, "f shows all")
        assert "≠ resources.cpus: drifted by profile" in text_of(app)
        assert "mounts./license" not in text_of(app)
        await pilot.press("f")
        await until_text(pilot, "mounts./license")


async def test_a_wide_screen_has_the_sides_beside_each_other(
    engine: Engine, site: Site
) -> None:
    app = _app(engine, site, resources={"cpus": 2, "memory": "256m"})
    async with run(app, (160, 48)) as pilot:
        await _opened(pilot, site)
        await pilot.press("2")
        await until_text(pilot, "DRIFTED BY")
        [line] = [x for x in text_of(app).splitlines() if "≠ resources.cpus" in x]
        assert line.split() == ["≠", "resources.cpus", "2", "1", "=", "profile"]


# -- what is not there ----------------------------------------------------------------


async def test_a_profile_without_a_container_says_what_is_missing(
    engine: Engine, site: Site, tmp_path: Path
) -> None:
    other = dataclasses.replace(site, name=f"{site.name}-absent", folder=tmp_path)
    other.document = {**site.document, "name": other.name, "data": str(tmp_path)}
    app = _app(engine, other)
    async with run(app, (100, 30)) as pilot:
        await _opened(pilot, other)
        assert "✗ absent" in text_of(app)
        for key, text in {
            "1": "nothing was applied since a history is kept",
            "3": f"model {MODEL} is not below",
            "4": "there is no license",
            "6": "there is no container that could tell",
        }.items():
            await pilot.press(key)
            await until_text(pilot, text)


async def test_a_container_that_went_away_is_a_sentence(
    engine: Engine, site: Site
) -> None:
    app = _app(engine, site)
    async with run(app) as pilot:
        await app.push_screen(DetailsScreen("gone-with-the-wind"))
        await until_text(pilot, "there is no container gone-with-the-wind")


# -- usage ----------------------------------------------------------------------------


def _with_usage(found: Details, *quantities: float) -> Details:
    months = tuple(
        Month(month=f"2026-{number:02}", meters={"Meter": quantity})
        for number, quantity in enumerate(quantities, 1)
    )
    return dataclasses.replace(found, usage=Part(months))


BARS: dict[tuple[float, ...], tuple[str, ...]] = {
    (0, 50, 100): ("", "█" * 16, "█" * 32),
    (1, 64): ("▌", "█" * 32),
    (1, 100_000): ("▏", "█" * 32),
    (0, 0): ("", ""),
}


async def test_months_are_bars_of_one_scale_and_a_trace_shows(
    engine: Engine, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = details(engine, _profile(site), site.name, site.environ)
    used: tuple[float, ...] = (0, 0)
    monkeypatch.setattr(details_screen, "details", lambda *_: _with_usage(found, *used))
    app = _app(engine, site)
    async with run(app) as pilot:
        await _opened(pilot, site)
        await pilot.press("6")
        for used, bars in BARS.items():
            await pilot.press("ctrl+r")
            await until_text(pilot, f"{used[-1]:,}")
            lines = [x.split() for x in text_of(app).splitlines() if "2026-" in x]
            assert [words[0][:6] for words in lines] == ["2026-0"] * len(used)
            assert ["".join(words[1:-1]) for words in lines] == list(bars)
            assert [words[-1] for words in lines] == [f"{one:,}" for one in used]


@pytest.mark.parametrize(
    ("used", "told", "bar"),
    [
        (100, "commitment: 100.0 of 400 hours in 2026 (25 %)", "█" * 8),
        (320, "! commitment: 320.0 of 400 hours in 2026 (80 %)", "█" * 25 + "▋"),
        (900, "! commitment: 900.0 of 400 hours in 2026 (225 %)", "█" * 32),
    ],
)
async def test_a_commitment_is_a_bar_of_what_was_bought(
    engine: Engine,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    used: float,
    told: str,
    bar: str,
) -> None:
    bought = Commitment(
        resource="https://contoso-dc0.cognitiveservices.azure.com",
        profiles=(site.name,),
        year="2026",
        hours=400,
        used=used,
        uncounted=(),
    )
    found = details(engine, _profile(site), site.name, site.environ)
    found = dataclasses.replace(_with_usage(found, 1), commitment=bought)
    monkeypatch.setattr(details_screen, "details", lambda *_: found)
    app = _app(engine, site)
    async with run(app) as pilot:
        await _opened(pilot, site)
        await pilot.press("6")
        await until_text(pilot, told)
        assert bar in [line.strip(" │┃║▐▌") for line in text_of(app).splitlines()]


# -- coming anew ----------------------------------------------------------------------


async def test_a_change_of_the_fleet_keeps_part_and_place(
    engine: Engine, site: Site
) -> None:
    app = _app(engine, site)
    async with run(app, (80, 16)) as pilot:
        screen = await _opened(pilot, site)
        await pilot.press("2")
        await until_text(pilot, "fields drifted")
        await pilot.press("j", "j", "j")
        await until(pilot, lambda: _sections(screen).scroll_offset.y == 3)
        drifted = _profile(site, resources={"cpus": 2, "memory": "256m"})
        await app.show(pilot, *_rows(engine, site, drifted))
        fields = screen.query_one("#fields", DetailPart)
        await until(pilot, lambda: "1 of" in str(_drawn(fields)))
        assert _sections(screen).scroll_offset.y == 3
        assert _sections(screen).chosen == "fields"


def _drawn(part: DetailPart) -> str:
    return "\n".join(strip.text for strip in part.render_lines(part.size.region))


async def test_a_burst_of_changes_is_one_look(
    engine: Engine, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    def counted(*args: Any) -> Details:
        nonlocal looks
        looks += 1
        return details(*args)

    monkeypatch.setattr(details_screen, "details", counted)
    app = _app(engine, site)
    async with run(app) as pilot:
        screen = await _opened(pilot, site)
        assert looks == 1
        for _ in range(5):
            screen.fleet_changed()
        await until(pilot, lambda: looks == 2)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: looks == 3)
        await pilot.press("d")
        await until(pilot, lambda: looks == 4)


async def test_what_is_shown_stays_while_the_engine_is_lost(
    engine: Engine, site: Site
) -> None:
    app = _app(engine, site)
    rows = _rows(engine, site, _profile(site))
    async with run(app) as pilot:
        await _opened(pilot, site)
        await app.lose_engine(pilot)
        await pilot.press("ctrl+r")
        await until_text(pilot, "the Engine does not answer")
        assert "● ready" in text_of(app)
        await app.show(pilot, *rows)
        await until(pilot, lambda: "does not answer" not in text_of(app))


# -- keys and sizes -------------------------------------------------------------------


async def test_keys_scroll(engine: Engine, site: Site) -> None:
    app = _app(engine, site)
    async with run(app, (80, 14)) as pilot:
        screen = await _opened(pilot, site)
        await pilot.press("2")
        await until_text(pilot, "fields drifted")
        sections = _sections(screen)
        for key, way in {
            "j": 1, "k": -1, "down": 1, "up": -1, "pagedown": 1, "pageup": -1,
            "ctrl+d": 1, "ctrl+u": -1, "G": 1, "g": -1, "end": 1, "home": -1,
        }.items():  # fmt: skip
            before = sections.scroll_offset.y
            await pilot.press(key)
            await pilot.pause()
            assert (sections.scroll_offset.y - before) * way > 0, key


async def test_it_goes_back(engine: Engine, site: Site) -> None:
    app = _app(engine, site)
    async with run(app) as pilot:
        for key in ("escape", "q"):
            await _opened(pilot, site)
            await pilot.press(key)
            await until(pilot, lambda: app.crumbs == ["csctl", "fleet"])


@pytest.mark.parametrize("size", [(160, 48), (40, 10)], ids=str)
async def test_it_fits_every_size(
    engine: Engine, site: Site, size: tuple[int, int]
) -> None:
    app = _app(engine, site)
    async with run(app, size) as pilot:
        await app.push_screen(DetailsScreen(site.name))
        await until_text(pilot, "● ready")
        for number in range(1, len(PARTS) + 1):
            await pilot.press(str(number))
        await pilot.resize_terminal(40, 10)
        await pilot.press("3")
        await until_text(pilot, MODEL[:8])
