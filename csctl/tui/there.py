"""Why a verb cannot be done to a row of another host; None where it can."""

from __future__ import annotations

from collections.abc import Callable

from csctl.lifecycle.far_row import FarRow

Blocked = Callable[[FarRow], str | None]

ALIVE = ("running", "restarting", "paused")
"""States of a container that can be stopped."""
SERVICE = "Docker Swarm runs it: apply or remove it"
"""Why a service is neither started nor stopped, on any host."""


def free(_row: FarRow) -> str | None:
    """Always done, with what csctl says over there."""
    return None


def only_there(words: str) -> Blocked:
    """What to type, as it cannot be done from here."""

    def why(row: FarRow) -> str:
        if row.host.way == "ssh":
            return f"only on {row.host}: ssh -t {row.host} csctl {words}"
        return f"only on the host of {row.host}: csctl {words}"

    return why


def there(row: FarRow) -> str | None:
    """A container over there, as far as is known."""
    if row.error is not None:
        return row.error.message
    if row.told is None:
        return f"{row.host} has not answered yet"
    state = row.told.get("state")
    return f"{row.name} has no container on {row.host}" if state is None else None


def running(row: FarRow) -> str | None:
    """A container that runs."""
    return there(row) or _power(row, alive=True)


def stopped(row: FarRow) -> str | None:
    """A container that does not run."""
    return there(row) or _power(row, alive=False)


def _power(row: FarRow, *, alive: bool) -> str | None:
    if row.wanted.deploy is not None:
        return SERVICE
    state = row.told["state"] if row.told else None
    return None if (state in ALIVE) == alive else f"{row.name} is {state}"


def licensed(row: FarRow) -> str | None:
    """A profile that needs a license."""
    if row.wanted.mode == "connected":
        return f"{row} is connected: it needs no license"
    return None
