"""The last line of every screen: the keys that do something now."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text
from textual.binding import ActiveBinding
from textual.events import Click
from textual.screen import Screen
from textual.widget import Widget

_GAP = 1


class Keys(Widget):
    """Keys with what they do; one that cannot be used now is dim.

    One widget: Textual's own footer makes one of each key whenever another can be used.
    """

    COMPONENT_CLASSES = {"keys--key"}  # noqa: RUF012 - as Textual declares it

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Text:
        line = Text(no_wrap=True)
        for _, told, _ in self._placed():
            line.append_text(told).append(" " * _GAP)
        return line

    def on_click(self, event: Click) -> None:
        """A click is the key."""
        for begin, told, one in self._placed():
            if begin <= event.x < begin + told.cell_len:
                self.app.simulate_key(one.binding.key)

    def _placed(self) -> Iterator[tuple[int, Text, ActiveBinding]]:
        """As many as there is room for, each with its column."""
        begin = 0
        for one in self._shown():
            told = self._told(one)
            if begin + told.cell_len > self.size.width:
                return
            yield begin, told, one
            begin += told.cell_len + _GAP

    def _shown(self) -> Iterator[ActiveBinding]:
        """One key of each action."""
        actions = set()
        for one in self.screen.active_bindings.values():
            if one.binding.show and one.binding.action not in actions:
                actions.add(one.binding.action)
                yield one

    def _told(self, one: ActiveBinding) -> Text:
        key = self.app.get_key_display(one.binding)
        style = self.get_component_rich_style("keys--key")
        told = Text.assemble((key, style), f" {one.binding.description}")
        if not one.enabled:
            told.stylize("dim")
        return told
