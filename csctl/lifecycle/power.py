"""Starting, stopping and restarting a managed container, and nothing else."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from csctl import lock
from csctl.engine.engine import Engine
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event, Note
from csctl.lifecycle.lookup import managed
from csctl.lifecycle.ready import wait_until_ready

READY_SECONDS = 600.0
"""How long a start may take, where nobody says otherwise."""


def start(
    engine: Engine, name: str, *, seconds: float = READY_SECONDS
) -> Generator[Event, None, str]:
    """Start a container and wait until it is ready. Raises CsctlError."""
    with _held(engine, name):
        engine.start(name)
        yield from wait_until_ready(engine, name, Demand(seconds=seconds))
    return "ready"


def restart(
    engine: Engine, name: str, *, seconds: float = READY_SECONDS
) -> Generator[Event, None, str]:
    """Stop and start a container, and wait until it is ready. Raises CsctlError."""
    with _held(engine, name):
        engine.restart(name)
        yield from wait_until_ready(engine, name, Demand(seconds=seconds))
    return "ready"


def stop(engine: Engine, name: str) -> Generator[Event, None, str]:
    """Stop a container; it stays stopped until it is started. Raises CsctlError."""
    with _held(engine, name):
        yield Note(text="stops, which may take a moment")
        engine.stop(name)
    return "stopped"


@contextmanager
def _held(engine: Engine, name: str) -> Iterator[None]:
    """Hold the lock of the container's profile, where that is of this host."""
    container = managed(engine, name)
    state = container.state_directory
    if state is None or not Path(state).is_dir():
        yield
        return
    with lock.hold(Path(state, f"{container.profile}.lock"), f"profile {name}"):
        yield
