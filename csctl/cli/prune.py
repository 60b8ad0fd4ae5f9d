"""`csctl prune`."""

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
    yes_option,
)

if TYPE_CHECKING:
    from csctl.profile.model import Profile


@click.command()
@profile_argument
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only say what would go; exits 6 where there is any.",
)
@yes_option
@json_option
@pass_session
@over_hosts(Manner(preview=("prune", "--dry-run")))
def prune(
    session: Session,
    profiles: list[Profile],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Remove models, images, license sets and leftovers that nothing needs.

    Name all profiles of the host: what none of them wants, and no container uses,
    goes. Of images, those of the repositories that the profiles name; of directories,
    those with a record of csctl.
    """
    from csctl import format as words
    from csctl.lifecycle import prune as pruning
    from csctl.plan.steps import describe

    engine = session.connect()
    planned = pruning.propose(engine, profiles, session.environ)
    for step in planned:
        session.say(describe(step))
    if planned and not dry_run:
        session.confirm(f"Remove these on {engine.url}?", yes=yes)
        for _ in pruning.prune(engine, planned):
            pass
    if as_json:
        print_json([words.step(step) for step in planned])
    else:
        gone = "to remove" if dry_run else "removed"
        click.echo(f"{len(planned)} {gone}" if planned else "nothing to do")
    return exits.PENDING if planned and dry_run else exits.DONE
