"""Asking where a log is to be written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Static


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to, and how much."""

    path: Path
    whole: bool
    """All that the Engine has, not only what is held here."""


class SaveDialog(ModalScreen[Target | None]):
    """A file's name; Enter saves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "cancel", "Cancel", tooltip="Save nothing"),
    ]

    def __init__(self, name: str, lines: int) -> None:
        super().__init__()
        self._suggested, self._lines = name, lines

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Save the log to a new file", classes="question")
            yield Input(self._suggested, compact=True)
            yield Checkbox(
                f"All that the Engine has, not only the {self._lines:,} lines here",
                compact=True,
            )
            with Horizontal(classes="answers"):
                yield Button("Cancel", id="no", compact=True)
                yield Button("Save", id="yes", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _save(self) -> None:
        name = self.query_one(Input).value.strip()
        if name:
            path = Path(name).expanduser()
            whole = self.query_one(Checkbox).value
            self.dismiss(Target(path=path, whole=whole))

    @on(Button.Pressed, "#no")
    def action_cancel(self) -> None:
        self.dismiss(None)
