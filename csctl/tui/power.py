"""Verbs without a screen of their own: start, restart, stop, down."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from csctl.engine.engine import Engine
from csctl.lifecycle import power
from csctl.lifecycle.errand import Errand, errands
from csctl.lifecycle.events import Event
from csctl.lifecycle.far_row import FarRow
from csctl.lifecycle.fleet import down as remove
from csctl.lifecycle.side_by_side import Work
from csctl.tui.confirm_dialog import ConfirmDialog, TypedDialog

if TYPE_CHECKING:
    from csctl.tui.app import CsctlApp

Jobs = dict[str, Work[Event, Any]]


def start(app: CsctlApp, keys: Iterable[str]) -> None:
    """Start containers at once: nothing is lost by it."""
    jobs = _jobs(app, keys, "start", power.start)
    app.open_progress(f"start {', '.join(jobs)}", jobs)


def restart(app: CsctlApp, keys: Iterable[str]) -> None:
    """Ask, and restart containers."""
    _ask(app, "restart", _jobs(app, keys, "restart", power.restart))


def stop(app: CsctlApp, keys: Iterable[str]) -> None:
    """Ask, and stop containers."""
    _ask(app, "stop", _jobs(app, keys, "stop", power.stop))


def _jobs(
    app: CsctlApp,
    keys: Iterable[str],
    verb: str,
    here: Callable[[Engine, str], Generator[Event, None, str]],
) -> Jobs:
    jobs: Jobs = {}
    for key in keys:
        row = app.desk.row(key)
        if isinstance(row, FarRow):
            errand = Errand(host=row.host, verb=(verb,), name=row.name)
            jobs[key] = partial(errand.run, app.desk.environ)
        else:
            jobs[key] = partial(here, app.desk.require_engine(), key)
    return jobs


def _ask(app: CsctlApp, verb: str, jobs: Jobs) -> None:
    dialog = ConfirmDialog(
        f"{verb.capitalize()} {app.desk.where(jobs)}?",
        detail="What is being recognised meanwhile is cut off.",
        yes=verb.capitalize(),
    )
    go = partial(app.open_progress, f"{verb} {', '.join(jobs)}", jobs)
    app.push_screen(dialog, lambda answer: go() if answer else None)


def down(app: CsctlApp, keys: Iterable[str]) -> None:
    """Ask for a word, typed in full, and remove containers."""
    profiles = [row.wanted for key in keys if (row := app.desk.row(key)) and row.wanted]
    jobs: Jobs = {
        one.name: partial(remove, app.desk.require_engine(), one)
        for one in profiles
        if one.host is None
    }
    far = errands(("down", "--yes"), (one for one in profiles if one.host is not None))
    jobs |= {str(one): partial(one.run, app.desk.environ) for one in far}
    names = [name for name in jobs if app.desk.profile(name)]
    names += [one.name for errand in far for one in errand.profiles]
    dialog = TypedDialog(
        f"Stop and remove {app.desk.where(jobs)}?",
        word=names[0] if len(names) == 1 else str(len(names)),
        detail="Its log goes with it. Models, licenses and usage records stay.",
    )
    go = partial(app.open_progress, f"remove {', '.join(jobs)}", jobs, tell=_removed)
    app.push_screen(dialog, lambda answer: go() if answer else None)


def _removed(result: object) -> str:
    if isinstance(result, str):
        return result
    return "removed" if result else "nothing to do"
