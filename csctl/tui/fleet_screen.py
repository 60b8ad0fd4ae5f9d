"""The first screen: a row for each profile and managed container, live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from csctl.format import fleet as words
from csctl.lifecycle.far_row import FarRow
from csctl.tui import doors
from csctl.tui.banner import Banner
from csctl.tui.crumbs import Crumbs
from csctl.tui.desk import HISTORY, Row, key_of
from csctl.tui.filter_bar import FilterBar
from csctl.tui.fleet_cells import Facts, cells, text
from csctl.tui.fleet_columns import Layout, layout
from csctl.tui.fleet_header import FleetHeader
from csctl.tui.fleet_order import Order
from csctl.tui.fleet_table import FleetTable, Line
from csctl.tui.pattern import Pattern
from csctl.tui.releases import Releases
from csctl.tui.screen import CsctlScreen
from csctl.tui.verb import VERBS

if TYPE_CHECKING:
    from csctl.engine.engine import Engine
    from csctl.lifecycle.meters import Meters

_SECONDS = 1.0
"""How often figures are drawn anew."""
_SCROLLBAR = 1
_EMPTY = """\
Nothing runs yet, and no profile was given.

  csctl rehearse       builds the stand-in image, to try it all without Azure
  ctrl+n               writes a new profile, here
  csctl tui PROFILE    opens this with profiles, files or directories\
"""


class FleetScreen(CsctlScreen):
    """All rows; verbs work on the marked ones, or on the one with the cursor."""

    AUTO_FOCUS = "FleetTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash",
            "filter",
            "Filter",
            tooltip="Show only rows that match",
            priority=True,
        ),
        Binding(
            "o", "sort_next", "Sort", show=False, tooltip="Sort by the next column"
        ),
        Binding("O", "sort_backwards", show=False, tooltip="Sort the other way round"),
        Binding(
            "escape", "clear", show=False, tooltip="Clear the marks, or else the filter"
        ),
        Binding(
            "q", "app.quit", show=False, tooltip="Leave csctl; the containers go on"
        ),
    ]

    @dataclass
    class ReleasesRead(Message):
        """A registry told of its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.crumb = "fleet"
        self._pattern: Pattern | None = None
        self._order = Order()
        self._marked: set[str] = set()
        self._every: list[Facts] = []
        self._facts: dict[str, Facts] = {}
        """Those that are shown, by their keys."""
        self._meters: Meters | None = None
        self._measured: Engine | None = None
        self._doable: tuple[bool, ...] = ()

    def content(self) -> ComposeResult:
        yield Banner("✗", id="problems")
        yield Banner("⚠", id="licenses")
        yield FilterBar()
        yield FleetHeader()
        yield FleetTable()
        yield Static(id="note", markup=False)

    def on_mount(self) -> None:
        tell = self.ReleasesRead
        self._releases = Releases(self.desk.environ, lambda: self.post_message(tell()))
        self._ticker: Timer = self.set_interval(_SECONDS, self._tick)
        self.fleet_changed()

    def on_unmount(self) -> None:
        if self._meters is not None:
            self._meters.close()

    # -- what the verbs work on ---------------------------------------------------

    @property
    def row(self) -> Row | None:
        name = self.query_one(FleetTable).cursor
        return self.desk.row(name) if name is not None else None

    @property
    def subjects(self) -> tuple[Row, ...]:
        marked = [one.row for key, one in self._facts.items() if key in self._marked]
        return tuple(marked) or super().subjects

    # -- what is shown ------------------------------------------------------------

    def fleet_changed(self) -> None:
        self._marked &= set(map(key_of, self.desk.every))
        self._show_rows()
        self._show_banners()
        self._releases.ask(one.image for one in self._every if one.image)
        self.call_after_refresh(self._measure)

    @on(ReleasesRead)
    def _show_rows(self) -> None:
        """Filter, sort and draw all rows."""
        self._every = [self._facts_of(row) for row in self.desk.every]
        passed = [one for one in self._every if self._passes(one)]
        self._facts = {one.key: one for one in self._order.sort(passed)}
        shown = self._columns
        table = self.query_one(FleetTable)
        lost = self.desk.lost is not None and not self.desk.far
        table.set_class(lost, "-lost")
        table.show([self._line(one, shown) for one in self._facts.values()])
        self.query_one(FleetHeader).show(shown, self._order)
        self.query_one(FilterBar).count(len(passed), len(self._every))
        self._show_note()
        self._show_marks()

    @property
    def _columns(self) -> Layout:
        return layout(self.app.size.width - _SCROLLBAR, hosts=bool(self.desk.far))

    def _facts_of(self, row: Row) -> Facts:
        said = words.row(row)
        newer = self._releases.newer(words.reference(said, row.wanted))
        if isinstance(row, FarRow):
            lost = row.error is not None
            return Facts(row=row, said=said, span=HISTORY, newer=newer, lost=lost)
        container = row.container
        running = container is not None and container.running
        return Facts(
            row=row,
            said=said,
            # A copy: samples come in another thread.
            samples=tuple(self.desk.samples.get(row.profile, ())) if running else (),
            span=HISTORY,
            newer=newer,
            lost=self.desk.lost is not None,
        )

    def _line(self, facts: Facts, shown: Layout) -> Line:
        key = facts.key
        marked = key in self._marked
        return Line(name=key, cells=cells(facts, shown), marked=marked)

    def _passes(self, facts: Facts) -> bool:
        return self._pattern is None or self._pattern.matches(text(facts))

    def _show_banners(self) -> None:
        problems = [words.problem(one) for one in self.desk.problems]
        silent = dict.fromkeys(one.error for one in self.desk.far if one.error)
        self.query_one("#problems", Banner).tell(
            [*problems, *map(words.problem, silent)]
        )
        alarms = words.license_alarms({one.key: one.said for one in self._every})
        self.query_one("#licenses", Banner).tell(alarms)

    def _show_note(self) -> None:
        """Say why there is no row, where there is none."""
        note = self.query_one("#note", Static)
        note.display = not self._facts
        self.query_one(FleetHeader).display = bool(self._facts)
        if self._facts:
            return
        desk = self.desk
        if desk.far or (desk.rows and desk.lost is None):
            note.update("No row matches the filter; Esc clears it.")
        elif desk.lost is not None:
            note.update(f"{desk.lost.message}\n\nTrying to reconnect …")
        elif desk.engine is None:
            note.update("Connecting to the Engine …")
        else:
            note.update(_EMPTY)

    def _show_marks(self) -> None:
        marked = len(self._marked & self._facts.keys())
        self.crumb = f"fleet, {marked} marked" if marked else "fleet"
        self.query_one(Crumbs).show()
        self._show_verbs()

    @on(FleetTable.Moved)
    def _show_verbs(self) -> None:
        """Draw the footer anew where other verbs can be done now."""
        doable = tuple(self.why_not(verb.action) is None for verb in VERBS)
        if doable != self._doable:
            self._doable = doable
            self.refresh_bindings()

    def on_resize(self) -> None:
        self._show_rows()

    # -- what containers use ------------------------------------------------------

    def on_screen_suspend(self) -> None:
        self._ticker.pause()
        self._measure_none()

    def on_screen_resume(self) -> None:
        self._ticker.resume()
        self.call_after_refresh(self._measure)

    def _tick(self) -> None:
        self._measure()
        if self._order.live:
            self._show_rows()
            return
        table, shown = self.query_one(FleetTable), self._columns
        for name in table.in_view:
            facts = self._facts[name] = self._facts_of(self._facts[name].row)
            table.update_line(self._line(facts, shown))

    def _measure(self) -> None:
        """Follow what the running containers use that can be seen, and no other."""
        engine = self.desk.engine
        if engine is None or self.desk.lost is not None or not self.is_current:
            self._measure_none()
            return
        if self._meters is None or self._measured is not engine:
            from csctl.lifecycle.meters import Meters

            self._measure_none()
            self._measured, self._meters = engine, Meters(engine, self.desk.keep)
        self._meters.follow(tuple(self._measurable()))

    def _measurable(self) -> Iterator[str]:
        for name in self.query_one(FleetTable).in_view:
            if self._facts[name].measurable:
                yield self._facts[name].name

    def _measure_none(self) -> None:
        # Not closed: that waits for the threads.
        if self._meters is not None:
            self._meters.follow(())

    # -- keys ---------------------------------------------------------------------

    @on(FleetTable.Opened)
    def _open(self, message: FleetTable.Opened) -> None:
        doors.open_details(self.csctl, message.name)

    @on(FleetTable.Marked)
    def _mark(self, message: FleetTable.Marked) -> None:
        self._marked ^= {message.name}
        self._show_rows()

    @on(FilterBar.Changed)
    def _filter(self, message: FilterBar.Changed) -> None:
        self._pattern = message.pattern
        self._show_rows()
        self._measure()

    @on(FilterBar.Kept)
    def _go_to_rows(self) -> None:
        self.query_one(FleetTable).focus()

    @on(FleetHeader.Clicked)
    def _sort_by(self, message: FleetHeader.Clicked) -> None:
        self._sort(self._order.by(message.key))

    def _sort(self, order: Order) -> None:
        self._order = order
        self._show_rows()

    def action_filter(self) -> None:
        self.query_one(FilterBar).edit()

    def action_sort_next(self) -> None:
        self._sort(self._order.after(self._columns.keys))

    def action_sort_backwards(self) -> None:
        self._sort(self._order.by(self._order.key))

    def action_clear(self) -> None:
        bar = self.query_one(FilterBar)
        if self._marked and not bar.editing:
            self._marked.clear()
            self._show_rows()
            return
        bar.clear()
        self._go_to_rows()
