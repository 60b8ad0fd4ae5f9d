"""The line in which a filter is typed, with what it lets through."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from csctl.errors import InvalidValue
from csctl.tui.pattern import TOO_SLOW, Pattern


class FilterBar(Horizontal):
    """A filter: there while one types it, and as long as it hides anything."""

    @dataclass
    class Changed(Message):
        """Another filter holds from now on; None lets everything through."""

        pattern: Pattern | None

    class Kept(Message):
        """The filter is to stay as it is."""

    def __init__(self) -> None:
        super().__init__()
        self._pattern: Pattern | None = None

    def compose(self) -> ComposeResult:
        yield Static("/", id="sign")
        yield Input(
            compact=True,
            select_on_focus=False,
            placeholder="regular expression; ! before it inverts",
        )
        yield Static(id="passed", markup=False)

    def on_mount(self) -> None:
        self.display = False

    @property
    def editing(self) -> bool:
        """Whether it is being typed right now."""
        return self.query_one(Input).has_focus

    def edit(self) -> None:
        """Let it be typed."""
        self.display = True
        # At once: the next key is meant for it already.
        self.screen.set_focus(self.query_one(Input))

    def clear(self) -> None:
        """Let everything through, and go."""
        self.query_one(Input).value = ""
        self.display = False

    def count(self, shown: int, all_: int) -> None:
        """Say how many rows it lets through."""
        if self.has_class("-wrong"):
            return
        slow = self._pattern is not None and self._pattern.too_slow
        said = f"✗ {TOO_SLOW}" if slow else f"{shown} of {all_}"
        self.query_one("#passed", Static).update(said)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        try:
            # Whoever typed only the `!` is not done yet.
            typed = event.value not in ("", "!")
            pattern = Pattern.parse(event.value) if typed else None
        except InvalidValue as error:
            self.add_class("-wrong")
            self.query_one("#passed", Static).update(f"✗ {error.message}")
            return
        self.remove_class("-wrong")
        self._pattern = pattern
        self.post_message(self.Changed(pattern))

    @on(Input.Submitted)
    def _kept(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value:
            self.clear()
        self.post_message(self.Kept())
