"""The verbs: what can be done with a row, each with one key on every screen.

Bindings, help and the command palette are all made from this table. No verb that
stops or removes anything has a key beside one that moves the cursor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.binding import Binding

from csctl.lifecycle.far_row import FarRow
from csctl.lifecycle.status import Status
from csctl.tui import there
from csctl.tui.desk import Desk, Row
from csctl.tui.there import ALIVE, SERVICE

Blocked = Callable[[Desk, Status | None], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One thing that can be done."""

    action: str
    key: str
    label: str
    """For the footer."""
    help: str
    """A sentence for help and palette."""
    changes: bool = False
    """Whether it changes anything: a read-only desk does not have it."""
    blocked: Blocked
    """Why it cannot be done now; None where it can."""
    far: there.Blocked
    """The same of a row of another host."""
    several: bool = False
    """Whether it is done to all marked rows; else only to the one with the cursor."""
    show: bool = True
    """Whether the footer has room for it."""

    def binding(self) -> Binding:
        return Binding(
            self.key, self.action, self.label, tooltip=self.help, show=self.show
        )

    def why_not(self, desk: Desk, row: Row | None) -> str | None:
        """Why it cannot be done now; None where it can."""
        if self.changes and desk.read_only:
            return desk.READ_ONLY
        if isinstance(row, FarRow):
            return self.far(row)
        return self.blocked(desk, row)


def _always(_desk: Desk, _row: Status | None) -> str | None:
    return None


def _some(_desk: Desk, row: Status | None) -> str | None:
    return None if row else "no row is selected"


def _with_engine(desk: Desk, _row: Status | None) -> str | None:
    return "the Engine does not answer" if desk.engine is None or desk.lost else None


def _with_profile(_desk: Desk, row: Status | None) -> str | None:
    if row is None:
        return "no row is selected"
    return None if row.wanted else f"no profile of {row.profile} was given to csctl"


def _planned(desk: Desk, row: Status | None) -> str | None:
    return _with_profile(desk, row) or _with_engine(desk, row)


def _with_container(desk: Desk, row: Status | None) -> str | None:
    if row is None:
        return "no row is selected"
    if row.container is None:
        return f"{row.profile} has no container"
    return _with_engine(desk, row)


def _running(desk: Desk, row: Status | None) -> str | None:
    why = _power(desk, row)
    if why is not None or row is None or row.container is None:
        return why
    state = row.container.state
    return None if state in ALIVE else f"{row.profile} is {state}"


def _power(desk: Desk, row: Status | None) -> str | None:
    why = _with_container(desk, row)
    if why is not None or row is None or row.container is None:
        return why
    return SERVICE if row.container.serves_in_swarm else None


def _stopped(desk: Desk, row: Status | None) -> str | None:
    why = _power(desk, row)
    if why is not None or row is None or row.container is None:
        return why
    state = row.container.state
    return f"{row.profile} is {state}" if state in ALIVE else None


def _removable(desk: Desk, row: Status | None) -> str | None:
    return _with_profile(desk, row) or _with_container(desk, row)


def _licensed(desk: Desk, row: Status | None) -> str | None:
    why = _some(desk, row)
    if why is not None or row is None:
        return why
    return (
        f"{row.profile} is connected: it needs no license" if _connected(row) else None
    )


def _connected(row: Status) -> bool:
    mode = row.wanted.mode if row.wanted else row.container and row.container.mode
    return mode == "connected"


VERBS = (
    Verb(
        action="details",
        key="d",
        label="Details",
        help="Show the profile and its container in full",
        blocked=_some,
        far=there.free,
    ),
    Verb(
        action="plan",
        key="p",
        label="Plan",
        help="Say what apply would do",
        several=True,
        blocked=_planned,
        far=there.free,
    ),
    Verb(
        action="apply",
        key="a",
        label="Apply",
        help="Do what the plan says, and wait until ready",
        changes=True,
        several=True,
        blocked=_planned,
        far=there.free,
    ),
    Verb(
        action="logs",
        key="l",
        label="Logs",
        help="Follow the container's log",
        blocked=_with_container,
        far=there.there,
    ),
    Verb(
        action="images",
        key="i",
        label="Images",
        help="Show the image's tags; pull one, or choose one for the profile",
        blocked=_with_engine,
        far=there.only_there("image list"),
    ),
    Verb(
        action="models",
        key="m",
        label="Models",
        help="Show the models here, and base or custom ones; choose one",
        blocked=_planned,
        far=there.only_there("model show PROFILE"),
    ),
    Verb(
        action="license",
        key="L",
        label="License",
        help="Show the license sets; refresh, or go back to the set before",
        blocked=_licensed,
        far=there.licensed,
    ),
    Verb(
        action="edit",
        key="e",
        label="Edit",
        help="Open the profile in $EDITOR",
        changes=True,
        blocked=_with_profile,
        far=there.free,
    ),
    Verb(
        action="new",
        key="ctrl+n",
        label="New",
        help="Write a new profile with a guided form",
        changes=True,
        blocked=_always,
        far=there.free,
        show=False,
    ),
    Verb(
        action="start",
        key="s",
        label="Start",
        help="Start the container, and wait until it is ready",
        changes=True,
        several=True,
        blocked=_stopped,
        far=there.stopped,
        show=False,
    ),
    Verb(
        action="restart",
        key="r",
        label="Restart",
        help="Stop and start the container, and wait until it is ready",
        changes=True,
        several=True,
        blocked=_running,
        far=there.running,
        show=False,
    ),
    Verb(
        action="stop",
        key="x",
        label="Stop",
        help="Stop the container; it stays stopped until it is started",
        changes=True,
        several=True,
        blocked=_running,
        far=there.running,
        show=False,
    ),
    Verb(
        action="down",
        key="X",
        label="Down",
        help="Stop and remove the container, and its log with it; all data stay",
        changes=True,
        several=True,
        blocked=_removable,
        far=there.there,
        show=False,
    ),
)

BY_ACTION = {verb.action: verb for verb in VERBS}
