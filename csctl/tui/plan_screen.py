"""The plan: what apply would do, and the question whether it may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from csctl.engine.engine import Engine
from csctl.errors import CsctlError, UsageError
from csctl.format import progress
from csctl.lifecycle.fleet import propose_all, work_of
from csctl.lifecycle.status import Status
from csctl.plan.steps import Plan, describe, same
from csctl.profile.model import Profile
from csctl.tui.aside import aside
from csctl.tui.confirm_dialog import ConfirmDialog
from csctl.tui.plan_view import PlanView
from csctl.tui.screen import CsctlScreen
from csctl.tui.sections import Sections
from csctl.tui.verb import BY_ACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Plans, and what they were made of."""

    engine: Engine
    profiles: tuple[Profile, ...]
    plans: tuple[Plan, ...]

    def agrees(self, other: Proposal) -> bool:
        """Whether another one means the same work on the same Engine."""
        return self.engine.url == other.engine.url and all(
            same(one, two) for one, two in zip(self.plans, other.plans, strict=True)
        )

    @property
    def problems(self) -> tuple[CsctlError, ...]:
        """Why it cannot be applied."""
        return tuple(problem for plan in self.plans for problem in plan.problems)

    @property
    def changed(self) -> tuple[Plan, ...]:
        """The plans that have steps."""
        return tuple(plan for plan in self.plans if plan.steps)


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
        self.crumb = f"plan {', '.join(names)}"

    def content(self) -> ComposeResult:
        yield Static("looking at the host…", id="notice", markup=False)
        yield Sections()

    def on_mount(self) -> None:
        self._propose()

    @property
    def subjects(self) -> tuple[Status, ...]:
        """The chosen plan's row; all of them while nothing is chosen."""
        chosen = self.query_one(Sections).chosen if self.is_mounted else None
        names = self._names_wanted if chosen is None else (chosen,)
        return tuple(row for name in names if (row := self.desk.row(name)) is not None)

    def fleet_changed(self) -> None:
        if self._proposal is None and self.desk.lost is None:
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
        """Look at the host; `confirmed` is a proposal that was agreed to."""
        try:
            proposal = await aside(self._look)
        except CsctlError as error:
            self._notice(progress.error(error))
            if self._proposal is not None:
                self.csctl.fail(error)
            return
        await self._show(proposal)
        if confirmed is not None:
            self._begin(proposal, confirmed)
        elif self._asking:
            self._asking = False
            if proposal.changed and not proposal.problems:
                self.action_apply()

    def _look(self) -> Proposal:
        engine, environ = self.desk.require_engine(), self.desk.environ
        profiles = tuple(map(self._profile, self._names_wanted))
        plans = tuple(propose_all(engine, profiles, environ))
        return Proposal(engine=engine, profiles=profiles, plans=plans)

    def _profile(self, name: str) -> Profile:
        profile = self.desk.profile(name)
        if profile is None:
            raise UsageError(
                f"{name}: there is no such profile any more",
                remedy="look at the files that csctl was started with",
            )
        return profile

    async def _show(self, proposal: Proposal) -> None:
        self._notice("")
        if self._proposal is None or self._proposal.plans != proposal.plans:
            self._proposal = proposal
            await self.query_one(Sections).fill(*map(PlanView, proposal.plans))
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
            question = _question(shown, self.desk.host)
            dialog = ConfirmDialog(question, detail=_detail(shown), yes="Apply")
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
        app, environ = self.csctl, self.desk.environ
        jobs = work_of(proposal.engine, proposal.profiles, proposal.plans, environ)
        title = f"apply {', '.join(self._names_wanted)}"
        # Who comes back from the work wants to see what it did, not what was planned.
        self.dismiss()
        app.open_progress(title, jobs, tell=progress.outcome)


def _question(proposal: Proposal, host: str) -> str:
    names = ", ".join(plan.profile for plan in proposal.changed)
    return f"Apply to {names} on {host}?"


def _detail(proposal: Proposal) -> str:
    lines = []
    for plan in proposal.changed:
        lines += [f"{plan.profile}:"] if len(proposal.changed) > 1 else []
        lines += [describe(step) for step in plan.steps]
        lines += [f"· {note}" for note in plan.notes]
    return "\n".join(lines)
