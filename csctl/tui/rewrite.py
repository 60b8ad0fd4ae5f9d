"""Changing keys of a profile: the difference first, then the file, then the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from csctl.contract.dialects import printable
from csctl.errors import CsctlError
from csctl.lifecycle.profiles import Proposal, propose
from csctl.profile.model import Profile
from csctl.tui import doors
from csctl.tui.confirm_dialog import ConfirmDialog

if TYPE_CHECKING:
    from csctl.tui.app import CsctlApp


def rewrite(
    app: CsctlApp,
    profile: Profile,
    changes: Mapping[str, str | None],
    doubts: Iterable[str] = (),
) -> None:
    """Show what setting keys comes to, and write it if that is confirmed.

    `doubts` say what speaks against it.
    """
    source = profile.source
    try:
        app.desk.require_changes()
        proposal = propose(source.file, changes, app.desk.environ, source.document)
    except CsctlError as error:
        app.fail(error, title="The profile stays as it is")
        return
    if not proposal.difference:
        app.notify(f"{source.file} says so already")
        return

    def write() -> None:
        _write(app, profile.name, proposal)

    detail = (
        "".join(f"⚠ {printable(doubt)}\n" for doubt in doubts) + proposal.difference
    )
    dialog = ConfirmDialog(
        f"Write {source.file}?", detail=detail.rstrip("\n"), yes="Write"
    )
    app.push_screen(dialog, lambda answer: write() if answer else None)


def _write(app: CsctlApp, name: str, proposal: Proposal) -> None:
    try:
        app.desk.require_changes()
        proposal.write()
        app.desk.read_again()
    except CsctlError as error:
        app.fail(error, title="The profile stays as it is")
        return
    offer_plan(app, name, f"{proposal.path} is written.")


def offer_plan(app: CsctlApp, name: str, done: str) -> None:
    """Ask whether to see what a written profile comes to."""

    dialog = ConfirmDialog(
        f"{done} See the plan of {name}?",
        detail="The plan only looks; nothing is done before you say so.",
        yes="Plan",
    )
    app.push_screen(
        dialog, lambda answer: doors.open_plan(app, [name]) if answer else None
    )
