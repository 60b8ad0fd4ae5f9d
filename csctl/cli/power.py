"""`csctl start`, `stop` and `restart`."""

from __future__ import annotations

import click

from csctl.cli.session import Session, pass_session

_timeout = click.option(
    "--timeout", default="10m", show_default=True, metavar="D", help="Time until ready."
)


@click.command()
@click.argument("name")
@_timeout
@pass_session
def start(session: Session, name: str, timeout: str) -> None:
    """Start a container, and wait until it is ready."""
    from csctl.lifecycle import power
    from csctl.size import parse_duration

    seconds = parse_duration(timeout).total_seconds()
    work = power.start(session.connect(), name, seconds=seconds)
    click.echo(f"{name}: {session.follow(name, work)}")


@click.command()
@click.argument("name")
@_timeout
@pass_session
def restart(session: Session, name: str, timeout: str) -> None:
    """Stop and start a container, and wait until it is ready."""
    from csctl.lifecycle import power
    from csctl.size import parse_duration

    seconds = parse_duration(timeout).total_seconds()
    work = power.restart(session.connect(), name, seconds=seconds)
    click.echo(f"{name}: {session.follow(name, work)}")


@click.command()
@click.argument("name")
@pass_session
def stop(session: Session, name: str) -> None:
    """Stop a container; it stays stopped until it is started again."""
    from csctl.lifecycle import power

    work = power.stop(session.connect(), name)
    click.echo(f"{name}: {session.follow(name, work)}")
