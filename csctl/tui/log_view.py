"""The view of a log: follows it, or stays where one reads; finds and thins out lines.

It draws only the rows that are seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from csctl.lifecycle.follow import Entry
from csctl.tui.log_text import LogText, Span
from csctl.tui.pattern import Expression, Pattern

_ASIDE = 8
"""So many columns a step to the side goes."""


class LogView(ScrollView, can_focus=True):
    """The lines of a ring; the newest are in view while `following`."""

    # Find, filter and save are the screen's; here the footer shows them first.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash",
            "screen.ask_find",
            "Find",
            tooltip="Find an expression",
            priority=True,
        ),
        Binding("n", "find(1)", "Next", tooltip="To the next hit", show=False),
        Binding("N", "find(-1)", "Previous", tooltip="To the hit before", show=False),
        Binding(
            "f,ampersand",
            "screen.ask_filter",
            "Filter",
            tooltip="Show only the lines that match; ! before it: all but those",
        ),
        Binding(
            "exclamation_mark",
            "screen.invert",
            tooltip="Show what the filter hides, and hide what it shows",
            show=False,
        ),
        Binding("w", "wrap", "Wrap", tooltip="Wrap long lines, or do not"),
        Binding("t", "stamps", "Times", tooltip="Show when each line was written"),
        Binding(
            "ctrl+s",
            "screen.save",
            "Save",
            tooltip="Save the log to a new file, never over another; so it is there"
            " with --read-only as well",
        ),
        Binding("G,end", "follow", "Follow", tooltip="Follow the newest lines again"),
        Binding("home,g", "oldest", tooltip="Go to the oldest line", show=False),
        Binding("up,k", "move(-1)", tooltip="Go up; following pauses", show=False),
        Binding("down,j", "move(1)", tooltip="Go down", show=False),
        Binding("pageup", "page(-2)", tooltip="A page up", show=False),
        Binding("pagedown", "page(2)", tooltip="A page down", show=False),
        Binding("ctrl+u", "page(-1)", tooltip="Half a page up", show=False),
        Binding("ctrl+d", "page(1)", tooltip="Half a page down", show=False),
        Binding("left,h", "aside(-1)", tooltip="To the left, unwrapped", show=False),
        Binding("right", "aside(1)", tooltip="To the right, unwrapped", show=False),
    ]
    COMPONENT_CLASSES: ClassVar = {
        "log-view--line",
        "log-view--stamp",
        "log-view--mark",
        "log-view--hit",
        "log-view--current",
    }
    DEFAULT_CSS = """
    LogView {
        overflow-x: auto;
        overflow-y: scroll;
        scrollbar-size: 0 1;
    }
    LogView > .log-view--stamp {
        color: $foreground 60%;
    }
    LogView > .log-view--mark {
        color: $primary;
        text-style: bold;
    }
    LogView > .log-view--hit {
        background: $warning 30%;
        text-style: underline;
    }
    LogView > .log-view--current {
        text-style: bold reverse;
    }
    """

    class Changed(Message):
        """Something else is in view, or counts differ."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.Changed)

    def __init__(self) -> None:
        super().__init__()
        self.text = LogText()
        self.following = True
        self.unseen = 0
        """How many lines came below while it was paused."""
        self._placing = False
        self._anchor: int | None = None
        """The line that was at the top when a filter or a width came between."""

    def extend(self, entries: Iterable[Entry]) -> None:
        """Take new lines; what does not fit any more goes."""
        more, gone = self.text.extend(entries)
        if not self.following:
            self.unseen += more
        self._place(None if self.following else self.scroll_offset.y - gone)

    def filter(self, pattern: Pattern | None) -> None:
        """Show only the lines that match; None shows all."""
        self.text.only = pattern
        self._lay_out()

    def search(self, wanted: Expression | None) -> None:
        """Mark all that match; None marks nothing."""
        self.text.search(wanted)
        self._redraw()

    # -- where it is -----------------------------------------------------------------

    def _lay_out(self, **choices: bool) -> None:
        """Give all lines their rows anew; the line at the top stays there."""
        self._anchor = top = self._top if self._anchor is None else self._anchor
        self.text.lay_out(columns=self._columns, **choices)
        rows = self.text.rows
        self._place(None if self.following else rows.row_of(top) - rows.first)

    @property
    def _top(self) -> int:
        """The number of the line at the top."""
        rows = self.text.rows
        found = rows.at(rows.first + self.scroll_offset.y)
        return found[0] if found else self.text.ring.first

    def _place(self, row: int | None) -> None:
        """Show the rows from this one on, or with None the last ones."""
        with self._held():
            width = 0 if self.text.typeset.wrapped else self.text.widest
            self.virtual_size = Size(width, len(self.text.rows))
            y = self.max_scroll_y if row is None else row
            self.scroll_to(y=y, animate=False, force=True)
        self._redraw()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Scroll without being taken for somebody who reads."""
        self._placing = True
        try:
            yield
        finally:
            self._placing = False

    def _redraw(self) -> None:
        self.refresh()
        self.post_message(self.Changed())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._placing:
            return
        # A view that grows is pushed up as well, but never away from the end.
        at_end = new_value >= self.max_scroll_y
        if at_end == (new_value > old_value):
            self._follow(at_end=at_end)

    def _follow(self, *, at_end: bool) -> None:
        self.following, self._anchor = at_end, None
        if at_end:
            self.unseen = 0
        self.post_message(self.Changed())

    def on_resize(self, event: events.Resize) -> None:  # noqa: ARG002
        self._lay_out()

    # -- keys ------------------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        self.scroll_relative(y=rows, animate=False, immediate=True)

    def action_page(self, halves: int) -> None:
        half = max(1, self._visible // 2)
        self.action_move(halves * half)

    def action_oldest(self) -> None:
        self.scroll_to(y=0, animate=False)

    def action_follow(self) -> None:
        self._follow(at_end=True)
        self._place(None)

    def action_aside(self, steps: int) -> None:
        x = self.scroll_offset.x + steps * _ASIDE
        self.scroll_to(x=min(max(0, x), self.max_scroll_x), animate=False, force=True)

    def action_wrap(self) -> None:
        self.scroll_to(x=0, animate=False, force=True)
        self._lay_out(wrapped=not self.text.typeset.wrapped)

    def action_stamps(self) -> None:
        self._lay_out(stamped=not self.text.typeset.stamped)

    def action_find(self, step: int) -> None:
        """Go to the next hit, or with -1 to the one before; round at the ends."""
        found = self.text.find(step, self._top)
        if found is not None:
            self._show(found)

    def _show(self, number: int) -> None:
        """Bring a line into view, with what is around it; following pauses."""
        self._follow(at_end=False)
        row = self.text.rows.row_of(number) - self.text.rows.first
        top, height = self.scroll_offset.y, self._visible
        self._place(top if top <= row < top + height else row - height // 3)

    # -- drawing ---------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        base = self.get_component_rich_style("log-view--line")
        width = self._columns
        row = self.text.row(self.text.rows.first + self.scroll_offset.y + y)
        if row is None:
            return Strip.blank(width, base)
        left = self.scroll_offset.x
        return self._strip(*row, base).crop_extend(left, left + width, base)

    def _strip(self, text: str, spans: Iterable[Span], base: Style) -> Strip:
        segments, begin = [], 0
        for start, stop, kind in spans:
            style = self.get_component_rich_style(f"log-view--{kind}")
            segments += [
                Segment(text[begin:start], base),
                Segment(text[start:stop], style),
            ]
            begin = stop
        return Strip([*segments, Segment(text[begin:], base)])

    @property
    def _visible(self) -> int:
        """How many rows are seen."""
        return self.scrollable_content_region.height

    @property
    def _columns(self) -> int:
        return max(2, self.scrollable_content_region.width)
