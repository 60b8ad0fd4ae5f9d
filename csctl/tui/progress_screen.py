"""Progress: work that goes on, side by side, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from csctl.lifecycle.events import Event
from csctl.lifecycle.side_by_side import Work
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.desk import Row
from csctl.tui.job_view import JobView
from csctl.tui.messages import WorkOver
from csctl.tui.run import Run
from csctl.tui.screen import CsctlScreen
from csctl.tui.sections import Sections
from csctl.tui.verb import BY_ACTION

_REDRAW_SECONDS = 0.25
_CANCEL = "Stop the work, and take back what is half-made"


class ProgressScreen(CsctlScreen):
    """A section for each job; left only once all of them have ended."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # The footer puts a key that Textual itself knows before all others.
        Binding("ctrl+c", "cancel", "Cancel", tooltip=_CANCEL, key_display="c ^c"),
        Binding("c", "cancel", "Cancel", tooltip=_CANCEL, show=False),
    ]

    def __init__(
        self,
        title: str,
        jobs: Mapping[str, Work[Event, Any]],
        *,
        tell: Callable[[Any], str] = str,
    ) -> None:
        """`tell` puts a job's result into words."""
        super().__init__()
        self.crumb = title
        self._run, self._tell = Run(title, jobs), tell

    def content(self) -> ComposeResult:
        with Sections() as sections:
            sections.set_class(len(self._run.tracks) > 1, "-several")
            for name, track in self._run.tracks.items():
                yield JobView(name, track)

    def on_mount(self) -> None:
        self.csctl.runs.add(self._run)
        self._drawing = self.set_interval(_REDRAW_SECONDS, self._draw)
        self._work()

    def on_unmount(self) -> None:
        self._run.cancel()

    @property
    def subjects(self) -> tuple[Row, ...]:
        name = self.query_one(Sections).chosen if self.is_mounted else None
        row = self.desk.row(name) if name is not None else None
        return (row,) if row is not None else ()

    def why_not(self, action: str) -> str | None:
        if BY_ACTION[action].changes and not self._run.over:
            return f"{self._run.title} goes on"
        return super().why_not(action)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "cancel":
            return not self._run.over
        return super().check_action(action, parameters)

    # -- the work ---------------------------------------------------------------------

    @work(thread=True, group="work")
    def _work(self) -> None:
        try:
            self._run.work()
        finally:
            # The screen hears it, and then the application.
            self.post_message(WorkOver(self._run))

    @on(WorkOver)
    def _over(self) -> None:
        self._drawing.stop()
        self._draw()
        self.refresh_bindings()
        if not self.is_active:
            self.notify("it is over; go back to see how it went", title=self.crumb)

    def fleet_changed(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if not self.is_current:
            return
        sections, at = self.query_one(Sections), self._run.clock()
        # Of a single job the newest stays in sight until one scrolls up.
        follows = len(self._run.tracks) == 1 and sections.is_vertical_scroll_end
        for view in self.query(JobView):
            assert view.name is not None, "a job has a name"
            track = self._run.tracks[view.name]
            result = track.end.result if track.end is not None else None
            view.show(
                track,
                at,
                self.desk.here(view.name),
                result=None if result is None else self._tell(result),
                cancelling=self._run.cancelling,
            )
        if follows:
            self.call_after_refresh(sections.scroll_end, animate=False)

    # -- leaving ----------------------------------------------------------------------

    def action_back(self) -> None:
        if self._run.over:
            self.dismiss()
        else:
            self.action_cancel()

    def action_cancel(self) -> None:
        if self._run.cancelling:
            self.notify("each job stops as soon as it can", title="Cancelling")
            return
        dialog = ConfirmDialog(
            f"Cancel {self._run.title}?",
            detail="What is half-made is taken back. What is done stays.",
            yes="Cancel it",
            no="Go on",
        )
        self.app.push_screen(dialog, self._cancel_answered)

    def _cancel_answered(self, answer: bool | None) -> None:  # noqa: FBT001 - an answer
        if answer:
            self._run.cancel()
            self._draw()
