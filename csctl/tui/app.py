"""The application: follows the fleet, and opens screens. No rule of the domain."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from textual import events, on, work
from textual.actions import ActionParseResult
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.filter import DimFilter
from textual.geometry import Size
from textual.notifications import SeverityLevel
from textual.worker import WorkerFailed

from csctl.contract.dialects import printable
from csctl.errors import CsctlError
from csctl.lifecycle.events import Event
from csctl.lifecycle.far_fleet import FarFleet
from csctl.lifecycle.side_by_side import Work
from csctl.lifecycle.watch import Elsewhere, Lost, Rows, Update
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.crumbs import Crumbs
from csctl.tui.desk import Desk
from csctl.tui.driver import SteadyDriver
from csctl.tui.fleet_screen import FleetScreen
from csctl.tui.messages import EngineLost, FarTold, FarWanted, FleetSeen, WorkOver
from csctl.tui.palette import Palette
from csctl.tui.places import Place
from csctl.tui.run import Run
from csctl.tui.screen import CsctlScreen
from csctl.tui.theme import DIMMED, THEMES, chosen
from csctl.tui.too_small import TooSmall

_ERROR_SECONDS = 15.0
_VISITED = 20
_ALWAYS = ("ctrl+q", "ctrl+c")
"""Keys that count even where there is no room to see what they do."""
_SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


class CsctlApp(App[int]):
    """The terminal UI over one desk."""

    TITLE = "csctl"
    CSS_PATH = "csctl.tcss"
    COMMANDS: ClassVar = {Palette}
    # Textual does not declare them as class variables.
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (78, "-normal"),
        (120, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+q",
            "quit",
            "Quit",
            show=False,
            priority=True,
            tooltip="Leave csctl; the containers go on",
        ),
        # Not before a screen's or a field's own: there it cancels or copies.
        Binding("ctrl+c", "quit", show=False, tooltip="Leave csctl"),
    ]

    def __init__(
        self, desk: Desk, fleet: Callable[[threading.Event], Iterator[Update]]
    ) -> None:
        """`fleet` begins to look at the fleet, and tells of it until its event is set.

        It looks while the first screen is made.
        """
        super().__init__(driver_class=SteadyDriver)
        self.desk = desk
        self._ending = threading.Event()
        self._updates = fleet(self._ending)
        self._far = FarFleet(desk.environ, lambda: self.post_message(FarTold()))
        self.runs: set[Run] = set()
        """Work that goes on: the application does not end before it has."""
        self.visited: deque[Place] = deque(maxlen=_VISITED)
        """Places as they were opened, the newest last."""
        self._code: int | None = None
        """What to exit with once it has."""
        self.bug: BaseException | None = None
        """What ended the application without being an error of the core."""
        self._choose_colours()

    async def on_mount(self) -> None:
        await self.push_screen(FleetScreen())
        self._fit(self.size)
        loop = asyncio.get_running_loop()
        for number, code in _SIGNALS.items():
            # Not in a thread of a test, where no signal can be taken.
            if threading.current_thread() is threading.main_thread():
                loop.add_signal_handler(number, self.end, code)
        self.follow_fleet()

    def on_unmount(self) -> None:
        self._ending.set()
        self._far.close()

    def _choose_colours(self) -> None:
        """Before any style sheet is read: all of them would be read once more."""
        for theme in THEMES:
            self.register_theme(theme)
        self.set_reactive(App.theme, chosen(self.desk.environ).name)
        self.stylesheet.set_variables(self.get_css_variables())
        for one in self.get_line_filters():
            if isinstance(one, DimFilter):
                one.dim_factor = DIMMED

    # -- room -------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self._fit(event.size)

    def _fit(self, size: Size) -> None:
        """Let a notice stand in for a screen that has no room."""
        if TooSmall.fits(size):
            for screen in self.screen_stack:
                screen.query(TooSmall).remove()
            return
        if isinstance(self.screen, CommandPalette):
            self.pop_screen()
        if self.screen.is_mounted and not self.screen.query(TooSmall):
            self.screen.mount(TooSmall())

    async def on_event(self, event: events.Event) -> None:
        """Nothing is done by a key or a click that nobody can see the effect of."""
        if isinstance(event, events.Key | events.MouseEvent | events.Paste):
            known = isinstance(event, events.Key) and event.key in _ALWAYS
            if not known and not TooSmall.fits(self.size):
                return
        await super().on_event(event)

    # -- ending -----------------------------------------------------------------------

    async def action_quit(self) -> None:
        """Leave; where work goes on, ask whether to cancel it."""
        if not self.runs:
            self.exit(0)
            return
        if isinstance(self.screen, ConfirmDialog):
            return  # This question, or another one that wants its answer first.
        titles = ", ".join(run.title for run in self.runs)
        dialog = ConfirmDialog(
            f"Cancel {titles}, and quit?",
            detail="What is half-made is taken back first. What is done stays.",
            yes="Cancel it and quit",
            no="Go on",
        )
        self.push_screen(dialog, lambda answer: self.end(0) if answer else None)

    def end(self, code: int) -> None:
        """Exit, once all work that goes on is cancelled and has cleaned up."""
        self._code = code
        for run in self.runs:
            run.cancel()
        if not self.runs:
            self.exit(code)

    @on(WorkOver)
    def _work_over(self, message: WorkOver) -> None:
        self.runs.discard(message.run)
        self._far.again()
        if self._code is not None and not self.runs:
            self.exit(self._code)

    def _handle_exception(self, error: Exception) -> None:
        """Remember a bug: its traceback is for whoever runs the application.

        Textual's own shows the values of local variables, which may be keys.
        """
        cause = error.error if isinstance(error, WorkerFailed) else error
        self.bug = self.bug or cause
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    # -- where one is -----------------------------------------------------------------

    @property
    def crumbs(self) -> list[str]:
        """Where one is, from the first screen on."""
        own = [one for one in self.screen_stack if isinstance(one, CsctlScreen)]
        return ["csctl", *(one.crumb for one in own)]

    # -- what goes on ---------------------------------------------------------------

    @work(thread=True, group="fleet")
    def follow_fleet(self) -> None:
        """Tell of the fleet until the application ends."""
        for update in self._updates:
            match update:
                case Rows():
                    self.post_message(FleetSeen(update))
                case Lost():
                    self.post_message(EngineLost(update.error))
                case Elsewhere():
                    self.post_message(FarWanted(update.profiles))

    @on(FleetSeen)
    def _fleet_seen(self, message: FleetSeen) -> None:
        desk, rows = self.desk, message.rows
        if desk.lost is not None:
            self.notify("The Engine answers again", title="Engine")
        desk.engine, desk.lost = rows.engine, None
        desk.rows, desk.problems = rows.rows, rows.problems
        self._show_change()

    @on(EngineLost)
    def _engine_lost(self, message: EngineLost) -> None:
        if self.desk.lost is None:
            self.fail(message.error, title="Engine lost: trying to reconnect")
        self.desk.lost = message.error
        self._show_change()

    @on(FarWanted)
    def _far_wanted(self, message: FarWanted) -> None:
        self._far.follow(message.profiles)
        self._far_told()

    @on(FarTold)
    def _far_told(self) -> None:
        rows = self._far.rows
        if rows != self.desk.far:
            self.desk.far = rows
            self._show_change()

    def _show_change(self) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, CsctlScreen) and screen.is_mounted:
                screen.fleet_changed()
                screen.query_one(Crumbs).show()
        self.screen.refresh_bindings()

    def fail(self, error: CsctlError, title: str = "") -> None:
        """Show an error as its sentence, and what to do next."""
        text = error.message + (f"\n→ {error.remedy}" if error.remedy else "")
        self.notify(text, title=title, severity="error", timeout=_ERROR_SECONDS)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,  # noqa: ARG002 - Textual passes it
    ) -> None:
        """Show a notice, word for word: there is never markup in it."""
        lines = "\n".join(map(printable, message.split("\n")))
        super().notify(
            lines,
            title=printable(title),
            severity=severity,
            timeout=timeout,
            markup=False,
        )

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key, a click or the palette asks for; an error is shown."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except CsctlError as error:
            self.fail(error)
            return True

    # -- screens --------------------------------------------------------------------

    def open_progress(
        self,
        title: str,
        jobs: Mapping[str, Work[Event, Any]],
        *,
        tell: Callable[[Any], str] = str,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Do work side by side, and show how it goes.

        `tell` puts a result into words; `then` is called when the screen is left.
        """
        from csctl.tui.progress_screen import ProgressScreen

        try:
            self.desk.require_changes()
        except CsctlError as error:
            self.fail(error)
            return
        screen = ProgressScreen(title, jobs, tell=tell)
        self.push_screen(screen, None if then is None else lambda _: then())

    def edit(self, name: str) -> None:
        """Open a profile in $EDITOR; the fleet notices the change by itself."""
        from csctl.tui.editor import edit

        row = self.desk.row(name)
        if row is not None and row.wanted is not None:
            edit(self, row.wanted.source.file)
