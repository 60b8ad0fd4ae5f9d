"""`csctl plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from csctl.cli import exit as exits
from csctl.cli.hosts import Manner, over_hosts
from csctl.cli.session import (
    Session,
    json_option,
    pass_session,
    print_json,
    profile_argument,
)

if TYPE_CHECKING:
    from csctl.plan.steps import Plan
    from csctl.profile.model import Profile


@click.command()
@profile_argument
@json_option
@pass_session
@over_hosts(Manner(blank={"steps": [], "notes": [], "problems": []}))
def plan(session: Session, profiles: list[Profile], as_json: bool) -> int:
    """Say what apply would do, and why. Looks, and changes nothing.

    Exits with 6 where something is to be done, with 0 where nothing is.
    """
    from csctl import format as words
    from csctl.cli.main import report
    from csctl.lifecycle.fleet import propose_all

    plans = propose_all(session.connect(), profiles, session.environ)
    if as_json:
        print_json([words.plan(one) for one in plans])
    else:
        for one in plans:
            click.echo(str(one))
    for one in plans:
        for note in one.notes:
            session.say(f"{one.profile}: note: {note}")
        for problem in one.problems:
            report(problem)
    return exits.worst(code_of(one) for one in plans)


def code_of(plan_: Plan) -> int:
    """6 for steps, 0 for none, the problems' own code where there are some."""
    codes = [exits.code_of(type(problem)) for problem in plan_.problems]
    return exits.worst(codes or [exits.PENDING if plan_.steps else exits.DONE])
