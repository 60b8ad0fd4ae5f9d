"""The table of the fleet: lines of cells, a cursor that stays on its row, marks.

It draws its own lines, since a DataTable draws all of them for each cell that
changes, and there are some every second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from csctl.tui.fleet_cells import Cell
from csctl.tui.fleet_columns import GAP

_MARK = "◆"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row as it is drawn."""

    name: str
    cells: tuple[Cell, ...]
    marked: bool = False


class FleetTable(ScrollView, can_focus=True):
    """Lines, one of which has the cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "fleet--line",
        "fleet--cursor",
        "fleet--mark",
        "fleet--well",
        "fleet--busy",
        "fleet--wrong",
        "fleet--faint",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", tooltip="Show the row in full", show=False),
        Binding("space", "mark", show=False, tooltip="Mark the row for the next verb"),
        Binding("j,down", "move(1)", show=False, tooltip="Go to the next row"),
        Binding("k,up", "move(-1)", show=False, tooltip="Go to the row before"),
        Binding("g,home", "go(0)", show=False, tooltip="Go to the first row"),
        Binding("G,end", "go(-1)", show=False, tooltip="Go to the last row"),
        Binding("pagedown", "page(1.0)", show=False, tooltip="Go a page down"),
        Binding("pageup", "page(-1.0)", show=False, tooltip="Go a page up"),
        Binding("ctrl+d", "page(0.5)", show=False, tooltip="Go half a page down"),
        Binding("ctrl+u", "page(-0.5)", show=False, tooltip="Go half a page up"),
    ]

    class Moved(Message):
        """The cursor is on another row."""

    @dataclass
    class Opened(Message):
        """A row is to be shown in full."""

        name: str

    @dataclass
    class Marked(Message):
        """A row is to be marked, or not any more."""

        name: str

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[Line] = []
        self._index = 0

    # -- lines ------------------------------------------------------------------------

    @property
    def cursor(self) -> str | None:
        """The name of the row with the cursor."""
        return self._lines[self._index].name if self._lines else None

    @property
    def in_view(self) -> tuple[str, ...]:
        """The names of the rows that can be seen."""
        top = self.scroll_offset.y
        return tuple(line.name for line in self._lines[top : top + self.size.height])

    def show(self, lines: Sequence[Line]) -> None:
        """Draw these lines; the cursor stays on its row, or near where it was."""
        before, at = self._lines, self.cursor
        self._lines = list(lines)
        names = [line.name for line in lines]
        if names == [line.name for line in before]:
            for y, (old, new) in enumerate(zip(before, lines, strict=True)):
                if old != new:
                    self.refresh_line(y)
            return
        last = max(0, len(names) - 1)
        self._index = names.index(at) if at in names else min(self._index, last)
        self.virtual_size = Size(0, len(names))
        self.refresh()
        if self.cursor != at:
            self._follow_cursor()

    def update_line(self, line: Line) -> None:
        """Draw one row anew, where it is shown."""
        for y, old in enumerate(self._lines):
            if old.name == line.name:
                if old != line:
                    self._lines[y] = line
                    self.refresh_line(y)
                return

    def render_line(self, y: int) -> Strip:
        base = self.get_component_rich_style("fleet--line")
        y += self.scroll_offset.y
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[y]
        if y == self._index:
            base += self.get_component_rich_style("fleet--cursor", partial=True)
        mark = self.get_component_rich_style("fleet--mark", partial=True)
        segments = [Segment(_MARK if line.marked else " ", base + mark)]
        for cell in line.cells:
            style = base
            if cell.tone:
                tone = f"fleet--{cell.tone}"
                style += self.get_component_rich_style(tone, partial=True)
            segments += [Segment(cell.text, style), Segment(" " * GAP, base)]
        return Strip(segments).adjust_cell_length(width, base)

    # -- the cursor -------------------------------------------------------------------

    def _put_cursor(self, index: int) -> None:
        index = max(0, min(index, len(self._lines) - 1))
        if index == self._index or not self._lines:
            return
        self.refresh_line(self._index)
        self._index = index
        self.refresh_line(index)
        self._follow_cursor()

    def _follow_cursor(self) -> None:
        top, height = self.scroll_offset.y, max(1, self.size.height)
        wanted = min(max(top, self._index - height + 1), self._index)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False)
        self.post_message(self.Moved())

    def action_move(self, rows: int) -> None:
        self._put_cursor(self._index + rows)

    def action_go(self, index: int) -> None:
        self._put_cursor(index % max(1, len(self._lines)))

    def action_page(self, pages: float) -> None:
        self._put_cursor(self._index + round(pages * self.size.height))

    def action_open(self) -> None:
        if self.cursor is not None:
            self.post_message(self.Opened(self.cursor))

    def action_mark(self) -> None:
        if self.cursor is not None:
            self.post_message(self.Marked(self.cursor))
            self.action_move(1)

    def on_click(self, event: Click) -> None:
        y = event.y + self.scroll_offset.y
        if y < len(self._lines):
            self._put_cursor(y)
            if event.chain > 1:
                self.action_open()

    def on_resize(self) -> None:
        self.call_after_refresh(self._follow_cursor)
