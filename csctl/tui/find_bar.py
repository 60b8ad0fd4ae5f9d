"""The line in which one types what to find, or which lines to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static


class FindBar(Horizontal):
    """Hidden until somebody asks; `asked` says for what."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(False)", "Cancel", tooltip="As it was before"),
    ]
    DEFAULT_CSS = """
    FindBar {
        height: 1;
        display: none;
        background: $panel;
    }
    FindBar.-open {
        display: block;
    }
    FindBar Static {
        width: auto;
        max-width: 50%;
        padding: 0 1;
    }
    FindBar Input {
        width: 1fr;
    }
    """

    @dataclass
    class Typed(Message):
        """The text is another one."""

        asked: str
        text: str

    @dataclass
    class Left(Message):
        """It is closed; `keep` tells whether what was typed counts."""

        asked: str
        keep: bool

    def __init__(self) -> None:
        super().__init__()
        self.asked = ""
        self._wrong = False

    def compose(self) -> ComposeResult:
        yield Static(id="asked", markup=False)
        yield Input(compact=True)
        yield Static(id="said", markup=False)

    def open(self, asked: str, text: str) -> None:
        """Ask, beginning with a text."""
        self.asked = asked
        self.query_one("#asked", Static).update(asked)
        self.say("")
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        self.add_class("-open")
        # At once: the next key is meant for it already.
        self.screen.set_focus(field)

    def say(self, text: str) -> None:
        """How much the text finds."""
        self._wrong = False
        self.query_one("#said", Static).update(text)

    def refuse(self, text: str) -> None:
        """What is wrong with the text; Enter does nothing until it is mended."""
        self._wrong = True
        self.query_one("#said", Static).update(text)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(self.asked, event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self._wrong:
            self.action_leave(True)  # noqa: FBT003 - Textual's call

    def action_leave(self, keep: bool) -> None:  # noqa: FBT001 - Textual's call
        self.remove_class("-open")
        self.post_message(self.Left(self.asked, keep))
