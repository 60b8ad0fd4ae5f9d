"""`csctl apply` and `csctl down`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from csctl.cli import exit as exits
from csctl.cli.hosts import Manner, over_hosts
from csctl.cli.session import (
    Session,
    json_option,
    one_or_list,
    pass_session,
    print_json,
    profile_argument,
    yes_option,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csctl.errors import CsctlError
    from csctl.lifecycle.events import Event
    from csctl.lifecycle.outcome import Outcome
    from csctl.lifecycle.side_by_side import Work
    from csctl.plan.steps import Plan
    from csctl.profile.model import Profile


@click.command()
@profile_argument
@yes_option
@click.option("--timeout", metavar="D", help="Time until ready, such as 90s or 10m.")
@click.option(
    "--allow-interruption",
    is_flag=True,
    help="Replace a replica although memory is short for both.",
)
@json_option
@pass_session
@over_hosts(
    Manner(
        blank={"steps": [], "seconds": 0.0},
        first_alone=True,
        before=("prepare",),
        preview=("plan",),
    )
)
def apply(
    session: Session,
    profiles: list[Profile],
    yes: bool,
    timeout: str | None,
    allow_interruption: bool,
    as_json: bool,
) -> int:
    """Do what plan says, and wait until every container is ready.

    A container that is to be replaced serves until all that can fail has been done;
    where its replacement does not become ready, it is started again. Behind a front it
    serves until its replacement does, and its sessions have ended. Of several hosts
    all prepare at once, then the first one goes first; where it fails, the containers
    of the others are not touched.
    """
    from csctl.lifecycle.fleet import propose_all, work_of
    from csctl.size import parse_duration

    limit = None if timeout is None else parse_duration(timeout)
    engine = session.connect()
    plans = propose_all(engine, profiles, session.environ, interrupt=allow_interruption)
    for one in plans:
        for note in one.notes:
            session.say(f"{one.profile}: note: {note}")
    if (code := refused(plans, as_json)) is not None:
        return code
    if any(one.steps for one in plans):
        for one in plans:
            session.say(str(one))
        names = ", ".join(one.profile for one in plans if one.steps)
        session.confirm(f"Apply to {names} on {engine.url}?", yes=yes)
    jobs = work_of(
        engine,
        profiles,
        plans,
        session.environ,
        timeout=limit,
        interrupt=allow_interruption,
    )
    return run_jobs(session, plans, jobs, as_json)


def refused(plans: list[Plan], as_json: bool) -> int | None:
    """Tell all problems; the code to end with where there is any."""
    from csctl.cli.main import report
    from csctl.cli.plan import code_of

    for one in plans:
        for problem in one.problems:
            report(problem)
    if not any(one.problems for one in plans):
        return None
    if as_json:
        print_json([_failed_row(one) for one in plans])
    return exits.worst(code_of(one) for one in plans if one.problems)


def run_jobs(
    session: Session,
    plans: list[Plan],
    jobs: Mapping[str, Work[Event, Outcome]],
    as_json: bool,
) -> int:
    """Run the work of all plans side by side, and print how each went."""
    from csctl.cli.several import code_of, run_all
    from csctl.format import progress

    began = time.monotonic()
    results, errors = run_all(session, jobs)
    if as_json:
        rows = []
        for plan_ in plans:
            done = results.get(plan_.profile)
            rows.append(
                done_row(done)
                if done
                else _row_of_error(
                    plan_, errors[plan_.profile], time.monotonic() - began
                )
            )
        print_json(rows)
    else:
        for name, done in results.items():
            click.echo(f"{name}: {progress.outcome(done)}")
    return code_of(errors)


def done_row(done: Any) -> dict[str, Any]:
    """How applying a profile went."""
    from csctl import format as words

    return {
        "profile": done.profile,
        "steps": [words.step(step) for step in done.steps],
        "outcome": done.outcome,
        "seconds": round(done.seconds, 3),
    }


def _row_of_error(plan_: Plan, error: CsctlError, seconds: float) -> dict[str, Any]:
    from csctl import errors
    from csctl import format as words

    outcomes = {
        errors.RolledBack: "rolled-back",
        errors.NotReady: "not-ready",
        errors.LockHeld: "locked",
    }
    return {
        "profile": plan_.profile,
        "steps": [words.step(step) for step in plan_.steps],
        "outcome": outcomes.get(type(error), "failed"),
        "seconds": round(seconds, 3),
        "error": error.message,
    }


def _failed_row(plan_: Plan) -> dict[str, Any]:
    from csctl import format as words

    return {
        "profile": plan_.profile,
        "steps": [words.step(step) for step in plan_.steps],
        "outcome": "refused" if plan_.problems else "not-started",
        "seconds": 0.0,
        "error": "; ".join(problem.message for problem in plan_.problems) or None,
    }


@click.command()
@profile_argument
@yes_option
@json_option
@pass_session
@over_hosts(Manner(blank={"steps": []}))
def down(session: Session, profiles: list[Profile], yes: bool, as_json: bool) -> int:
    """Stop and remove the profiles' containers; models, licenses and records stay."""
    from csctl import format as words
    from csctl.cli.several import code_of, run_all
    from csctl.lifecycle.fleet import down as lifecycle_down
    from csctl.lifecycle.fleet import propose_down
    from csctl.plan.steps import describe

    engine = session.connect()
    planned = {one.name: propose_down(engine, one) for one in profiles}
    if any(planned.values()):
        for name, steps in planned.items():
            for step in steps:
                session.say(f"{name}: {describe(step)}")
        session.confirm(f"Remove these containers on {engine.url}?", yes=yes)
    jobs = {one.name: lambda one=one: lifecycle_down(engine, one) for one in profiles}
    results, errors = run_all(session, jobs)
    if as_json:
        rows = [
            {"profile": name, "steps": [words.step(step) for step in steps]}
            for name, steps in results.items()
        ]
        print_json(one_or_list(rows))
    else:
        for name, steps in results.items():
            click.echo(f"{name}: {'removed' if steps else 'nothing to do'}")
    return code_of(errors)
