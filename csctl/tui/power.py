"""Verbs without a screen of their own: start, restart, stop, down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from csctl.lifecycle import power
from csctl.lifecycle.events import Event
from csctl.lifecycle.fleet import down as remove
from csctl.lifecycle.side_by_side import Work
from csctl.tui.confirm_dialog import ConfirmDialog, TypedDialog

if TYPE_CHECKING:
    from csctl.tui.app import CsctlApp

Jobs = Mapping[str, Work[Event, Any]]


def start(app: CsctlApp, names: Iterable[str]) -> None:
    """Start containers at once: nothing is lost by it."""
    engine = app.desk.require_engine()
    jobs = {name: partial(power.start, engine, name) for name in names}
    app.open_progress(f"start {', '.join(jobs)}", jobs)


def restart(app: CsctlApp, names: Iterable[str]) -> None:
    """Ask, and restart containers."""
    engine = app.desk.require_engine()
    _ask(app, "restart", {name: partial(power.restart, engine, name) for name in names})


def stop(app: CsctlApp, names: Iterable[str]) -> None:
    """Ask, and stop containers."""
    engine = app.desk.require_engine()
    _ask(app, "stop", {name: partial(power.stop, engine, name) for name in names})


def _ask(app: CsctlApp, verb: str, jobs: Jobs) -> None:
    listed = ", ".join(jobs)
    dialog = ConfirmDialog(
        f"{verb.capitalize()} {listed} on {app.desk.host}?",
        detail="What is being recognised meanwhile is cut off.",
        yes=verb.capitalize(),
    )
    go = partial(app.open_progress, f"{verb} {listed}", jobs)
    app.push_screen(dialog, lambda answer: go() if answer else None)


def down(app: CsctlApp, names: Iterable[str]) -> None:
    """Ask for a word, typed in full, and remove containers."""
    engine = app.desk.require_engine()
    profiles = {name: app.desk.profile(name) for name in names}
    jobs = {
        name: partial(remove, engine, profile)
        for name, profile in profiles.items()
        if profile is not None
    }
    listed = ", ".join(jobs)
    dialog = TypedDialog(
        f"Stop and remove {listed} on {app.desk.host}?",
        word=listed if len(jobs) == 1 else str(len(jobs)),
        detail="Its log goes with it. Models, licenses and usage records stay.",
    )
    go = partial(app.open_progress, f"remove {listed}", jobs, tell=_removed)
    app.push_screen(dialog, lambda answer: go() if answer else None)


def _removed(steps: object) -> str:
    return "removed" if steps else "nothing to do"
