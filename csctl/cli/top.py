"""`csctl top`."""

from __future__ import annotations

import click

from csctl.cli.session import Session, json_option, pass_session, print_json


@click.command()
@click.argument("name", nargs=-1)
@json_option
@pass_session
def top(session: Session, name: tuple[str, ...], as_json: bool) -> None:
    """What running containers use of CPU (in cores) and memory, and their limits.

    One reading of all of them, or of the named ones, which takes a second or two.
    """
    from csctl.format import meters as words
    from csctl.format import table
    from csctl.lifecycle.meters import read

    found = read(session.connect(), name)
    if as_json:
        print_json([words.reading(one) for one in found])
    elif found:
        click.echo(table(words.HEADERS, [words.cells(one) for one in found]))
    else:
        session.say("no managed container runs; see: csctl status")
