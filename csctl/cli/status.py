"""`csctl status`."""

from __future__ import annotations

import click

from csctl.cli import exit as exits
from csctl.cli.session import Session, json_option, pass_session, print_json


@click.command()
@click.argument("profile", nargs=-1, type=click.Path(exists=False))
@click.option("--check", is_flag=True, help="Exit with 6 where anything drifted.")
@json_option
@pass_session
def status(
    session: Session, profile: tuple[str, ...], check: bool, as_json: bool
) -> int:
    """Every managed container, compared with what it was created with.

    With profiles, those only, compared with the profile as it is written now.
    """
    from csctl import format as words
    from csctl.lifecycle.status import status as look

    rows = look(
        session.connect(), session.profiles(profile) if profile else (), session.environ
    )
    if as_json:
        print_json([words.status(row) for row in rows])
    elif rows:
        cells = [words.status_cells(row) for row in rows]
        click.echo(words.table(words.STATUS_HEADERS, cells))
    else:
        session.say("no managed container; see: csctl apply --help")
    for row in rows:
        if row.problem is not None:
            session.say(f"csctl: {row.profile}: not compared: {row.problem.message}")
    if check and any(row.drift or row.container is None for row in rows):
        return exits.PENDING
    return exits.DONE
