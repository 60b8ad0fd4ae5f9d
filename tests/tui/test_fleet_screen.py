"""The first screen, on rows that a test puts there."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from csctl.container.drift import Difference
from csctl.container.observed import Sample
from csctl.container.spec import Limits
from csctl.engine import connection
from csctl.engine.engine import Engine
from csctl.errors import Problem, ProfileError
from csctl.lifecycle.status import Status
from csctl.lifecycle.watch import watch
from csctl.tui import doors
from csctl.tui.app import CsctlApp
from csctl.tui.desk import Desk, key_of
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.fleet_table import FleetTable
from tests.lifecycle import talker
from tests.lifecycle.talker import saying
from tests.registry.real import docker_registry
from tests.tui.stage import (
    Nobody,
    Stage,
    container,
    license_state,
    profile,
    row,
    run,
    stage,
    text_of,
    until,
    until_text,
)

Act = Callable[[Stage, Pilot[int]], Awaitable[None]]
MOVED = Difference(field="port", have="1", want="2", by="profile")


def _play(app: Stage, act: Act, size: tuple[int, int] = (80, 24)) -> None:
    async def play() -> None:
        async with run(app, size) as pilot:
            await act(app, pilot)

    asyncio.run(play())


def _pressed(
    app: Stage, *keys: str, size: tuple[int, int] = (80, 24)
) -> tuple[str, list[str]]:
    """What the screen shows after some keys, and the names of its rows."""
    seen: list[Any] = []

    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await pilot.press(*keys)
        await pilot.pause()
        seen.extend((text_of(app), _names(app)))

    _play(app, act, size)
    return seen[0], seen[1]


def _screen(app: Stage) -> FleetScreen:
    [screen] = (one for one in app.screen_stack if isinstance(one, FleetScreen))
    return screen


def _table(app: Stage) -> FleetTable:
    return _screen(app).query_one(FleetTable)


def _subjects(app: Stage) -> list[str]:
    return list(map(key_of, _screen(app).subjects))


def _names(app: Stage) -> list[str]:
    return list(_table(app).in_view)


def _some(count: int) -> list[Status]:
    return [row(f"stt-{number:02}") for number in range(count)]


def _line(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if name in line)


# -- what is shown -------------------------------------------------------------------


def test_the_frame_is_there_before_the_engine_answers() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        assert "fleet" in text_of(app)
        assert "Connecting to the Engine" in text_of(app)
        await app.show(pilot, row())
        assert "● ready" in text_of(app)
        assert "Connecting" not in text_of(app)

    _play(stage(connecting=True), act)


def test_a_row_at_80_columns_says_what_matters_most() -> None:
    text, _ = _pressed(stage(row(drift=(MOVED,))))
    assert _line(text, "NAME").split() == (
        ["NAME▲", "STATE", "IMAGE", "CPU", "MEM", "LICENSE", "DRIFT"]
    )
    assert _line(text, "contoso").split() == (
        ["contoso", "●", "ready", "4.12.0-amd64", "28", "days", "port"]
    )


def test_a_wide_screen_shows_all_columns() -> None:
    text, _ = _pressed(stage(row()), size=(120, 48))
    titles = "NAME▲ STATE MODE IMAGE MODEL PORT CPU MEM LICENSE DRIFT"
    assert _line(text, "NAME").split() == titles.split()
    assert " 5f3a0c1e 127.0.0.1:5000 " in text


def test_a_small_screen_shows_name_and_state() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        assert _line(text_of(app), "● ready").split()[:3] == ["aa", "●", "ready"]
        await pilot.resize_terminal(12, 4)
        await pilot.pause()
        assert _names(app)[0] == "aa"

    _play(stage(row("aa"), row("bb")), act, (40, 10))


def test_resizing_keeps_the_cursor() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await pilot.press("G")
        for size in ((40, 10), (160, 48), (79, 12), (10, 3), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert _table(app).cursor == "stt-29"
            assert size[1] < 4 or "stt-29" in _names(app)

    _play(stage(*_some(30)), act)


def test_a_long_name_is_cut_and_none_can_speak_to_the_terminal() -> None:
    ugly = container("xx", model="\x1b[31m[b]!")
    long = row("contoso-en-us-primary-of-the-north")
    text, _ = _pressed(stage(row("xx", container=ugly), long), size=(120, 12))
    assert " contoso-en-u… ● ready " in text
    assert " [b] " in text
    assert "\x1b" not in text


def test_nothing_at_all_says_what_to_do() -> None:
    text, _ = _pressed(stage())
    for hint in ("csctl rehearse", "ctrl+n", "csctl tui PROFILE"):
        assert hint in text


def test_profiles_without_containers_are_rows() -> None:
    text, _ = _pressed(stage(profiles=[profile("aa"), profile("bb")]))
    assert text.count("✗ absent") == 2


# -- banners -------------------------------------------------------------------------


def test_no_banner_while_all_is_well() -> None:
    text, _ = _pressed(stage(row(), row("other", license=None)))
    assert "⚠" not in text
    assert "✗" not in text


def test_a_license_that_ends_soon_is_told_with_date_and_source() -> None:
    text, _ = _pressed(stage(row(license=license_state(3, source="file"))))
    assert "⚠ contoso: the license ends in 3 days, on 2026-06-04" in text
    flat = " ".join(text.split())
    assert "(found in a file of the license, unverified)" in flat


def test_of_several_licenses_the_most_urgent_is_told() -> None:
    rows = [
        row(name, license=license_state(n))
        for n, name in enumerate(("cc", "aa", "bb"), -1)
    ]
    text, _ = _pressed(stage(*rows), size=(120, 24))
    assert "⚠ cc: the license expired on 2026-05-31" in text
    assert ", and 2 more" in text


def test_a_profile_that_does_not_load_is_told_with_its_file() -> None:
    problem = Problem(file="/p/en.yaml", line=3, column=1, path="port", message="no")
    broken = ProfileError((problem,))

    async def act(app: Stage, pilot: Pilot[int]) -> None:
        assert "✗ en.yaml:3: port: no" in text_of(app)
        await app.show(pilot, row())
        assert "en.yaml" not in text_of(app)

    _play(stage(row(), problems=[broken]), act)


# -- the Engine is lost --------------------------------------------------------------


def test_rows_stay_while_the_engine_is_lost_and_their_state_is_unknown() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await app.lose_engine(pilot)
        assert _line(text_of(app), "contoso").split()[1:3] == ["?", "unknown"]
        assert _table(app).has_class("-lost")
        await app.show(pilot, row())
        assert "● ready" in _line(text_of(app), "contoso")
        assert not _table(app).has_class("-lost")

    _play(stage(row()), act)


def test_an_engine_that_never_answered_is_said() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await app.lose_engine(pilot, "no Engine answers at unix:///x")
        await until_text(pilot, "Trying to reconnect")
        assert "no Engine answers at unix:///x" in text_of(app)

    _play(stage(connecting=True), act)


# -- moving --------------------------------------------------------------------------


MOVES = {
    "j": "stt-01",
    "down down": "stt-02",
    "j j k": "stt-01",
    "down up up": "stt-00",
    "G": "stt-59",
    "end j": "stt-59",
    "G g": "stt-00",
    "G home": "stt-00",
    "pagedown": "stt-21",
    "pagedown pageup": "stt-00",
    "ctrl+d": "stt-10",
    "ctrl+d ctrl+u": "stt-00",
    "G pagedown": "stt-59",
}


def test_keys_move_the_cursor() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        table, moved = _table(app), {}
        for keys in MOVES:
            table.action_go(0)
            await pilot.press(*keys.split())
            assert table.cursor in _names(app)
            moved[keys] = table.cursor
        assert moved == MOVES

    _play(stage(*_some(60)), act)


def test_the_cursor_stays_on_its_row() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await pilot.press("j", "j")
        await app.show(pilot, *map(row, ("aa", "bb", "stt-02", "zz")))
        assert _table(app).cursor == "stt-02"
        await pilot.press("o", "O")
        assert _table(app).cursor == "stt-02"
        await pilot.press("slash", *"02", "enter")
        assert _table(app).cursor == "stt-02"
        await pilot.press("escape")
        assert _table(app).cursor == "stt-02"
        await app.show(pilot, row("aa"), row("bb"))
        assert _table(app).cursor == "bb"

    _play(stage(*_some(4)), act)


def test_enter_and_two_clicks_open_the_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []

    async def act(app: Stage, pilot: Pilot[int]) -> None:
        monkeypatch.setattr(doors, "open_details", lambda _, name: opened.append(name))
        await pilot.click(FleetTable, offset=(5, 2))
        assert (_table(app).cursor, opened) == ("stt-02", [])
        await pilot.click(FleetTable, offset=(5, 3), times=2)
        await pilot.click(FleetTable, offset=(5, 9))
        assert _table(app).cursor == "stt-03"
        await pilot.press("k", "enter")
        await pilot.pause()

    _play(stage(*_some(4)), act)
    assert opened == ["stt-03", "stt-02"]


# -- the filter ----------------------------------------------------------------------


FILTERS = {
    "1$": ("", "0 of 3"),
    "-01": ("stt-01", "1 of 3"),
    "!01|02": ("stt-00", "1 of 3"),
    "READY": ("", "0 of 3"),
    "ready": ("stt-00 stt-01 stt-02", "3 of 3"),
    "!": ("stt-00 stt-01 stt-02", "3 of 3"),
}


def test_a_filter_works_as_it_is_typed() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"0")
        for typed, (names, count) in FILTERS.items():
            _screen(app).query_one(Input).value = typed
            await pilot.pause()
            assert (typed, " ".join(_names(app))) == (typed, names)
            assert count in text_of(app)
            assert ("No row matches" in text_of(app)) is not bool(names)

    _play(stage(*_some(3)), act)


def test_what_is_no_pattern_is_said_and_changes_nothing() -> None:
    text, names = _pressed(stage(*_some(3)), "slash", *"01(")
    assert names == ["stt-01"]
    assert "✗ no regular expression" in text


def test_enter_keeps_the_filter_and_escape_clears_it() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"0[02]", "enter")
        assert (app.focused, _names(app)) == (_table(app), ["stt-00", "stt-02"])
        await pilot.press("j")
        assert "2 of 3" in text_of(app)
        await pilot.press("escape")
        assert _names(app) == ["stt-00", "stt-01", "stt-02"]
        assert "of 3" not in text_of(app)

    _play(stage(*_some(3)), act)


def test_escape_while_typing_clears_the_filter_and_goes_to_the_rows() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await pilot.press("space", "slash", *"02", "escape")
        await pilot.pause()
        assert (app.focused, len(_names(app))) == (_table(app), 3)
        assert "1 marked" in text_of(app)

    _play(stage(*_some(3)), act)


def test_an_empty_filter_leaves_no_line_behind() -> None:
    text, names = _pressed(stage(*_some(3)), "slash", "enter", "j")
    assert len(names) == 3
    assert "of 3" not in text


# -- the order -----------------------------------------------------------------------


def _mixed() -> list[Status]:
    gone = container("aa", state="exited", exit_code=3)
    return [
        row("aa", container=gone, ready=False, license=license_state(9)),
        row("bb", license=license_state(40), drift=(MOVED,)),
        row("cc", license=license_state(None), ready=False),
    ]


SORTED = [
    ("", "NAME▲", "aa bb cc"),
    ("O", "NAME▼", "cc bb aa"),
    ("O", "NAME▲", "aa bb cc"),
    ("o", "STATE▲", "aa cc bb"),
    ("O", "STATE▼", "bb cc aa"),
    ("o o o o", "LICENSE▲", "aa bb cc"),
    ("o", "DRIFT▲", "bb aa cc"),
    ("o", "NAME▲", "aa bb cc"),
]


def test_keys_sort() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        for keys, title, names in SORTED:
            await pilot.press(*keys.split())
            assert (title, " ".join(_names(app))) == (title, names)
            assert title in text_of(app)

    _play(stage(*_mixed()), act)


def test_a_click_on_a_title_sorts_and_another_turns_it_round() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        x = _line(text_of(app), "STATE").index("STATE")
        for title in ("STATE▲", "STATE▼", "STATE▲"):
            await pilot.click("FleetHeader", offset=(x + 1, 0))
            assert title in text_of(app)

    _play(stage(*_mixed()), act)


def test_every_column_sorts() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        told = []
        for _ in range(10):
            assert sorted(_names(app)) == ["aa", "bb", "cc"]
            told.append(text_of(app).partition("▲")[0].split()[-1])
            await pilot.press("o")
        assert " ".join(told) == (
            "NAME STATE MODE IMAGE MODEL PORT CPU MEM LICENSE DRIFT"
        )

    _play(stage(*_mixed()), act, (160, 24))


# -- marks ---------------------------------------------------------------------------


def test_marks_choose_what_verbs_work_on() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await pilot.press("space", "k", "space")
        assert "◆" not in text_of(app)
        await pilot.press("g", "space", "j", "space")
        assert _subjects(app) == ["stt-00", "stt-02"]
        assert "fleet, 2 marked" in text_of(app)
        assert "◆stt-00" in text_of(app)
        await pilot.press("k", "k", "space")
        assert "fleet, 3 marked" in text_of(app)
        await app.show(pilot, row("stt-02"), row("stt-03"))
        assert _subjects(app) == ["stt-02"]
        await pilot.press("escape")
        assert "◆" not in text_of(app)
        assert "marked" not in text_of(app)
        assert _subjects(app) == [_table(app).cursor]

    _play(stage(*_some(4)), act)


def test_a_verb_does_not_reach_marked_rows_that_the_filter_hides() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await pilot.press("space", "slash", *"02", "enter")
        assert _subjects(app) == ["stt-02"]
        await pilot.press("escape", "escape")
        assert "◆" not in text_of(app)

    _play(stage(*_some(4)), act)


def test_escape_clears_the_marks_before_the_filter_and_never_quits() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"0[12]", "enter", "space", "escape")
        assert "marked" not in text_of(app)
        assert "2 of 4" in text_of(app)
        await pilot.press("escape", "escape", "escape")
        assert "of 4" not in text_of(app)
        assert app.is_running

    _play(stage(*_some(4)), act)


def test_only_what_can_be_done_with_the_row_is_offered() -> None:
    absent = row("zz", container=None)

    async def act(app: Stage, pilot: Pilot[int]) -> None:
        assert app.screen.check_action("stop", ()) is True
        await pilot.press("G")
        await pilot.pause()
        assert app.screen.check_action("stop", ()) is None
        footer = text_of(app).splitlines()[-1]
        assert "Apply" in footer

    _play(stage(row("aa"), absent), act)


def test_q_quits_with_code_0() -> None:
    app = stage(row())
    _pressed(app, "q")
    assert app.return_value == 0


# -- figures -------------------------------------------------------------------------


def _used(cpus: float, memory: int) -> Sample:
    return Sample(cpus=cpus, memory=memory << 20, memory_limit=32 << 30)


def test_figures_come_with_limits_and_histories() -> None:
    engine = Nobody(_used(0, 512), _used(2, 4096), _used(3.5, 2048))
    free = container("free", limits=Limits())

    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await until_text(pilot, "3.50/4")
        shown = _line(text_of(app), "contoso")
        assert "█" in shown
        assert "2G/8G" in shown
        assert _line(text_of(app), "free").split().count("2G") == 1

    _play(stage(row(), row("free", container=free), engine=engine), act, (120, 24))


def test_only_running_containers_that_can_be_seen_are_measured() -> None:
    engine = Nobody()
    gone = container("aa", state="exited")
    rows = [row("aa", container=gone, ready=False), *_some(40)]

    async def act(app: Stage, pilot: Pilot[int]) -> None:
        async def measured(*names: str) -> None:
            await until(pilot, lambda: engine.measured == set(names))

        await measured(*(f"stt-{number:02}" for number in range(20)))
        await pilot.press("G")
        await measured(*(f"stt-{number:02}" for number in range(19, 40)))
        await pilot.press("slash", *"0[12]")
        await measured("stt-01", "stt-02")
        await pilot.press("enter", "question_mark")
        await measured()
        await pilot.press("escape")
        await measured("stt-01", "stt-02")
        await app.lose_engine(pilot)
        await measured()
        await app.show(pilot, *rows)
        await measured("stt-01", "stt-02")

    _play(stage(*rows, engine=engine), act)
    assert engine.measured == set()


def test_a_stopped_container_shows_no_old_figures() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await until_text(pilot, "1.00/4")
        gone = container("contoso", state="exited")
        await app.show(pilot, row(container=gone, ready=False))
        assert "1.00/4" not in text_of(app)

    _play(stage(row(), engine=Nobody(_used(1, 100))), act)


def test_an_order_by_figures_follows_them() -> None:
    async def act(app: Stage, pilot: Pilot[int]) -> None:
        app.desk.keep("stt-02", _used(2, 1))
        app.desk.keep("stt-01", _used(1, 1))
        await pilot.press("o", "o", "o")
        assert "CPU▲" in text_of(app)
        assert _names(app) == ["stt-02", "stt-01", "stt-00"]
        app.desk.keep("stt-00", _used(3, 1))
        await until(pilot, lambda: _names(app) == ["stt-00", "stt-02", "stt-01"])

    _play(stage(*_some(3)), act)


# -- newer releases ------------------------------------------------------------------


@pytest.fixture
def speech(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A repository of a real registry that has two releases."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with docker_registry(tmp_path) as registry:
        for tag in ("4.12.0-amd64", "5.0.1-amd64", "6.0.0-preview-amd64"):
            registry.push("speech", tag)
        yield f"{registry.host}/speech"


def test_a_newer_release_is_told(speech: str) -> None:
    old = container("old", image=f"{speech}:4.12.0-amd64")
    new = container("new", image=f"{speech}:5.0.1-amd64")

    async def act(app: Stage, pilot: Pilot[int]) -> None:
        await until_text(pilot, "4.12.0-amd64 ↑ 5.0.1")
        assert "↑" not in _line(text_of(app), " new ")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "4.12.0-amd64 ↑ " in text_of(app)

    _play(stage(row("old", container=old), row("new", container=new)), act, (160, 24))


def test_a_registry_that_is_not_there_is_no_news(free_port: int) -> None:
    lonely = container(image=f"127.0.0.1:{free_port}/speech:4.12.0-amd64")
    text, _ = _pressed(stage(row(container=lonely)))
    assert "↑" not in text
    assert "speech" not in text


# -- a real Engine -------------------------------------------------------------------


def test_a_real_container_is_followed_and_measured(
    engine_host: str, rehearsal_image: str, unique_name: str
) -> None:
    def connect() -> Engine:
        return connection.connect(engine_host, None, {})

    desk = Desk(connect=connect, load=list, environ={}, folder=Path("/nonexistent"))
    app = CsctlApp(desk, lambda stop: watch(connect, list, {}, stop))
    limits = Limits(cpus=0.5, memory=64 << 20)
    wanted = dataclasses.replace(saying(unique_name), limits=limits)

    async def play() -> None:
        async with run(app) as pilot:
            with closing(connect()) as engine, talker.running(engine, wanted):
                await pilot.press("slash", *unique_name, "enter")
                await until_text(pilot, "◐ starting")
                await until_text(pilot, "/64M")
                assert "/0.5 " in text_of(app)
                await asyncio.to_thread(engine.stop, unique_name)
                await until_text(pilot, "○ stopped")
                assert "/64M" not in text_of(app)
            await until(pilot, lambda: desk.row(unique_name) is None)

    assert rehearsal_image == wanted.image
    asyncio.run(play())


@pytest.mark.anyio
async def test_a_filter_that_never_ends_is_given_up_and_hides_nothing() -> None:
    app = stage(*(row(f"contoso-{number}") for number in range(20)))
    async with run(app) as pilot:
        await pilot.press("/", *r"(?:(?:a|.)+)+\d\d\d$")
        await until_text(pilot, "takes too long")
        assert "contoso-3" in text_of(app)
        await pilot.press("escape")
        await until(pilot, lambda: "takes too long" not in text_of(app))
