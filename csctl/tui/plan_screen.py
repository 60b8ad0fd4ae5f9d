"""The plan: what apply would do, and the question whether it may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from csctl.errors import CsctlError, UsageError
from csctl.format import progress
from csctl.lifecycle.far_row import FarRow
from csctl.lifecycle.outcome import Outcome
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.desk import Row, key_of
from csctl.tui.plan_view import FarPlanView, PlanView
from csctl.tui.proposal import Proposal, propose
from csctl.tui.screen import CsctlScreen
from csctl.tui.sections import Section, Sections
from csctl.tui.verb import BY_ACTION


class PlanScreen(CsctlScreen):
    """What apply would do to some profiles."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "again", show=False, tooltip="Look at the host anew"),
    ]

    def __init__(self, names: Sequence[str], *, asking: bool = False) -> None:
        """With `asking` the question comes as soon as the plan is there."""
        super().__init__()
        self._names_wanted = tuple(names)
        self._asking = asking
        self._proposal: Proposal | None = None
        self._looking = False
        self.crumb = f"plan {', '.join(names)}"

    def content(self) -> ComposeResult:
        yield Static("looking at the host…", id="notice", markup=False)
        yield Sections()

    def on_mount(self) -> None:
        self._propose()

    @property
    def subjects(self) -> tuple[Row, ...]:
        """The rows of the chosen plan; all of them while nothing is chosen."""
        chosen = self.query_one(Sections).chosen if self.is_mounted else None
        rows = tuple(row for one in self._names_wanted if (row := self.desk.row(one)))
        if chosen is None:
            return rows
        return tuple(row for row in rows if chosen in (key_of(row), _host(row)))

    def fleet_changed(self) -> None:
        if self._proposal is None and self.desk.lost is None and not self._looking:
            self._propose()

    # -- the plan ---------------------------------------------------------------------

    def action_again(self) -> None:
        self._notice("looking at the host…")
        self._propose()

    def action_plan(self) -> None:
        """The verb itself does what it did before: plan."""
        self.action_again()

    @work(exclusive=True, group="plan")
    async def _propose(self, confirmed: Proposal | None = None) -> None:
        """Look at the hosts; `confirmed` is a proposal that was agreed to."""
        self._looking = True
        try:
            proposal = await propose(self.desk, self._names_wanted)
        except CsctlError as error:
            self._notice(progress.error(error))
            if self._proposal is not None:
                self.csctl.fail(error)
            return
        finally:
            self._looking = False
        await self._show(proposal)
        if confirmed is not None:
            self._begin(proposal, confirmed)
        elif self._asking:
            self._asking = False
            if proposal.changed and not proposal.problems:
                self.action_apply()

    def _views(self, proposal: Proposal) -> list[Section]:
        near = proposal.near.plans if proposal.near else ()
        return [*map(PlanView, near), *map(FarPlanView, proposal.far)]

    async def _show(self, proposal: Proposal) -> None:
        self._notice("")
        if self._proposal is None or self._proposal.told != proposal.told:
            self._proposal = proposal
            await self.query_one(Sections).fill(*self._views(proposal))
        self._proposal = proposal
        self.refresh_bindings()

    def _notice(self, text: str) -> None:
        notice = self.query_one("#notice", Static)
        notice.update(text)
        notice.display = bool(text)

    # -- applying it ------------------------------------------------------------------

    def why_not(self, action: str) -> str | None:
        if action == "apply" and self._proposal is not None:
            if self._proposal.problems:
                return self._proposal.problems[0].message
            verb, rows = BY_ACTION[action], map(self.desk.row, self._names_wanted)
            reasons = (verb.why_not(self.desk, row) for row in rows)
            return next(filter(None, reasons), None)
        return super().why_not(action)

    def action_apply(self) -> None:
        """Ask, look once more, and begin if the plan is still the one shown."""
        shown = self._proposal
        try:
            self.desk.require_changes()
        except UsageError as error:
            self.csctl.fail(error)
            return
        if shown is None:
            self.notify("the plan is not there yet", timeout=3)
        elif not shown.changed:
            # Nothing changes: it only waits until all are ready.
            self._propose(shown)
        else:
            question = shown.question(self.desk.host)
            dialog = ConfirmDialog(question, detail=shown.detail(), yes="Apply")
            self.app.push_screen(dialog, lambda yes: self._answered(shown, yes=yes))

    def _answered(self, shown: Proposal, *, yes: bool | None) -> None:
        if yes:
            self._notice("looking once more…")
            self._propose(shown)
        else:
            self.notify("nothing was changed", timeout=3)

    def _begin(self, proposal: Proposal, confirmed: Proposal) -> None:
        if proposal.problems or not proposal.agrees(confirmed):
            self.notify(
                "It was made anew, and nothing was done: look at it, and apply again",
                title="The plan changed meanwhile",
                severity="warning",
            )
            return
        if not self.is_current:
            self.notify("another screen was opened: nothing was done", timeout=5)
            return
        app, jobs = self.csctl, proposal.jobs(self.desk.environ)
        title = f"apply {', '.join(self._names_wanted)}"
        # Who comes back from the work wants to see what it did, not what was planned.
        self.dismiss()
        app.open_progress(title, jobs, tell=_outcome)


def _host(row: Row) -> str | None:
    """The host of a row, which is another one's section."""
    return str(row.host) if isinstance(row, FarRow) else None


def _outcome(result: Outcome | str) -> str:
    """How applying went, here or in the words of another host."""
    return result if isinstance(result, str) else progress.outcome(result)
