"""Asking for a file that is there; its name is completed as one types."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Button, Input, Static


class Completion(Suggester):
    """The first name in a folder that begins as what was typed, without hidden ones."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        folder, slash, begun = value.rpartition("/")
        try:
            names = sorted(
                f"{one.name}/" if one.is_dir() else one.name
                for one in Path(folder or slash or ".").expanduser().iterdir()
                if one.name.startswith(begun) and (begun or one.name[0] != ".")
            )
        except OSError:
            return None
        return f"{folder}{slash}{names[0]}" if names else None


class OpenDialog(ModalScreen[Path | None]):
    """A file's name; the right arrow completes it, Enter takes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "cancel", "Cancel", tooltip="Open nothing"),
    ]

    def __init__(self, question: str, folder: Path) -> None:
        super().__init__()
        self._question, self._folder = question, folder

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="question", markup=False)
            yield Input(
                f"{self._folder}/".replace("//", "/"),
                suggester=Completion(),
                select_on_focus=False,
                compact=True,
            )
            yield Static("→ completes the name, Enter takes it", markup=False)
            with Horizontal(classes="answers"):
                yield Button("Cancel", id="no", compact=True)
                yield Button("Open", id="yes", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _open(self) -> None:
        path = Path(self.query_one(Input).value.strip()).expanduser()
        if path.is_file():
            self.dismiss(path)
        else:
            self.notify(f"{path} is no file", severity="warning", timeout=3)

    @on(Button.Pressed, "#no")
    def action_cancel(self) -> None:
        self.dismiss(None)
