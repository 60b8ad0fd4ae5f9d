"""The last line of every screen: the keys that do something now."""

from __future__ import annotations

from collections.abc import Iterator

from rich.style import Style
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
        style = self.get_component_rich_style("keys--key")
        line = Text(no_wrap=True, overflow="crop")
        for one in self._shown():
            line.append_text(self._told(one, style)).append(" " * _GAP)
        return line

    def on_click(self, event: Click) -> None:
        """A click is the key."""
        end = 0
        for one in self._shown():
            begin, end = end, end + self._told(one, Style.null()).cell_len
            if begin <= event.x < end:
                self.app.simulate_key(one.binding.key)
            end += _GAP

    def _shown(self) -> Iterator[ActiveBinding]:
        """One key of each action."""
        actions = set()
        for one in self.screen.active_bindings.values():
            if one.binding.show and one.binding.action not in actions:
                actions.add(one.binding.action)
                yield one

    def _told(self, one: ActiveBinding, style: Style) -> Text:
        key = self.app.get_key_display(one.binding)
        told = Text.assemble((key, style), f" {one.binding.description}")
        if not one.enabled:
            told.stylize("dim")
        return told
