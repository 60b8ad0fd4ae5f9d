"""A table of rows to choose from: the keys of vi, and columns that share the room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from csctl.contract.dialects import printable

Column = tuple[str, int | None]
"""A header and its width; None shares what the others leave."""

_LEAST = 8


class Listing(DataTable[Text], inherit_bindings=False):
    """Rows by key; the cursor stays on its row whatever changes around it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "cursor_down", tooltip="Go down", show=False),
        Binding("up,k", "cursor_up", tooltip="Go up", show=False),
        Binding("right", "cursor_right", tooltip="Scroll right", show=False),
        Binding("left", "cursor_left", tooltip="Scroll left", show=False),
        Binding("g,home", "scroll_top", tooltip="Go to the first row", show=False),
        Binding("G,end", "scroll_bottom", tooltip="Go to the last row", show=False),
        Binding("pagedown", "page_down", tooltip="A page down", show=False),
        Binding("pageup", "page_up", tooltip="A page up", show=False),
        Binding("ctrl+d", "half(1)", tooltip="Half a page down", show=False),
        Binding("ctrl+u", "half(-1)", tooltip="Half a page up", show=False),
    ]

    def __init__(self, *columns: Column, id: str | None = None) -> None:
        super().__init__(cursor_type="row", id=id)
        self._wanted = columns
        self._filled: dict[str, tuple[Text, ...]] = {}
        self._widths: list[int] = []

    def on_resize(self) -> None:
        widths = self._shared(self.size.width)
        if widths != self._widths:
            self._widths = widths
            self._redraw()

    def fill(self, rows: Mapping[str, Sequence[str | Text]]) -> None:
        """Show these rows by key, in this order; only cells that changed are drawn."""
        filled = {key: tuple(map(_cell, cells)) for key, cells in rows.items()}
        before, self._filled = self._filled, filled
        if list(before) != list(filled):
            self._redraw()
            return
        for key, cells in filled.items():
            for index, cell in enumerate(cells):
                if self.columns and cell != before[key][index]:
                    self.update_cell(key, str(index), cell)

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        return next(iter(list(self._filled)[self.cursor_row :]), None)

    def choose(self, key: str) -> None:
        """Put the cursor on a row, if it is there."""
        if key in self._filled and self.columns:
            self.move_cursor(row=list(self._filled).index(key))

    def action_half(self, pages: int) -> None:
        step = max(1, self.size.height // 2)
        self.move_cursor(row=max(0, self.cursor_row + pages * step))

    def _redraw(self) -> None:
        if not self._widths:
            return  # It has no size yet.
        chosen, top = self._under_cursor(), self.scroll_y
        self.clear(columns=True)
        for index, ((label, _), width) in enumerate(
            zip(self._wanted, self._widths, strict=True)
        ):
            self.add_column(Text(label), width=width, key=str(index))
        for key, cells in self._filled.items():
            self.add_row(*cells, key=key)
        if chosen is not None:
            self.choose(chosen)
            self.scroll_to(y=top, animate=False)

    def _under_cursor(self) -> str | None:
        if not self.is_valid_row_index(self.cursor_row):
            return None
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value

    def _shared(self, width: int) -> list[int]:
        fixed = sum(one for _, one in self._wanted if one is not None)
        sharing = sum(one is None for _, one in self._wanted)
        room = width - fixed - 2 * self.cell_padding * len(self._wanted)
        share = max(_LEAST, room // sharing if sharing else 0)
        return [share if one is None else one for _, one in self._wanted]


def _cell(value: str | Text) -> Text:
    cell = Text(printable(value)) if isinstance(value, str) else value
    cell.no_wrap, cell.overflow = True, "ellipsis"
    return cell
