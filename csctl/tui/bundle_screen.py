"""A bundle: verified, what it holds, what loading it comes to; and loading it."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import DataTable, Static

from csctl.bundle.archive import open_bundle
from csctl.bundle.carried import Destination
from csctl.bundle.load import load
from csctl.bundle.outcome import Loaded, Part
from csctl.bundle.preview import Preview, preview
from csctl.bundle.signature import Trust
from csctl.contract.dialects import printable
from csctl.errors import CsctlError
from csctl.format import bundle as bundle_words
from csctl.format import loaded as words
from csctl.format import progress
from csctl.lifecycle.events import Event, Transfer
from csctl.tui.aside import aside
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.listing import Listing
from csctl.tui.stock_screen import StockScreen

_WIDTHS = (8, None, 10, 13, None)


class BundleScreen(StockScreen):
    """The parts of a bundle, each with what would become of it."""

    CHANGES = frozenset(("load",))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("B", "load", "Load", tooltip="Load the bundle, after a question"),
    ]

    @dataclass
    class Read(Message):
        """So much of the bundle was read."""

        transfer: Transfer

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, BundleScreen.Read)

    def __init__(self, name: str, file: Path, where: Destination) -> None:
        """`name` is the profile that it was opened for."""
        super().__init__(name)
        self.crumb = f"bundle {file.name}"
        self._file, self._where = file, where
        self._left = threading.Event()
        self._preview: Preview | None = None

    def content(self) -> ComposeResult:
        yield Static("opening…", id="about", markup=False)
        yield Listing(*zip(words.HEADERS, _WIDTHS, strict=True))
        yield Static(id="one-part", markup=False)

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self._look()

    def on_unmount(self) -> None:
        self._left.set()

    # -- looking ----------------------------------------------------------------------

    @work(exclusive=True, group="bundle")
    async def _look(self) -> None:
        try:
            told, found = await aside(self._verified)
        except CsctlError as error:
            self._say(progress.error(error))
            return
        if found is None:
            return
        self._preview = found
        self.query_one(Listing).fill(
            {one.place + one.name: words.cells(one) for one in found.parts}
        )
        strange = found.strange
        self._say(told if strange is None else f"{told}\n✗ {progress.error(strange)}")
        self._show_part()

    def _verified(self) -> tuple[str, Preview | None]:
        """What is said of the bundle, and what it comes to; None once one has left."""
        engine, environ = self.desk.require_engine(), self.desk.environ
        with open_bundle(self._file, Trust.load(environ)) as bundle:
            found = self._follow(preview(engine, bundle, environ, self._where))
            head = list(bundle_words.bundle_lines(bundle, datetime.now(UTC)))[:3]
            return "\n".join(head), found

    def _follow(self, run: Generator[Event, None, Preview]) -> Preview | None:
        try:
            while not self._left.is_set():
                event = next(run)
                if isinstance(event, Transfer):
                    self.post_message(self.Read(event))
        except StopIteration as stop:
            found: Preview = stop.value
            return found
        finally:
            run.close()
        return None

    @on(Read)
    def _show_read(self, message: Read) -> None:
        if self._preview is None:
            one = message.transfer
            self._say(f"{one.what}  {progress.transfer(one, None)}")

    def _say(self, text: str) -> None:
        shown = "\n".join(map(printable, text.split("\n")))
        self.query_one("#about", Static).update(shown)

    @on(DataTable.RowHighlighted)
    def _show_part(self) -> None:
        parts = self._preview.parts if self._preview is not None else ()
        chosen = self.query_one(Listing).chosen
        one = next((one for one in parts if one.place + one.name == chosen), None)
        shown = printable(one.place or one.name) if one is not None else ""
        if one is not None and one.error is not None:
            lines = progress.error(one.error).split("\n")
            shown = "\n".join((shown, *map(printable, lines)))
        self.query_one("#one-part", Static).update(shown)

    # -- loading ----------------------------------------------------------------------

    def why_not(self, action: str) -> str | None:
        if action == "load" and not self.desk.read_only:
            if self._preview is None:
                return "the bundle is not verified"
            strange = self._preview.strange
            return strange.message if strange is not None else None
        return super().why_not(action)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        allowed = super().check_action(action, parameters)
        if action == "load" and allowed:
            return None if self.why_not(action) else True
        return allowed

    def action_load(self) -> None:
        found = self._preview
        if found is None:
            return
        dialog = ConfirmDialog(
            f"Load {self._file.name} into {self.desk.host}?",
            detail="\n".join(printable(_told(one)) for one in found.parts)
            + "\n\nThe containers stay as they are: apply gives them what came.",
            yes="Load",
        )
        self.app.push_screen(dialog, lambda yes: self._begin() if yes else None)

    def _begin(self) -> None:
        name, app = self._file.name, self.csctl
        file, where, environ = self._file, self._where, self.desk.environ
        try:
            engine = self.desk.require_engine()
        except CsctlError as error:
            app.fail(error)
            return

        def work() -> Generator[Event, None, Loaded]:
            with open_bundle(file, Trust.load(environ)) as bundle:
                return (yield from load(engine, bundle, environ, where))

        # Who comes back from the work wants to see what it did.
        self.dismiss()
        app.open_progress(f"load {name}", {name: work}, tell=_became)


def _became(done: Loaded) -> str:
    return "\n".join(
        (
            *map(_told, done.parts),
            *(f"✗ {progress.error(one)}" for one in dict.fromkeys(done.errors)),
        )
    )


def _told(part: Part) -> str:
    return f"{part.kind} {part.name}: {part.outcome}"
