"""Details: one profile and its container in full."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widgets import Static, TabbedContent, TabPane, Tabs

from csctl.errors import CsctlError
from csctl.format import progress
from csctl.lifecycle.details import Details, details
from csctl.tui.aside import aside
from csctl.tui.detail_parts import PARTS, DetailPart, FieldsPart
from csctl.tui.screen import CsctlScreen
from csctl.tui.sections import Sections

_CALM_SECONDS = 0.5
"""Changes of the fleet come in bursts: one look serves them all."""


class DetailsScreen(CsctlScreen):
    """Six parts, of which one is shown."""

    OWN_VERB = "details"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                str(number),
                f"part({number})",
                show=False,
                tooltip=f"Show {part.title.lower()}",
            )
            for number, part in enumerate(PARTS, 1)
        ),
        Binding("tab,right", "turn(1)", show=False, tooltip="Show the next part"),
        Binding(
            "shift+tab,left", "turn(-1)", show=False, tooltip="Show the part before"
        ),
        Binding("f", "drifted", "Drifted", tooltip="Show only fields that drifted"),
        Binding("ctrl+r", "again", show=False, tooltip="Look anew"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.crumb = name
        self._shown: Details | None = None
        self._soon: Timer | None = None

    def content(self) -> ComposeResult:
        yield Static("looking…", id="notice", markup=False)
        with TabbedContent(id="parts"):
            for number, part in enumerate(PARTS, 1):
                with TabPane(f"{number} {part.title}", id=f"part-{number}"), Sections():
                    yield part()

    def on_mount(self) -> None:
        self.query_one(Tabs).can_focus = False
        self.action_part(1)
        self.action_again()

    # -- looking ----------------------------------------------------------------------

    def action_again(self) -> None:
        self._soon = None
        self._look()

    def action_details(self) -> None:
        """The verb itself: these are the details."""
        self.action_again()

    def fleet_changed(self) -> None:
        if self._soon is None and self.desk.lost is None:
            self._soon = self.set_timer(_CALM_SECONDS, self.action_again)

    @work(exclusive=True, group="details")
    async def _look(self) -> None:
        desk, name = self.desk, self.subject
        assert name is not None, "the screen is about one row"
        try:
            engine, profile = desk.require_engine(), desk.profile(name)
            found = await aside(lambda: details(engine, profile, name, desk.environ))
        except CsctlError as error:
            self._notice(progress.error(error))
            return
        self._notice("")
        self._shown = found
        for part in self.query(DetailPart):
            part.show(found)

    def _notice(self, text: str) -> None:
        notice = self.query_one("#notice", Static)
        notice.update(text)
        notice.display = bool(text)

    # -- parts ------------------------------------------------------------------------

    @property
    def _current(self) -> int:
        """The number of the part that is shown."""
        return int(self.query_one(TabbedContent).active.rpartition("-")[2])

    def action_part(self, number: int) -> None:
        self.query_one(TabbedContent).active = f"part-{number}"

    def action_turn(self, by: int) -> None:
        self.action_part((self._current - 1 + by) % len(PARTS) + 1)

    def on_tabbed_content_tab_activated(self) -> None:
        pane = self.query_one(f"#part-{self._current}")
        pane.query_one(DetailPart).focus(scroll_visible=False)
        self.refresh_bindings()

    def action_drifted(self) -> None:
        self.query_one(FieldsPart).turn()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "drifted" and self.is_mounted:
            return PARTS[self._current - 1] is FieldsPart
        return super().check_action(action, parameters)
