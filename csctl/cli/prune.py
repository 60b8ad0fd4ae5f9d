"""`csctl prune`."""

from __future__ import annotations

import click

from csctl.cli.session import (
    Session,
    json_option,
    pass_session,
    print_json,
    profile_argument,
    yes_option,
)


@click.command()
@profile_argument
@yes_option
@json_option
@pass_session
def prune(session: Session, profile: tuple[str, ...], yes: bool, as_json: bool) -> int:
    """Remove models, images, license sets and leftovers that nothing needs.

    Name all profiles of the host: what none of them wants, and no container uses,
    goes. Of images, those of the repositories that the profiles name; of directories,
    those with a record of csctl.
    """
    from csctl import format as words
    from csctl.lifecycle import prune as pruning
    from csctl.plan.steps import describe

    engine = session.connect()
    planned = pruning.propose(engine, session.profiles(profile), session.environ)
    for step in planned:
        session.say(describe(step))
    if planned:
        session.confirm(f"Remove these on {engine.url}?", yes=yes)
    for _ in pruning.prune(engine, planned):
        pass
    if as_json:
        print_json([words.step(step) for step in planned])
    else:
        click.echo(f"{len(planned)} removed" if planned else "nothing to do")
    return 0
