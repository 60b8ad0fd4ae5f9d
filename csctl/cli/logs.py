"""`csctl logs`."""

from __future__ import annotations

import click

from csctl.cli.session import Session, pass_session


@click.command()
@click.argument("name")
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines.")
@click.option("--since", metavar="D", help="Only lines since, such as 10m.")
@click.option(
    "--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines."
)
@pass_session
def logs(
    session: Session, name: str, follow: bool, since: str | None, tail: int | None
) -> None:
    """A container's log, with keys taken out. It may hold recognised text."""
    import time

    from csctl.contract.dialects import printable
    from csctl.lifecycle.lookup import managed
    from csctl.lifecycle.ready import redactor_of
    from csctl.size import parse_duration

    engine = session.connect()
    container = managed(engine, name)
    redact = redactor_of(container)
    moment = None
    if since is not None:
        moment = int(time.time() - parse_duration(since).total_seconds())
    lines = engine.follow_log if follow else engine.read_log
    for line in lines(container.name, tail=tail, since=moment):
        click.echo(printable(redact(line)))
