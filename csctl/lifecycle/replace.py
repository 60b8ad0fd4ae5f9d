"""Replacing a container so that a failure leaves the old one serving.

The new one is created first, under a passing name; only then the old one stops, both
are renamed, the new one starts and must become ready. Else it is removed and the old
one is started again. Each state in between can be told from the names alone, so that
the next run brings a killed one to its end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from pathlib import Path

from csctl.container.observed import Container
from csctl.container.spec import (
    ContainerSpec,
    applied_fields,
    next_name,
    old_name,
)
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, EngineError, RolledBack
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.events import Event, Note, Waiting
from csctl.lifecycle.kept_log import LINES, keep
from csctl.lifecycle.ready import redactor_of, stay_ready, wait_until_ready


def replace(
    engine: Engine, spec: ContainerSpec, demand: Demand
) -> Generator[Event, None, None]:
    """Put a container of `spec` into the place of the one that has its name.

    Raises RolledBack when the new one does not become ready, after the old one was
    started again; other errors before the old one stopped.
    """
    name = spec.name
    passing = next_name(name)
    engine.remove(passing)
    engine.create(dataclasses.replace(spec, name=passing))
    try:
        yield Note(text="the new container is created; the old one stops")
        _retire(engine, name)
        engine.rename(passing, name)
        yield from resume(engine, name, demand)
    except BaseException:
        undo(engine, name)
        engine.remove(passing)
        raise


def resume(engine: Engine, name: str, demand: Demand) -> Generator[Event, None, None]:
    """Bring a replacement to its end from whatever state it is in.

    Killed between its two renames it is undone, and can be planned anew. Raises
    RolledBack when the new container fails and the old one serves again.
    """
    if (yield from settle(engine, name, demand)):
        engine.remove(old_name(name))


def settle(engine: Engine, name: str, demand: Demand) -> Generator[Event, None, bool]:
    """Let the new container become ready; whether it has taken the old one's place.

    Raises RolledBack when it fails and the old one serves again.
    """
    waiting = old_name(name)
    try:
        current = engine.container(name)
        if current is None:
            undo(engine, name)
            yield Note(text="the broken-off replacement was undone")
            return False
        if not current.running:
            engine.start(name)
            yield Waiting(
                what=f"waiting for {name}", seconds=0.0, phase="start", line=""
            )
        yield from wait_until_ready(engine, name, demand)
        yield from stay_ready(engine, name)
    except CsctlError as error:
        if engine.container(waiting) is None:
            raise
        kept = keep_log(engine, name)
        undo(engine, name)
        raise RolledBack(
            f"{name}: the new container failed, and the old one serves again:"
            f" {error.message}",
            remedy=f"the whole log of the new one is in {kept}"
            if kept
            else "mend the profile, and apply again",
        ) from error
    except BaseException:
        # Ctrl-C, or the caller stopped iterating: go back at once.
        undo(engine, name)
        raise
    return True


def keep_log(engine: Engine, name: str) -> Path | None:
    """Write down the redacted log of a container that failed; where it is."""
    try:
        container = engine.container(name)
        if container is None or container.state_directory is None:
            return None
        lines = engine.log(name, tail=LINES)
    except EngineError:
        return None
    redact = redactor_of(container)
    return keep(Path(container.state_directory, "logs"), "replace", map(redact, lines))


def _retire(engine: Engine, name: str) -> None:
    """Stop the old container and give it its waiting name."""
    old = engine.container(name)
    if old is None:
        return
    try:
        if old.restart == "always" and engine.host.updates:
            # It would come back by itself when the Engine restarts. (Podman's would
            # not.)
            engine.update(name, restart="no")
        engine.stop(name)
        engine.rename(name, old_name(name))
    except BaseException:
        _revive(engine, old, name)
        raise


def undo(engine: Engine, name: str) -> None:
    """Let the container that waits serve again, in place of its replacement."""
    waiting = engine.container(old_name(name))
    if waiting is None:
        return
    engine.remove(name)
    engine.rename(old_name(name), name)
    _revive(engine, waiting, name)


def _revive(engine: Engine, old: Container, name: str) -> None:
    wanted = (applied_fields(old.labels) or {}).get("restart", old.restart)
    if wanted == "always" and engine.host.updates:
        engine.update(name, restart=wanted)
    engine.start(name)
