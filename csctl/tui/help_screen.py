"""Help: the keys of the screen below, read from its bindings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from csctl.tui.screen import CsctlScreen
from csctl.tui.verb import BY_ACTION


class HelpScreen(ModalScreen[None]):
    """All keys that do something now, and those that could, with why they cannot."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape,q,question_mark,f1,ctrl+c",
            "dismiss",
            "Close",
            tooltip="Go back to the screen",
        ),
        Binding("j", "scroll(1)", show=False, tooltip="Go down"),
        Binding("k", "scroll(-1)", show=False, tooltip="Go up"),
        Binding("g", "end(False)", show=False, tooltip="Go to the first key"),
        Binding("G", "end(True)", show=False, tooltip="Go to the last key"),
        Binding("ctrl+d", "half(1)", show=False, tooltip="Half a page down"),
        Binding("ctrl+u", "half(-1)", show=False, tooltip="Half a page up"),
    ]

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        self._below = below

    def compose(self) -> ComposeResult:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", justify="right", max_width=18)
        table.add_column(ratio=1)
        for keys, words in self._rows():
            table.add_row(keys, words)
        with VerticalScroll(classes="dialog help") as box:
            box.border_title = "Keys"
            yield Static(table)

    def _rows(self) -> Iterator[tuple[str, Text]]:
        """Keys and what they do; keys of the same action stand together."""
        said: dict[tuple[str, str], list[ActiveBinding]] = {}
        for active in sorted(self._below.active_bindings.values(), key=self._rank):
            one = active.binding
            words = one.tooltip or one.description
            if words and not one.system:
                said.setdefault((one.action, words), []).append(active)
        for (_, words), bound in said.items():
            keys = (self.app.get_key_display(active.binding) for active in bound)
            told = Text(words)
            if why := self._why_not(bound[0]):
                told.append(f" (now: {why})", "dim")
            yield " ".join(dict.fromkeys(keys)), told

    def _rank(self, active: ActiveBinding) -> int:
        """What the screen does comes before how one moves in it."""
        if active.node is self.app:
            return 2
        return 0 if active.node is self._below else 1

    def _why_not(self, active: ActiveBinding) -> str | None:
        below, action = self._below, active.binding.action
        # A widget may call an action of its own as a verb is called.
        verb = active.node is below and action in BY_ACTION
        if verb and isinstance(below, CsctlScreen):
            return below.why_not(action)
        return None

    @property
    def _box(self) -> VerticalScroll:
        return self.query_one(VerticalScroll)

    def action_scroll(self, lines: int) -> None:
        self._box.scroll_relative(y=lines, animate=False)

    def action_half(self, pages: int) -> None:
        self.action_scroll(pages * max(1, self._box.size.height // 2))

    def action_end(self, last: bool) -> None:  # noqa: FBT001 - Textual's call
        if last:
            self._box.scroll_end(animate=False)
        else:
            self._box.scroll_home(animate=False)
