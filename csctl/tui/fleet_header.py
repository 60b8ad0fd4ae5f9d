"""The titles above the fleet; one tells the order, and a click changes it."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from csctl.tui.fleet_cells import fit
from csctl.tui.fleet_columns import GAP, GUTTER, Layout
from csctl.tui.fleet_order import Order


class FleetHeader(Static):
    """The titles of the columns."""

    @dataclass
    class Clicked(Message):
        """A column is to give the order."""

        key: str

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._titles = Layout(columns=())

    def show(self, layout: Layout, order: Order) -> None:
        """Draw these titles."""
        self._titles = layout
        line = Text(" " * GUTTER, no_wrap=True, overflow="crop")
        for column, width in layout.columns:
            text = fit(column.title, width)
            if column.key == order.key:
                text = fit(column.title, width - 1).rstrip()
                text = fit(text + ("▼" if order.backwards else "▲"), width)
            line.append(text).append(" " * GAP)
        self.update(line)

    def on_click(self, event: Click) -> None:
        key = self._titles.at(event.x)
        if key is not None:
            self.post_message(self.Clicked(key))
