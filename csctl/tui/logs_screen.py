"""The log of one container: followed, searched, thinned out, saved."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from csctl.errors import CsctlError, InvalidValue
from csctl.lifecycle import far_log, saved_log
from csctl.lifecycle.far_row import FarRow
from csctl.lifecycle.follow import Entry, Mark, follow
from csctl.tui.find_bar import FindBar
from csctl.tui.log_view import LogView
from csctl.tui.pattern import TOO_SLOW, Pattern, expression
from csctl.tui.save_dialog import SaveDialog, Target
from csctl.tui.screen import CsctlScreen

_TAIL = 1000
_FIND, _FILTER = "find", "only lines with"
_PATIENCE = 0.2


class LogsScreen(CsctlScreen):
    """Lines as they come, over restarts and replacements of the container."""

    crumb = OWN_VERB = "logs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape",
            "clear",
            tooltip="Clear the filter, then the search, then go back",
            show=False,
        ),
    ]

    @dataclass
    class Came(Message):
        """Lines came."""

        entries: list[Entry]

    @dataclass
    class Failed(Message):
        """The log cannot be followed, or not be saved."""

        error: CsctlError

    @dataclass
    class Saved(Message):
        """A file was written."""

        text: str

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.crumb = f"logs of {name}"
        self._of = name
        self._far: FarRow | None = None
        self._ending = threading.Event()
        self._taken = threading.Semaphore(1)
        self._kept = ""
        """What was found or shown before one began to type."""

    def content(self) -> ComposeResult:
        yield LogView()
        yield Static(id="log-status", markup=False)
        yield FindBar()

    def on_mount(self) -> None:
        # In a flood Python looks for garbage among all objects every few seconds,
        # and no key is answered meanwhile: those that are there by now it leaves out.
        gc.freeze()
        self.view.focus()
        self._show_status()
        row = self.row
        self._far = row if isinstance(row, FarRow) else None
        self.follow_log()

    def on_unmount(self) -> None:
        self._ending.set()
        gc.unfreeze()

    @property
    def view(self) -> LogView:
        return self.query_one(LogView)

    # -- lines ---------------------------------------------------------------------

    @work(thread=True, exclusive=True, group="log")
    def follow_log(self) -> None:
        """Tell what comes until the screen is left."""
        try:
            for entries in self._entries():
                self._tell(entries)
        except CsctlError as error:
            self._tell([Mark(error.message)])
            self.post_message(self.Failed(error))

    def _entries(self) -> Iterator[list[Entry]]:
        if (row := self._far) is None:
            engine = self.desk.require_engine
            return follow(engine, self._of, self._ending, tail=_TAIL)
        environ = self.desk.environ
        return far_log.follow(row.host, row.name, environ, self._ending, tail=_TAIL)

    def _tell(self, entries: list[Entry]) -> None:
        """Hand lines over once those before were taken: nothing piles up between."""
        while not self._taken.acquire(timeout=_PATIENCE):
            if self._ending.is_set():
                return
        self.post_message(self.Came(entries))

    @on(Came)
    def _came(self, message: Came) -> None:
        self.view.extend(message.entries)
        self._taken.release()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        self.csctl.fail(message.error)

    # -- the line below --------------------------------------------------------------

    @on(LogView.Changed)
    def _show_status(self) -> None:
        # A layout would draw the whole screen anew for each handful of lines.
        self.query_one("#log-status", Static).update(self._status(), layout=False)

    def _status(self) -> Text:
        view = self.view
        state = "▼ following"
        if not view.following:
            state = "‖ paused" + (f", +{view.unseen:,} new" if view.unseen else "")
        parts = [Text(state, "bold")]
        if view.text.ring.first:
            parts.append(Text(f"{view.text.ring.first:,} lines dropped"))
        if view.text.only is not None:
            parts.append(Text(f"only {view.text.only.text}: {self._passed()}"))
        if view.text.wanted is not None:
            parts.append(Text(f"find {view.text.wanted.text}: {self._hits()}"))
        return Text("  ", no_wrap=True, overflow="ellipsis").join(parts)

    def _passed(self) -> str:
        view = self.view
        if view.text.only is not None and view.text.only.too_slow:
            return TOO_SLOW
        return f"{view.text.shown:,} of {len(view.text.ring):,}"

    def _hits(self) -> str:
        view = self.view
        if view.text.wanted is not None and view.text.wanted.too_slow:
            return TOO_SLOW
        at = "" if view.text.hit is None else f"{view.text.hit:,} of "
        return f"{at}{view.text.hits:,}" if view.text.hits else "none"

    # -- finding ---------------------------------------------------------------------

    def action_ask_find(self) -> None:
        self._ask(
            _FIND, "" if self.view.text.wanted is None else self.view.text.wanted.text
        )

    def action_ask_filter(self) -> None:
        self._ask(
            _FILTER, "" if self.view.text.only is None else self.view.text.only.text
        )

    def _ask(self, asked: str, text: str) -> None:
        self._kept = text
        self.query_one(FindBar).open(asked, text)

    @on(FindBar.Typed)
    def _typed(self, message: FindBar.Typed) -> None:
        bar = self.query_one(FindBar)
        try:
            self._apply(message.asked, message.text)
        except InvalidValue as error:
            bar.refuse(error.message)
        else:
            said = self._hits() if message.asked == _FIND else self._passed()
            bar.say(said if message.text else "")

    def _apply(self, asked: str, text: str) -> None:
        """Find or show only what was typed. Raises InvalidValue."""
        if asked == _FIND:
            self.view.search(expression(text) if text else None)
        else:
            self.view.filter(Pattern.parse(text) if text.strip("!") else None)

    @on(FindBar.Left)
    def _left(self, message: FindBar.Left) -> None:
        self.view.focus()
        if not message.keep:
            self._apply(message.asked, self._kept)
        elif message.asked == _FIND:
            self.view.action_find(1)

    def action_invert(self) -> None:
        if self.view.text.only is not None:
            self.view.filter(self.view.text.only.inverted())

    def action_clear(self) -> None:
        if self.view.text.only is not None:
            self.view.filter(None)
        elif self.view.text.wanted is not None:
            self.view.search(None)
        else:
            self.action_back()

    # -- saving ----------------------------------------------------------------------

    def action_save(self) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        name = self._far.name if self._far else self._of
        dialog = SaveDialog(f"./{name}-{stamp}.log", len(self.view.text.ring))
        self.app.push_screen(dialog, self._save)

    def _save(self, target: Target | None) -> None:
        if target is not None:
            held = [] if target.whole else self.view.text.lines()
            self.write(target, held)

    @work(thread=True, group="save")
    def write(self, target: Target, held: Iterable[str]) -> None:
        """Write what is held here, or all that the Engine has."""
        try:
            if target.whole:
                held = self._whole()
            count = saved_log.save(target.path, held)
        except CsctlError as error:
            self.post_message(self.Failed(error))
        else:
            self.post_message(self.Saved(f"{count:,} lines are in {target.path}"))

    def _whole(self) -> Iterator[str]:
        if (row := self._far) is None:
            return saved_log.whole_log(self.desk.require_engine(), self._of)
        return far_log.whole(row.host, row.name, self.desk.environ)

    @on(Saved)
    def _saved(self, message: Saved) -> None:
        self.notify(message.text, title="Saved", markup=False)

    # -- verbs -----------------------------------------------------------------------

    def action_logs(self) -> None:
        """One is there already."""
