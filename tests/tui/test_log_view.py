"""The view of a log alone: where it stands, what it shows and marks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.strip import Strip

from csctl.container.log_line import LogLine
from csctl.lifecycle.follow import Entry, Mark
from csctl.tui.log_view import LogView
from csctl.tui.pattern import Pattern, expression
from csctl.tui.ring import Ring

HEIGHT, WIDTH = 10, 40
_STAMP = "2026-06-01T12:00:00.123456789Z"


class Alone(App[None]):
    """Nothing but the view."""

    def compose(self) -> ComposeResult:
        yield LogView()


class Reader:
    """Somebody at the view."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self._pilot = pilot
        self.view = pilot.app.query_one(LogView)

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)
        await self._pilot.pause()

    async def take(self, entries: Iterable[Entry]) -> None:
        self.view.extend(entries)
        await self._pilot.pause()

    async def resize(self, columns: int, rows: int) -> None:
        await self._pilot.resize_terminal(columns, rows)
        await self._pilot.pause()

    async def filter(self, text: str | None) -> None:
        self.view.filter(None if text is None else Pattern.parse(text))
        await self._pilot.pause()

    async def search(self, text: str) -> None:
        self.view.search(expression(text))
        await self._pilot.pause()

    def seen(self) -> list[str]:
        """The rows without the scroll bar."""
        return [strip.text.rstrip() for strip in self._strips()]

    def _strips(self) -> list[Strip]:
        return [self.view.render_line(y) for y in range(self.view.size.height)]

    def styled(self, kind: str) -> list[str]:
        """What is drawn in a style of the view."""
        style = self.view.get_component_rich_style(f"log-view--{kind}")
        return [
            segment.text
            for strip in self._strips()
            for segment in strip
            if segment.style is not None
            and segment.style.reverse == style.reverse
            and segment.style.underline == style.underline
            and (segment.style.reverse or segment.style.underline)
        ]


def lines(first: int, end: int) -> list[Entry]:
    return [LogLine(_STAMP, f"line {number}") for number in range(first, end)]


@asynccontextmanager
async def reading(lines: Iterable[Entry] = ()) -> AsyncIterator[Reader]:
    async with Alone().run_test(size=(WIDTH, HEIGHT)) as pilot:
        reader = Reader(pilot)
        reader.view.focus()
        await reader.take(lines)
        yield reader


Story = Callable[[Reader], Awaitable[None]]


def told(story: Story, entries: Iterable[Entry] = ()) -> None:
    """Let a reader do something with a view of these entries."""

    async def run() -> None:
        async with reading(entries) as reader:
            await story(reader)

    asyncio.run(run())


def test_the_newest_lines_are_in_view_as_they_come() -> None:
    async def story(reader: Reader) -> None:
        assert reader.seen() == [f"line {number}" for number in range(40, 50)]
        await reader.take(lines(50, 53))
        assert reader.seen()[-1] == "line 52"
        assert reader.view.following

    told(story, lines(0, 50))


@pytest.mark.parametrize("key", ["k", "up", "pageup", "ctrl+u", "g", "home"])
def test_going_up_pauses_and_what_comes_is_counted(key: str) -> None:
    async def story(reader: Reader) -> None:
        await reader.press(key)
        before = reader.seen()
        assert before[-1] != "line 49"
        await reader.take(lines(50, 173))
        assert reader.seen() == before
        assert not reader.view.following
        assert reader.view.unseen == 123

    told(story, lines(0, 50))


@pytest.mark.parametrize("key", ["G", "end"])
def test_going_to_the_end_follows_again(key: str) -> None:
    async def story(reader: Reader) -> None:
        await reader.press("pageup", "pageup")
        await reader.take(lines(50, 60))
        await reader.press(key)
        assert reader.seen()[-1] == "line 59"
        assert reader.view.following
        assert reader.view.unseen == 0

    told(story, lines(0, 50))


@pytest.mark.parametrize(
    ("keys", "top"),
    [
        pytest.param(("g",), 0, id="oldest"),
        pytest.param(("g", "j", "down"), 2, id="down"),
        pytest.param(("g", "pagedown"), 10, id="page down"),
        pytest.param(("g", "ctrl+d"), 5, id="half a page down"),
        pytest.param(("k", "up"), 38, id="up"),
        pytest.param(("pageup",), 30, id="page up"),
        pytest.param(("ctrl+u",), 35, id="half a page up"),
        pytest.param(("g", "k"), 0, id="not beyond the oldest"),
    ],
)
def test_keys_that_move(keys: tuple[str, ...], top: int) -> None:
    async def story(reader: Reader) -> None:
        await reader.press(*keys)
        assert reader.seen()[0] == f"line {top}"

    told(story, lines(0, 50))


def test_scrolling_down_to_the_end_follows_again() -> None:
    async def story(reader: Reader) -> None:
        await reader.press("k")
        assert not reader.view.following
        await reader.press("j")
        assert reader.view.following

    told(story, lines(0, 50))


def test_what_is_read_stays_in_place_while_older_lines_are_dropped() -> None:
    async def story(reader: Reader) -> None:
        reader.view.text.ring = Ring(lines=60)
        await reader.take(lines(0, 60))
        await reader.press("pageup")
        before = reader.seen()
        await reader.take(lines(60, 90))
        assert reader.seen() == before
        assert reader.view.text.ring.first == 30
        await reader.take(lines(90, 200))
        assert reader.seen()[0] == "line 140"

    told(story)


def test_a_long_line_is_wrapped_or_reached_from_the_side() -> None:
    async def story(reader: Reader) -> None:
        whole = "".join(f"{number:04}" for number in range(30))
        await reader.take([LogLine("", whole)])
        rows = [row for row in reader.seen() if row]
        assert "".join(rows) == whole
        assert len(rows) == 4
        await reader.press("w")
        assert [row for row in reader.seen() if row] == [whole[: WIDTH - 1]]
        await reader.press("right", "right")
        assert reader.seen()[0] == whole[16 : 16 + WIDTH - 1]
        await reader.press("left", "h")
        assert reader.seen()[0] == whole[: WIDTH - 1]
        await reader.press("right", "w")
        assert "".join(reader.seen()) == whole

    told(story)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("日本語" * 20, id="wide"),
        pytest.param("a\u0301" * 60, id="combining"),
        pytest.param("👩‍👩‍👧" * 20, id="joined"),
        pytest.param("[red]" * 20, id="markup"),
    ],
)
def test_text_of_any_kind_takes_as_many_rows_as_were_counted(text: str) -> None:
    async def story(reader: Reader) -> None:
        await reader.take([LogLine("", text), LogLine("", "the end")])
        rows = [row for row in reader.seen() if row]
        assert "".join(rows) == text + "the end"

    told(story)


def test_each_line_can_say_when_it_was_written() -> None:
    async def story(reader: Reader) -> None:
        await reader.press("t")
        assert reader.seen()[:2] == ["2026-06-01T12:00:00.123Z line 0", "— restarted —"]
        await reader.press("t")
        assert reader.seen()[:2] == ["line 0", "— restarted —"]

    told(story, [*lines(0, 1), Mark("restarted")])


def test_a_filter_shows_only_what_matches_and_marks_and_what_comes_later() -> None:
    async def story(reader: Reader) -> None:
        await reader.filter("7$")
        assert reader.seen()[:3] == ["line 7", "line 17", "— restarted —"]
        await reader.take(lines(20, 30))
        assert reader.seen()[3] == "line 27"
        assert reader.view.text.shown == 4
        await reader.filter("!line")
        assert reader.seen()[0] == "— restarted —"
        await reader.filter(None)
        assert reader.seen()[-1] == "line 29"

    told(story, [*lines(0, 20), Mark("restarted")])


def test_who_reads_is_back_in_place_when_the_filter_goes() -> None:
    async def story(reader: Reader) -> None:
        await reader.press("pageup")
        before = reader.seen()
        await reader.filter("1")
        await reader.filter("nothing")
        await reader.filter(None)
        assert reader.seen() == before
        assert not reader.view.following

    told(story, lines(0, 50))


def test_hits_are_marked_where_they_stand() -> None:
    async def story(reader: Reader) -> None:
        await reader.search("4[57]")
        assert reader.seen() == [f"line {number}" for number in range(40, 50)]
        assert reader.styled("hit") == ["45", "47"]
        await reader.press("n")
        assert reader.styled("current") == ["45"]
        assert reader.styled("hit") == ["47"]

    told(story, lines(0, 50))


def test_a_hit_that_is_cut_by_a_row_is_marked_on_both() -> None:
    async def story(reader: Reader) -> None:
        await reader.take([LogLine("", "x" * (WIDTH - 3) + "found" + "y")])
        await reader.search("found")
        assert reader.styled("hit") == ["fo", "und"]

    told(story)


def test_the_next_and_the_previous_hit_are_gone_to_round_the_ends() -> None:
    async def story(reader: Reader) -> None:
        await reader.search("5$")
        assert (reader.view.text.hit, reader.view.text.hits) == (None, 5)
        seen = []
        for key in ("n", "n", "N", "N", "N"):
            await reader.press(key)
            seen.append((reader.view.text.hit, *reader.styled("current")))
        assert seen == [(5, "5"), (1, "5"), (5, "5"), (4, "5"), (3, "5")]
        assert not reader.view.following
        assert "line 24" in reader.seen()
        assert "line 26" in reader.seen()

    told(story, lines(0, 50))


def test_a_search_counts_what_comes_and_forgets_what_goes() -> None:
    async def story(reader: Reader) -> None:
        reader.view.text.ring = Ring(lines=20)
        await reader.take(lines(0, 20))
        await reader.search("5$")
        await reader.press("n")
        assert (reader.view.text.hit, reader.view.text.hits) == (2, 2)
        await reader.take(lines(20, 36))
        assert (reader.view.text.hit, reader.view.text.hits) == (None, 2)
        await reader.press("n")
        assert reader.view.text.hit == 1

    told(story)


def test_a_search_among_nothing_goes_nowhere() -> None:
    async def story(reader: Reader) -> None:
        await reader.search("absent")
        await reader.press("n", "N")
        assert reader.view.text.hit is None
        assert reader.view.following

    told(story, lines(0, 50))


def test_another_size_keeps_the_place() -> None:
    async def story(reader: Reader) -> None:
        await reader.press("g", "pagedown")
        for columns, rows in ((20, 5), (4, 2), (200, 60), (WIDTH, HEIGHT)):
            await reader.resize(columns, rows)
        assert reader.seen()[0] == "line 10"

    told(story, lines(0, 50))


@pytest.mark.parametrize("keys", [("k",), ("G",)], ids=["paused", "following"])
def test_a_view_that_grows_or_shrinks_goes_on_as_it_was(keys: tuple[str, ...]) -> None:
    async def story(reader: Reader) -> None:
        await reader.press(*keys)
        before = reader.view.following
        for rows in (HEIGHT + 1, HEIGHT + 5, 3, HEIGHT):
            await reader.resize(WIDTH, rows)
            assert reader.view.following is before
        await reader.take(lines(50, 60))
        assert (reader.seen()[-1] == "line 59") is before

    told(story, lines(0, 50))


def test_what_is_saved_is_what_is_held() -> None:
    async def story(reader: Reader) -> None:
        await reader.filter("nothing")
        assert reader.view.text.lines() == ["line 0", "— restarted —"]
        await reader.press("t")
        assert reader.view.text.lines()[0] == "2026-06-01T12:00:00.123Z line 0"

    told(story, [*lines(0, 1), Mark("restarted")])
