"""A profile in the operator's own editor; the application steps aside meanwhile."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from csctl.errors import CsctlError, ProfileError, UsageError
from csctl.profile.load import load
from csctl.tui.confirm_dialog import ConfirmDialog

if TYPE_CHECKING:
    from csctl.tui.app import CsctlApp

_VARIABLES = ("VISUAL", "EDITOR")
_USUAL = "vi"
_SIGNALS_READ = 4096


def edit(app: CsctlApp, path: Path) -> None:
    """Open a file in $VISUAL, $EDITOR or vi, and say what is wrong with it after."""
    try:
        app.desk.require_changes()
        words = command(app.desk.environ)
        _run(app, [*words, str(path)])
    except CsctlError as error:
        app.fail(error, title="Editor")
        return
    app.refresh()
    try:
        load([path], app.desk.environ)
        app.desk.read_again()
    except ProfileError as error:
        _ask_again(app, path, error)


def command(environ: Mapping[str, str]) -> list[str]:
    """The words that start the operator's editor. Raises UsageError."""
    name, text = next(
        ((name, environ[name]) for name in _VARIABLES if environ.get(name, "").strip()),
        ("", _USUAL),
    )
    try:
        return shlex.split(text)
    except ValueError as exc:
        raise UsageError(
            f"{name}={text} is no command: {exc}".rstrip("."),
            remedy=f"close its quotes, or set {name} to a program",
        ) from exc


def _run(app: CsctlApp, words: list[str]) -> None:
    try:
        with app.suspend(), _interrupts_left_to_it():
            done = subprocess.run(words, check=False, env=dict(app.desk.environ))
    except SuspendNotSupported as exc:
        raise UsageError(
            "this terminal cannot be lent to an editor",
            remedy=f"edit {words[-1]} in another one; csctl notices the change",
        ) from exc
    except OSError as exc:
        raise UsageError(
            f"{words[0]} cannot be started: {exc.strerror}",
            remedy="set VISUAL or EDITOR to a program of this host",
        ) from exc
    if done.returncode:
        raise UsageError(
            f"{words[0]} ended with code {done.returncode}",
            remedy=f"look whether {words[-1]} is as you want it",
        )


@contextmanager
def _interrupts_left_to_it() -> Iterator[None]:
    """Ctrl+C is the editor's; other signals reach csctl once the editor is closed.

    Ignoring it here would make the editor ignore it too. The application's handlers are
    called by what the event loop reads from its wake-up socket, so another takes its
    place meanwhile.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, hearing = socket.socketpair()
    hearing.settimeout(0)  # As a wake-up socket has to be.
    before = signal.set_wakeup_fd(hearing.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        hearing.send(b"\0")  # So that there is something to read.
        for number in heard.recv(_SIGNALS_READ):
            if number not in (0, signal.SIGINT):
                os.kill(os.getpid(), number)
        heard.close()
        hearing.close()


def _ask_again(app: CsctlApp, path: Path, error: ProfileError) -> None:
    dialog = ConfirmDialog(
        f"{path} is no valid profile. Open it again?",
        detail=error.message,
        yes="Open again",
        no="Leave it",
    )
    app.push_screen(dialog, lambda answer: edit(app, path) if answer else None)
