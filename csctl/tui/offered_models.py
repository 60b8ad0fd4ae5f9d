"""Models that are offered somewhere: how the asking goes, and a list of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from csctl.contract.dialects import printable
from csctl.errors import CsctlError
from csctl.lifecycle.model_stock import StockedModel
from csctl.tui.listing import Column, Listing

if TYPE_CHECKING:
    from csctl.tui.app import CsctlApp


class OfferedModels(Vertical):
    """A line about them above the list; an heir knows who is asked, and how."""

    TITLE = ""
    HINT = ""
    """What to do to have them listed."""

    class Listed(Message):
        """What is offered is known now, or is other than it was."""

    @dataclass
    class Told(Message):
        """How the asking goes."""

        text: str

    @dataclass
    class Refused(Message):
        """Why nothing is listed."""

        error: CsctlError

    def __init__(self, *columns: Column) -> None:
        super().__init__()
        self._columns = columns

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield from self.heading()
            yield Static(self.HINT, classes="told", markup=False)
        yield Listing(*self._columns)

    def heading(self) -> ComposeResult:
        """What stands before how the asking goes."""
        yield Static(self.TITLE, markup=False)

    @property
    def listing(self) -> Listing:
        """The list itself."""
        return self.query_one(Listing)

    def rows(self, _here: Sequence[StockedModel]) -> Mapping[str, Sequence[str]]:
        """What is offered, beside what is here, as cells by id; nothing so far."""
        return {}

    def show(
        self, here: Sequence[StockedModel], matches: Callable[[str], bool]
    ) -> tuple[int, int]:
        """Show what matches; how many that are, of how many."""
        rows = self.rows(here)
        seen = {key: row for key, row in rows.items() if matches(" ".join(row))}
        self.listing.fill(seen)
        return len(seen), len(rows)

    def tell(self, text: str) -> None:
        """Say how the asking goes."""
        self.query_one(".told", Static).update(printable(text))

    @on(Told)
    def _told(self, message: Told) -> None:
        self.tell(message.text)

    @on(Refused)
    def _refused(self, message: Refused) -> None:
        self.tell("not listed")
        cast("CsctlApp", self.app).fail(message.error, title=self.TITLE)
