"""`csctl status`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from csctl import format as words
from csctl.cli import exit as exits
from csctl.cli.hosts import Manner, over_hosts
from csctl.cli.session import Session, json_option, pass_session, print_json

if TYPE_CHECKING:
    from csctl.profile.model import Profile


def _show(rows: Sequence[words.Row]) -> None:
    click.echo(words.status_table(rows))


@click.command()
@click.argument("profile", nargs=-1, type=click.Path(exists=False))
@click.option("--check", is_flag=True, help="Exit with 6 where anything drifted.")
@json_option
@pass_session
@over_hosts(Manner(blank=words.NO_STATUS, show=_show))
def status(
    session: Session, profiles: list[Profile], check: bool, as_json: bool
) -> int:
    """Every managed container, compared with what it was created with.

    With profiles, those only, compared with the profile as it is written now.
    """
    from csctl.cli.main import report
    from csctl.lifecycle.status import status as look

    found = look(session.connect(), profiles, session.environ)
    rows = [words.status(row) for row in found.rows]
    if as_json:
        print_json(rows)
    elif rows:
        _show(rows)
    elif found.unknown is None:
        session.say("no managed container; see: csctl apply --help")
    for row in found.rows:
        if row.problem is not None and row.problem is not found.unknown:
            session.say(f"csctl: {row.profile}: not compared: {row.problem.message}")
    if found.unknown is not None:
        report(found.unknown)
        return exits.code_of(type(found.unknown))
    if check and any(row.drift or row.container is None for row in found.rows):
        return exits.PENDING
    return exits.DONE
