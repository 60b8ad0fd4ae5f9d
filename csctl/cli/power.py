"""`csctl start`, `stop` and `restart`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from csctl.cli.session import Session, pass_session

if TYPE_CHECKING:
    from csctl.engine.engine import Engine


_timeout = click.option(
    "--timeout", default="10m", show_default=True, metavar="D", help="Time until ready."
)


@click.command()
@click.argument("name")
@_timeout
@pass_session
def start(session: Session, name: str, timeout: str) -> None:
    """Start a container, and wait until it is ready."""
    with _held(session, name) as engine:
        engine.start(name)
        _wait(session, engine, name, timeout)


@click.command()
@click.argument("name")
@_timeout
@pass_session
def restart(session: Session, name: str, timeout: str) -> None:
    """Stop and start a container, and wait until it is ready."""
    with _held(session, name) as engine:
        engine.restart(name)
        _wait(session, engine, name, timeout)


@click.command()
@click.argument("name")
@pass_session
def stop(session: Session, name: str) -> None:
    """Stop a container; it stays stopped until it is started again."""
    with _held(session, name) as engine:
        engine.stop(name)
    click.echo(f"{name}: stopped")


@contextmanager
def _held(session: Session, name: str) -> Iterator[Engine]:
    """The Engine, under the lock of the container's profile if that is of this host."""
    from csctl import lock
    from csctl.lifecycle.lookup import managed

    engine = session.connect()
    container = managed(engine, name)
    state = container.state_directory
    if state is None or not Path(state).is_dir():
        yield engine
        return
    with lock.hold(Path(state, f"{container.profile}.lock"), f"profile {name}"):
        yield engine


def _wait(session: Session, engine: Engine, name: str, timeout: str) -> None:
    from csctl.cli.narrator import narrate
    from csctl.lifecycle.ready import wait_until_ready
    from csctl.size import parse_duration

    seconds = parse_duration(timeout).total_seconds()
    with narrate(session) as tell:
        for event in wait_until_ready(engine, name, seconds=seconds):
            tell(name, event)
    click.echo(f"{name}: ready")
