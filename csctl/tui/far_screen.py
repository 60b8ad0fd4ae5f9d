"""A row of another host in full: what csctl tells of it over there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.console import Group, RenderableType
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from csctl.contract.dialects import printable
from csctl.errors import CsctlError
from csctl.format import fleet, progress
from csctl.lifecycle.errand import Errand, Report
from csctl.lifecycle.far_row import FarRow
from csctl.tui.aside import aside
from csctl.tui.screen import CsctlScreen
from csctl.tui.sections import Section, Sections

_ASKING = "asking {host}…"


class FarText(Section):
    """Lines as csctl printed them; one that is not indented is a title."""

    def __init__(self) -> None:
        super().__init__(name="text")
        self._lines: tuple[str, ...] = ()

    def show(self, lines: Iterable[str]) -> None:
        """Draw these, where they are others."""
        lines = tuple(lines)
        if lines != self._lines:
            self._lines = lines
            self.refresh(layout=True)

    def render(self) -> RenderableType:
        return Group(*map(self._line, self._lines))

    @staticmethod
    def _line(line: str) -> Text:
        return Text(printable(line), "bold" if line[:1].strip() else "")


class FarScreen(CsctlScreen):
    """What one verb of csctl tells of a row of another host."""

    VERB: ClassVar[tuple[str, ...]]
    """The words of csctl."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "again", show=False, tooltip="Ask anew"),
    ]

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.crumb = key
        self._asked: FarRow | None = None
        """The row as it was when its host was asked last."""

    def content(self) -> ComposeResult:
        yield Static("", id="notice", markup=False)
        with Sections():
            yield FarText()

    def on_mount(self) -> None:
        self.query_one(FarText).focus()
        self.action_again()

    def fleet_changed(self) -> None:
        row = self.row
        if isinstance(row, FarRow) and self._asked and row.told != self._asked.told:
            self.action_again()

    def action_again(self) -> None:
        row = self.row
        if isinstance(row, FarRow):
            self._asked = row
            self._notice(_ASKING.format(host=row.host))
            self._ask(row)

    @work(exclusive=True, group="far")
    async def _ask(self, row: FarRow) -> None:
        errand, environ = self.errand(row), self.desk.environ
        try:
            report = await aside(lambda: errand.wait(environ))
        except CsctlError as error:
            self._notice(progress.error(error))
            return
        bad = report.code and not report.out
        self._notice(progress.error(report.error) if bad else self.about(row))
        self.query_one(FarText).show(self.told(report))

    def errand(self, row: FarRow) -> Errand:
        """What is asked of its host."""
        return Errand(host=row.host, verb=self.VERB, profiles=(row.wanted,))

    def about(self, row: FarRow) -> str:
        """The line above."""
        return f"on {row.host}; the profile is of {row.wanted.source.file}"

    def told(self, report: Report) -> Iterable[str]:
        """What is shown of the answer."""
        return (*report.out.splitlines(), *report.notes)

    def _notice(self, text: str) -> None:
        notice = self.query_one("#notice", Static)
        notice.update(text)
        notice.display = bool(text)


class FarDetailsScreen(FarScreen):
    """`csctl show` on another host."""

    OWN_VERB = "details"
    VERB = ("show",)

    def errand(self, row: FarRow) -> Errand:
        # A replica is known by its container's name alone.
        if row.replica:
            return Errand(host=row.host, verb=self.VERB, name=row.name)
        return super().errand(row)

    def action_details(self) -> None:
        """The verb itself: these are the details."""
        self.action_again()


class FarLicenseScreen(FarScreen):
    """`csctl license show` on another host."""

    OWN_VERB = "license"
    VERB = ("license", "show")

    def about(self, row: FarRow) -> str:
        found = "what csctl license check finds is not known yet"
        if row.told is not None and row.error is None:
            alarm = fleet.license_alarm(fleet.row(row))
            found = alarm or "csctl license check finds no fault"
        file = row.wanted.source.file
        return (
            f"on {row.host}: {found}\n"
            f"→ csctl license refresh {file}, or rollback, does it over there"
        )

    def action_license(self) -> None:
        """The verb itself: this is the license."""
        self.action_again()
