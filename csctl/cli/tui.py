"""`csctl tui`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from csctl.cli.session import Session, pass_session
from csctl.errors import UsageError

PLACES = Path("/etc/csctl")
"""Where profiles are looked for when none is named."""


@click.command()
@click.argument("profile", nargs=-1, type=click.Path(exists=False))
@click.option("--read-only", is_flag=True, help="Look only; refuse every change.")
@pass_session
def tui(session: Session, profile: tuple[str, ...], read_only: bool) -> int:
    """Watch and run the containers in the terminal.

    Shows every managed container and every PROFILE (files and directories). Without
    one it takes those of CSCTL_PROFILES, with ':' between them, else of /etc/csctl
    where that is there. CSCTL_READ_ONLY=1 is --read-only; CSCTL_THEME is dark or
    light.
    """
    return open_tui(session, profile, read_only=read_only)


def open_tui(session: Session, named: Sequence[str], *, read_only: bool) -> int:
    """Run the terminal UI; its exit code. Raises UsageError without a terminal."""
    _check_terminal(session)
    paths = list(named) or _places(session)
    if paths:
        # What is wrong with them is said before the screen is taken.
        session.everywhere(paths)
    if not session.color:
        os.environ["NO_COLOR"] = "1"
    elif not os.environ.get("NO_COLOR"):
        # An empty one counts as set for Textual, and as unset for everybody else.
        os.environ.pop("NO_COLOR", None)

    from csctl.lifecycle.watch import watch
    from csctl.tui.app import CsctlApp
    from csctl.tui.desk import Desk
    from csctl.tui.theme import chosen

    chosen(session.environ)
    first = Path(paths[0]) if paths else Path()
    desk = Desk(
        connect=session.connect,
        load=lambda: session.everywhere(paths) if paths else [],
        environ=session.environ,
        paths=paths,
        folder=first if first.is_dir() else first.parent,
        read_only=read_only or session.environ.get("CSCTL_READ_ONLY") == "1",
    )
    app = CsctlApp(
        desk,
        lambda stop: watch(desk.connect, desk.load, desk.environ, stop, desk.places),
    )
    code = app.run()
    if app.bug is not None:
        raise app.bug
    return code or 0


def _check_terminal(session: Session) -> None:
    remedy = "print the same with csctl status, show, plan and logs"
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the terminal UI needs a terminal", remedy=remedy)
    kind = session.environ.get("TERM", "")
    if kind in ("", "dumb"):
        raise UsageError(f"the terminal UI cannot draw on TERM={kind}", remedy=remedy)


def _places(session: Session) -> list[str]:
    named = session.environ.get("CSCTL_PROFILES", "")
    if named:
        return [path for path in named.split(":") if path]
    found = PLACES.is_dir() and any(PLACES.glob("*.y*ml"))
    return [str(PLACES)] if found else []
