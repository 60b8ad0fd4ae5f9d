"""`csctl logs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from csctl.cli.session import Session, pass_session

if TYPE_CHECKING:
    from csctl.engine.engine import Engine


@click.command()
@click.argument("name")
@click.option(
    "--follow", "-f", is_flag=True, help="Go on with new lines until it stops."
)
@click.option(
    "--reconnect",
    is_flag=True,
    help="Go on with new lines when it was restarted or replaced, or the Engine was"
    " away, too. What befell it is said on stderr.",
)
@click.option("--since", metavar="D", help="Only lines since, such as 10m.")
@click.option(
    "--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines."
)
@pass_session
def logs(
    session: Session,
    name: str,
    follow: bool,
    reconnect: bool,
    since: str | None,
    tail: int | None,
) -> None:
    """A container's log, with keys taken out. It may hold recognised text.

    Of a service of Docker Swarm it is that of all tasks, each line with its node.
    """
    import time

    from csctl.contract.dialects import printable
    from csctl.lifecycle import service
    from csctl.lifecycle.lookup import managed
    from csctl.lifecycle.ready import redactor_of
    from csctl.size import parse_duration

    engine = session.connect()
    moment = None
    if since is not None:
        moment = int(time.time() - parse_duration(since).total_seconds())
    # Of containers a swarm is not asked: without its managers it would not answer.
    found = None if engine.container(name) else service.find(engine, name)
    if reconnect:
        known = found or managed(engine, name)
        _follow_on(engine, known.name, tail=tail, since=moment)
        return
    if found is not None:
        for line in service.log(engine, found, follow=follow, tail=tail, since=moment):
            click.echo(printable(line))
        return
    container = managed(engine, name)
    redact = redactor_of(container)
    lines = engine.follow_log if follow else engine.read_log
    for line in lines(container.name, tail=tail, since=moment):
        click.echo(printable(redact(line)))


def _follow_on(
    engine: Engine, name: str, *, tail: int | None, since: int | None
) -> None:
    import threading

    from csctl.format import log as words
    from csctl.lifecycle.follow import Mark, follow

    never = threading.Event()
    for entries in follow(lambda: engine, name, never, tail=tail, since=since):
        for entry in entries:
            click.echo(words.entry(entry), err=isinstance(entry, Mark))
