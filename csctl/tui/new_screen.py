"""A new profile: questions, what the file will say, and the file written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Input, Static

from csctl.errors import CsctlError
from csctl.lifecycle.profiles import create
from csctl.profile.template import KEY_FORMS, Answers, commented, problems
from csctl.reference import SPEECH_TO_TEXT
from csctl.tui.answer_field import AnswerField, Question
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.rewrite import offer_plan
from csctl.tui.screen import CsctlScreen
from csctl.tui.verb import BY_ACTION

_FILE = "file"
_DISCONNECTED = ("license_endpoint", "license_key_form", "license_key", "valid_for")
"""Answers that only a disconnected container has."""

QUESTIONS = (
    Question(name="name", label="Name", help="the container's name: contoso-en-us"),
    Question(
        name="image",
        label="Image",
        help="with an exact tag, or `newest` for the highest release",
        start=str(SPEECH_TO_TEXT),
    ),
    Question(
        name="mode",
        label="Mode",
        help="disconnected needs a license, connected the internet",
        options=("disconnected", "connected"),
        start="disconnected",
    ),
    Question(name="model", label="Model id", help="a GUID; or the locale below"),
    Question(
        name="base_locale",
        label="Base model",
        help="a locale such as en-US, for its newest base model",
    ),
    Question(
        name="data",
        label="Data",
        help="directory for models, license and usage records",
    ),
    Question(
        name="billing_endpoint",
        label="Speech resource",
        help="https://NAME.cognitiveservices.azure.com, to download and to serve",
    ),
    Question(
        name="billing_key_form",
        label="Its key is in",
        help="an environment variable, a file, or what a command prints",
        options=KEY_FORMS,
        start=KEY_FORMS[0],
    ),
    Question(
        name="billing_key",
        label="Named",
        help="variable (SPEECH_KEY if empty), path or command; never the key itself",
    ),
    Question(
        name="license_endpoint",
        label="DC0 resource",
        help="https://NAME.cognitiveservices.azure.com, for the license",
    ),
    Question(
        name="license_key_form",
        label="Its key is in",
        help="an environment variable, a file, or what a command prints",
        options=KEY_FORMS,
        start=KEY_FORMS[0],
    ),
    Question(
        name="license_key",
        label="Named",
        help="variable (SPEECH_DC0_KEY if empty), path or command",
    ),
    Question(
        name="valid_for",
        label="License lasts",
        help="such as 30d, if you know: csctl never invents an end",
    ),
    Question(
        name="display_types",
        label="Display models",
        help="full, or some of punct rescore resegment wfstitn; empty for none",
    ),
    Question(name="display_locale", label="Their locale", help="such as en-US, if any"),
    Question(name="cpus", label="CPUs", help="cores: 4 at least, 8 recommended"),
    Question(
        name="memory", label="Memory", help="such as 16g: 4 GB, and 4 to 8 for a model"
    ),
    Question(name="decoders", label="Decoders", help="streams side by side"),
    Question(
        name="port", label="Port", help="PORT or ADDRESS:PORT; 127.0.0.1:5000 if empty"
    ),
    Question(name=_FILE, label="File", help="where the profile is written"),
)


class AnswerForm(VerticalScroll, inherit_bindings=False, can_focus=False):
    """The questions below each other; it scrolls to the one that has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", show=False, tooltip="Next question"),
        Binding("up", "app.focus_previous", show=False, tooltip="Question before"),
        Binding("pagedown", "page_down", show=False, tooltip="A page down"),
        Binding("pageup", "page_up", show=False, tooltip="A page up"),
    ]


class NewScreen(CsctlScreen):
    """The form on the left, or alone; the file's text on the right, or behind a key."""

    crumb = "new profile"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+s", "write", "Write", tooltip="Write the file, and offer the plan"
        ),
        Binding(
            "f2,ctrl+t", "preview", "Preview", tooltip="Show the text, or the questions"
        ),
    ]

    def content(self) -> ComposeResult:
        with Horizontal():
            with AnswerForm():
                for question in QUESTIONS:
                    yield AnswerField(question)
            with VerticalScroll(id="preview"):
                yield Static(markup=False)

    def on_mount(self) -> None:
        self._check()
        self._field("name").enter()

    # -- what was answered ------------------------------------------------------------

    @property
    def answers(self) -> Answers:
        """What was answered, without what the mode has no use for."""
        given = {one.question.name: one.answer for one in self._fields}
        if not self._disconnected:
            given |= dict.fromkeys(_DISCONNECTED, "")
        elif not (given["license_endpoint"] or given["license_key"]):
            given["license_key_form"] = ""  # A license may come by hand.
        if not (given["billing_endpoint"] or given["billing_key"]):
            given["billing_key_form"] = ""
        del given[_FILE]
        return Answers(**given)

    @property
    def path(self) -> Path:
        """Where the profile is to be written."""
        return Path(self._field(_FILE).answer.strip())

    @property
    def _fields(self) -> list[AnswerField]:
        return list(self.query(AnswerField))

    @property
    def _disconnected(self) -> bool:
        return self._field("mode").answer == "disconnected"

    def _field(self, name: str) -> AnswerField:
        return self.query_one(f"#{name.replace('_', '-')}", AnswerField)

    @on(AnswerField.Changed)
    def _check(self) -> None:
        name = self._field("name").answer.strip() or "NAME"
        self._field(_FILE).suggest(str(self.desk.folder / f"{name}.yaml"))
        for hidden in _DISCONNECTED:
            self._field(hidden).display = self._disconnected
        wrong = self._problems()
        for one in self._fields:
            one.show(wrong.get(one.question.name))
        self._show_text()

    def _show_text(self) -> None:
        if self.query_one("#preview").region:
            text = commented(self.answers)
            self.query_one("#preview Static", Static).update(text)

    def _problems(self) -> dict[str, str]:
        path = self.path
        found = dict(problems(self.answers, self.desk.environ, path.parent))
        if os.path.lexists(path):
            found[_FILE] = "exists already: name another file"
        elif not path.parent.is_dir():
            found[_FILE] = f"{path.parent} is no directory"
        return found

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_text)

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    # -- keys -------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in BY_ACTION or (action == "write" and self.desk.read_only):
            return False
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str | None:
        return super().why_not(action) or "write the profile first, or leave the form"

    def action_preview(self) -> None:
        self.toggle_class("-preview")
        if self.has_class("-preview"):
            self.query_one("#preview").focus()
            self.call_after_refresh(self._show_text)
        else:
            self._field("name").enter()

    def action_write(self) -> None:
        for one in self._fields:
            one.touched = True
        self._check()
        wrong = self._problems()
        if wrong:
            self._show_first(wrong)
            return
        answers, path = self.answers, self.path
        try:
            self.desk.require_changes()
            create(path, commented(answers))
            self.desk.add(path)
        except CsctlError as error:
            self.csctl.fail(error, title="New profile")
            return
        app, name = self.csctl, answers.name.strip()
        app.pop_screen()
        offer_plan(app, name, f"{path} is written.")

    def _show_first(self, wrong: dict[str, str]) -> None:
        self.remove_class("-preview")
        first = next(one for one in self._fields if one.question.name in wrong)
        first.enter()
        count = f"{len(wrong)} answers are" if len(wrong) > 1 else "one answer is"
        self.notify(f"{count} missing or wrong", severity="warning", timeout=4)

    def action_back(self) -> None:
        if not any(one.touched and one.changed for one in self._fields):
            super().action_back()
            return

        dialog = ConfirmDialog(
            "Leave the form? What was answered is lost.", yes="Leave", no="Stay"
        )
        leave = super().action_back
        self.app.push_screen(dialog, lambda answer: leave() if answer else None)
