"""One plan: signs, actions, reasons, and the fields that differ."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from csctl.contract.dialects import printable
from csctl.format import progress
from csctl.plan.steps import Plan, Step, differences, sign
from csctl.tui.proposal import Far
from csctl.tui.sections import Section

_COLOURS = {"+": "success", "-": "error", "-/+": "warning", "~": "warning"}


class PlanView(Section):
    """A profile's plan."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(name=plan.profile)
        self._plan = plan

    def render(self) -> RenderableType:
        plan = self._plan
        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_column(width=3, no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        for step in plan.steps:
            table.add_row(self._sign(step), Group(*_told(step)))
        for note in plan.notes:
            table.add_row("·", Text(printable(f"note: {note}"), "dim"))
        for problem in plan.problems:
            told = Text(printable(problem.message), self.style("error"))
            if problem.remedy:
                remedy = f"\n→ {printable(problem.remedy)}"
                told.append(remedy, self.style("foreground"))
            table.add_row(Text("!", f"bold {self.style('error')}"), told)
        return Group(Text(f"{plan.profile}: {progress.plan(plan)}", "bold"), table, "")

    def _sign(self, step: Step) -> Text:
        own = sign(step)
        return Text(own, f"bold {self.style(_COLOURS.get(own, 'primary'))}")


class FarPlanView(Section):
    """What csctl says on another host of all profiles that are for it."""

    def __init__(self, plan: Far) -> None:
        super().__init__(name=str(plan.errand.host))
        self._plan = plan

    def render(self) -> RenderableType:
        plan = self._plan
        lines = [self._line(printable(line)) for line in plan.lines]
        if plan.error is not None:
            lines.append(Text(printable(progress.error(plan.error)), self._wrong))
        return Group(Text(str(plan.errand), "bold"), *lines, "")

    @property
    def _wrong(self) -> str:
        return self.style("error")

    def _line(self, line: str) -> Text:
        own = line.split(maxsplit=1)[0] if line.strip() else ""
        text = Text(line)
        if own in _COLOURS:
            text.highlight_words([own], f"bold {self.style(_COLOURS[own])}")
        elif line.startswith("csctl: "):
            text.stylize(self._wrong)
        return text


def _told(step: Step) -> Iterator[Text]:
    head = Text()
    head.append(step.action, "bold")
    head.append(f" {printable(step.target)}")
    yield head
    yield Text(printable(step.reason), "dim")
    for one in differences(step):
        changed = Text(f"{one.field}: ")
        changed.append(printable(one.have), "strike")
        changed.append(" → ")
        changed.append(printable(one.want), "bold")
        yield changed
