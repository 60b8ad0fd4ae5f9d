"""Asking before anything changes: the answer is no unless somebody says yes."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static


class ConfirmDialog(ModalScreen[bool]):
    """A question with its details; Cancel has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,q,ctrl+c", "answer(False)", "No", tooltip="Answer no"),
        Binding("y", "answer(True)", "Yes", tooltip="Answer yes"),
        Binding(
            "left,right",
            "app.focus_next",
            show=False,
            tooltip="Go to the other answer",
        ),
        Binding("j,down", "scroll(1)", show=False, tooltip="Details: go down"),
        Binding("k,up", "scroll(-1)", show=False, tooltip="Details: go up"),
        Binding("pagedown", "page(1)", show=False, tooltip="Details: a page down"),
        Binding("pageup", "page(-1)", show=False, tooltip="Details: a page up"),
    ]

    def __init__(
        self, question: str, *, detail: str = "", yes: str = "Yes", no: str = "Cancel"
    ) -> None:
        super().__init__()
        self._question, self._detail = question, detail
        self._yes, self._no = yes, no

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="question", markup=False)
            if self._detail:
                with VerticalScroll(can_focus=False):
                    yield Static(self._detail, markup=False)
            with Horizontal(classes="answers"):
                yield Button(self._no, id="no", compact=True)
                yield Button(self._yes, id="yes", variant="warning", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:  # noqa: FBT001 - Textual's call
        self.dismiss(answer)

    def action_scroll(self, lines: int) -> None:
        for box in self.query(VerticalScroll):
            box.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        for box in self.query(VerticalScroll):
            box.scroll_relative(y=pages * box.size.height, animate=False)


class TypedDialog(ModalScreen[bool]):
    """For what cannot be undone: the answer is a word, typed in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "cancel", "No", tooltip="Answer no"),
    ]

    def __init__(self, question: str, *, word: str, detail: str = "") -> None:
        super().__init__()
        self._question, self._word, self._detail = question, word, detail

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(self._question, classes="question", markup=False)
            if self._detail:
                with VerticalScroll(can_focus=False):
                    yield Static(self._detail, markup=False)
            yield Static(f"Type {self._word} to go on, Esc to cancel:", markup=False)
            yield Input(compact=True)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip() == self._word:
            self.dismiss(result=True)
        else:
            self.notify(f"that is not {self._word}", severity="warning", timeout=3)

    def action_cancel(self) -> None:
        self.dismiss(result=False)
