"""`csctl license refresh` and `csctl license rollback`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

from csctl.cli.hosts import Manner, over_hosts
from csctl.cli.license_state import checked, licensed, print_states
from csctl.cli.session import (
    Session,
    json_option,
    pass_session,
    profile_argument,
    yes_option,
)
from csctl.errors import CsctlError, EngineUnavailable

if TYPE_CHECKING:
    from datetime import timedelta

    from csctl.lifecycle.events import Event
    from csctl.lifecycle.side_by_side import Work
    from csctl.lifecycle.status import LicenseState
    from csctl.plan.steps import Plan
    from csctl.profile.model import Profile

_timeout_option = click.option(
    "--timeout", metavar="D", help="Time until ready, such as 90s or 10m."
)


@click.command()
@profile_argument
@yes_option
@click.option(
    "--force",
    is_flag=True,
    help="Take a license that is older, or for another image or model than serves.",
)
@click.option(
    "--due",
    is_flag=True,
    help="Only where `license check` finds a fault. Made for timers.",
)
@click.option(
    "--allow-interruption",
    is_flag=True,
    help="Where memory is short, prove the license by the replacement itself.",
)
@_timeout_option
@json_option
@pass_session
@over_hosts(Manner(first_alone=True))
def refresh(
    session: Session,
    profiles: list[Profile],
    yes: bool,
    force: bool,
    due: bool,
    allow_interruption: bool,
    timeout: str | None,
    as_json: bool,
) -> int:
    """Fetch a new license, prove it, and replace the container with it.

    A second container of the same image and model must become ready with the new
    license first. A license that fails is refused from then on; the old one serves,
    and the exit code is 1. Where nothing runs, the next apply uses the new license.
    """
    from csctl.lifecycle.renewal import propose_refresh, refresh_license
    from csctl.plan.refusals import Allowed

    limit = _limit(timeout)
    allowed = Allowed(mismatch=force, interruption=allow_interruption)
    chosen = licensed(session, profiles)
    if due:
        chosen = [one for one in chosen if checked(session, one)[1] is not None]
    wanted = {one.name: one for one in chosen}
    engine = session.connect()

    def propose(one: Profile) -> Plan:
        return propose_refresh(engine, one, session.environ, allowed)

    def work(one: Profile) -> Work[Event, LicenseState]:
        return lambda: refresh_license(
            engine, one, session.environ, allowed=allowed, timeout=limit
        )

    question = f"Refresh the license of {', '.join(wanted)} on {engine.url}?"
    plans = [_plan(one, propose) for one in wanted.values()]
    if (code := _settle(session, plans, question, yes=yes)) is not None:
        return code
    return _run(session, {n: work(one) for n, one in wanted.items()}, as_json)


@click.command()
@profile_argument
@yes_option
@_timeout_option
@json_option
@pass_session
@over_hosts(Manner(first_alone=True))
def rollback(
    session: Session,
    profiles: list[Profile],
    yes: bool,
    timeout: str | None,
    as_json: bool,
) -> int:
    """Go back to the license set before the one that serves.

    Image, model and license of that set move together. The set that is left is
    refused from then on, so that no apply goes back to it.
    """
    from csctl.lifecycle.renewal import propose_rollback, roll_back

    limit = _limit(timeout)
    wanted = {one.name: one for one in licensed(session, profiles)}
    engine = session.connect()

    def propose(one: Profile) -> Plan:
        return propose_rollback(engine, one, session.environ)

    def work(one: Profile) -> Work[Event, LicenseState]:
        return lambda: roll_back(engine, one, session.environ, timeout=limit)

    question = f"Roll back the license of {', '.join(wanted)} on {engine.url}?"
    plans = [_plan(one, propose) for one in wanted.values()]
    if (code := _settle(session, plans, question, yes=yes)) is not None:
        return code
    return _run(session, {n: work(one) for n, one in wanted.items()}, as_json)


def _limit(text: str | None) -> timedelta | None:
    from csctl.size import parse_duration

    return None if text is None else parse_duration(text)


def _plan(one: Profile, propose: Callable[[Profile], Plan]) -> Plan:
    from csctl.plan.steps import Plan

    try:
        return propose(one)
    except EngineUnavailable:
        raise
    except CsctlError as error:
        return Plan(profile=one.name, steps=(), problems=(error,))


def _settle(
    session: Session, plans: list[Plan], question: str, *, yes: bool
) -> int | None:
    """Show the plans and ask; a code where one of them cannot be carried out."""
    from csctl.cli import exit as exits
    from csctl.cli.main import report

    for one in plans:
        for note in one.notes:
            session.say(f"{one.profile}: note: {note}")
        for problem in one.problems:
            report(problem)
    problems = [problem for one in plans for problem in one.problems]
    if problems:
        return exits.worst(exits.code_of(type(problem)) for problem in problems)
    if plans:
        for one in plans:
            session.say(str(one))
        session.confirm(question, yes=yes)
    return None


def _run(
    session: Session, jobs: Mapping[str, Work[Event, LicenseState]], as_json: bool
) -> int:
    from csctl.cli.several import code_of, run_all

    if not jobs:
        print_states([], as_json)
        return 0
    results, errors = run_all(session, jobs)
    print_states(list(results.values()), as_json)
    return code_of(errors)
