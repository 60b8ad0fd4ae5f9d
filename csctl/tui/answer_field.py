"""One question of a form: a label, a field, and a line of help or of what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Select, Static

from csctl.profile.template import REQUIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for; `name` is the answer's."""

    name: str
    label: str
    help: str
    options: tuple[str, ...] = ()
    """The answers there are; without any it is typed."""
    start: str = ""
    """The answer before anything is typed."""


class AnswerField(Vertical):
    """A question and its answer as it stands."""

    class Changed(Message):
        """Another answer was given."""

        def __init__(self, field: AnswerField) -> None:
            super().__init__()
            self.field = field

    def __init__(self, question: Question) -> None:
        super().__init__(id=question.name.replace("_", "-"))
        self.question = question
        self.answer = question.start
        self.touched = False
        """Whether somebody answered, or tried to go on without."""
        self._told = ""

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(self.question.label, classes="label", markup=False)
            yield from self._entry()
        yield Static(classes="told", markup=False)

    def _entry(self) -> Iterator[Input | Select[str]]:
        asked = self.question
        if asked.options:
            pairs = [(one, one) for one in asked.options]
            yield Select(pairs, allow_blank=False, value=asked.start, compact=True)
        else:
            yield Input(asked.start, compact=True, select_on_focus=False)

    def enter(self) -> None:
        """Let the answer be typed or chosen."""
        self.query_one("Input, Select").focus()

    @property
    def changed(self) -> bool:
        """Whether the answer is other than it was at first."""
        return self.answer != self.question.start

    def suggest(self, answer: str) -> None:
        """Put an answer in, unless somebody gave one."""
        if not self.touched and answer != self.answer:
            self.answer = answer
            with self.prevent(Input.Changed):
                self.query_one(Input).value = answer

    def show(self, problem: str | None) -> None:
        """Say what is wrong; a gap that nobody came to yet is only marked."""
        wrong = problem is not None and (self.touched or problem != REQUIRED)
        text = self.question.help
        if wrong:
            text = f"✗ {problem}"
        elif problem is not None:
            text = f"{problem}: {text}"
        if text != self._told:  # Each line that is drawn anew costs a layout.
            self._told = text
            self.set_class(wrong, "-wrong")
            self.query_one(".told", Static).update(text)

    @on(Input.Changed)
    @on(Select.Changed)
    def _answered(self, event: Input.Changed | Select.Changed) -> None:
        event.stop()
        if event.value != self.answer:
            self.answer, self.touched = str(event.value), True
            self.post_message(self.Changed(self))
