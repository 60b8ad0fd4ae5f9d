"""A proposal: plans of some rows, near and far, and the work they stand for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from csctl.engine.engine import Engine
from csctl.errors import CsctlError, UsageError
from csctl.lifecycle.errand import Errand, Report, errands
from csctl.lifecycle.events import Event
from csctl.lifecycle.first_alone import first_alone
from csctl.lifecycle.fleet import propose_all, work_of
from csctl.lifecycle.prepare import prepare_alone
from csctl.lifecycle.side_by_side import Work
from csctl.plan.steps import Plan, describe, same
from csctl.profile.host import Host
from csctl.profile.model import Profile
from csctl.tui.aside import aside
from csctl.tui.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Plans of this host, and what they were made of."""

    engine: Engine
    profiles: tuple[Profile, ...]
    plans: tuple[Plan, ...]

    def agrees(self, other: Near) -> bool:
        """Whether another one means the same work on the same Engine."""
        return self.engine.url == other.engine.url and all(
            same(one, two) for one, two in zip(self.plans, other.plans, strict=True)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """What `csctl plan` says on another host, or why nothing is known of it."""

    errand: Errand
    report: Report | None = None
    error: CsctlError | None = None

    @property
    def pending(self) -> bool:
        """Whether anything is to be done there."""
        return self.report is not None and self.report.pending

    @property
    def problem(self) -> CsctlError | None:
        """Why it cannot be applied."""
        if self.report is None or self.report.well:
            return self.error
        return self.report.error

    @property
    def lines(self) -> tuple[str, ...]:
        """All that csctl said there."""
        said = self.report
        return (*said.out.splitlines(), *said.notes) if said is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Plans of this host and of others; the first host is that of the first row."""

    near: Near | None
    far: tuple[Far, ...]
    first: Host | None

    def agrees(self, other: Proposal) -> bool:
        """Whether another one, of the same rows, means the same work."""
        near = self.near is None or other.near is None or self.near.agrees(other.near)
        return near and [one.lines for one in self.far] == [
            two.lines for two in other.far
        ]

    @property
    def told(self) -> object:
        """All that is shown of it."""
        near = self.near.plans if self.near else ()
        return near, [(one.lines, str(one.problem)) for one in self.far]

    @property
    def problems(self) -> tuple[CsctlError, ...]:
        """Why it cannot be applied."""
        near = self.near.plans if self.near else ()
        return (
            *(problem for plan in near for problem in plan.problems),
            *(problem for one in self.far if (problem := one.problem) is not None),
        )

    @property
    def changed(self) -> tuple[Plan | Far, ...]:
        """The plans that have steps."""
        near = self.near.plans if self.near else ()
        return (
            *(plan for plan in near if plan.steps),
            *(one for one in self.far if one.pending),
        )

    def question(self, host: str) -> str:
        """The question whether it may be done; this host is called so."""
        names = [one.profile for one in self.changed if isinstance(one, Plan)]
        where = [f"{', '.join(names)} on {host}"] if names else []
        where += [str(one.errand) for one in self.changed if isinstance(one, Far)]
        return f"Apply to {'; '.join(where)}?"

    def detail(self) -> str:
        """What would be done, line by line."""
        lines: list[str] = []
        if len(self.far) + (self.near is not None) > 1:
            first = self.first or "this host"
            lines.append(f"{first} goes first; where it fails, no other is touched.")
            lines.append("All prepare at once: that interrupts nothing.")
        for one in self.changed:
            if isinstance(one, Far):
                lines += [f"{one.errand.host}:", *one.lines]
                continue
            lines += [f"{one.profile}:"] if len(self.changed) > 1 else []
            lines += [describe(step) for step in one.steps]
            lines += [f"· {note}" for note in one.notes]
        return "\n".join(lines)

    def jobs(self, environ: Mapping[str, str]) -> dict[str, Work[Event, Any]]:
        """The work on all hosts: that on the first one alone, then all others.

        Before that, all prepare at once.
        """
        parties: dict[Host | None, dict[str, Work[Event, Any]]] = {}
        before: dict[str, Work[Event, Any]] = {}
        if (near := self.near) is not None:
            parties[None] = {**work_of(near.engine, near.profiles, near.plans, environ)}
            before |= {
                one.name: partial(prepare_alone, near.engine, one, environ)
                for one in near.profiles
                if one.deploy is None
            }
        for one in self.far:
            errand = one.errand.doing("apply", "--yes")
            parties[errand.host] = {str(errand): partial(errand.run, environ)}
            prepare = one.errand.doing("prepare")
            before[str(errand)] = partial(prepare.run, environ)
        first = parties.pop(self.first)
        others = {
            name: work for some in parties.values() for name, work in some.items()
        }
        return first_alone(first, others, before) if others else first


async def propose(desk: Desk, keys: Sequence[str]) -> Proposal:
    """Look at all hosts at once. Raises CsctlError where this one does not answer."""
    profiles = [_profile(desk, key) for key in keys]
    here = tuple(one for one in profiles if one.host is None)
    far = errands(("plan",), (one for one in profiles if one.host is not None))
    near = [aside(partial(_near, desk, here))] if here else []
    looks = [aside(partial(_far, desk, errand)) for errand in far]
    found = await asyncio.gather(*near, *looks)
    return Proposal(
        near=next((one for one in found if isinstance(one, Near)), None),
        far=tuple(one for one in found if isinstance(one, Far)),
        first=profiles[0].host,
    )


def _near(desk: Desk, profiles: tuple[Profile, ...]) -> Near:
    engine = desk.require_engine()
    plans = tuple(propose_all(engine, profiles, desk.environ))
    return Near(engine=engine, profiles=profiles, plans=plans)


def _far(desk: Desk, errand: Errand) -> Far:
    try:
        return Far(errand=errand, report=errand.wait(desk.environ))
    except CsctlError as error:
        return Far(errand=errand, error=error)


def _profile(desk: Desk, key: str) -> Profile:
    row = desk.row(key)
    if row is None or row.wanted is None:
        raise UsageError(
            f"{key}: there is no such profile any more",
            remedy="look at the files that csctl was started with",
        )
    return row.wanted
