"""How work goes and how it ended, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from csctl.lifecycle.events import Transfer
from csctl.plan.steps import Replace
from csctl.size import format_duration, format_size

if TYPE_CHECKING:
    from csctl.errors import CsctlError
    from csctl.lifecycle.outcome import Outcome
    from csctl.lifecycle.status import Status
    from csctl.plan.steps import Plan, Step


def error(value: CsctlError) -> str:
    """What failed, and what to do next."""
    return value.message + (f"\n→ {value.remedy}" if value.remedy else "")


def outcome(value: Outcome) -> str:
    """How applying a profile went: `ready (12.3 s)`."""
    return f"{value.outcome} ({value.seconds:.1f} s)"


def transfer(value: Transfer, speed: float | None) -> str:
    """`45 %  1.2 GiB of 2.7 GiB  34.0 MiB/s  44s left`, as far as it is known."""
    parts = [format_size(value.done)]
    if value.total is not None:
        parts = [
            f"{percent(value):>3} %",
            f"{format_size(value.done)} of {format_size(value.total)}",
        ]
    if speed is not None:
        parts.append(f"{format_size(speed)}/s")
    if speed and value.total is not None and value.done < value.total:
        parts.append(f"{format_duration((value.total - value.done) / speed)} left")
    return "  ".join(parts)


def percent(value: Transfer) -> int:
    """How much of a transfer with a known end is done."""
    return min(100, value.done * 100 // value.total) if value.total else 100


def cancelled(done: Sequence[Step], begun: Step | None, during: str | None) -> str:
    """What work that was cancelled leaves behind.

    `during` is what it was doing in words, where that was no step.
    """
    text = "cancelled"
    if isinstance(begun, Replace):
        text += f" during {_named(begun)}: the old container is put back"
    elif begun is not None:
        text += f" during {_named(begun)}: nothing half-made is kept"
    elif during is not None:
        text += f" while {during}"
    elif not done:
        text += ": nothing was changed"
    return text + ("; what was done before stays" if done else "")


def _named(step: Step) -> str:
    return f"{step.action} {step.target}"


def standing(value: Status) -> str:
    """What a row's container is at, as a sentence."""
    if value.container is None:
        return f"{value.profile} has no container"
    if value.ready:
        return f"{value.profile} is running and ready"
    unready = ", and not ready" if value.container.running else ""
    return f"{value.profile} is {value.container.state}{unready}"


def plan(value: Plan) -> str:
    """A plan in brief: `3 steps`, `nothing to do`, or why not."""
    if value.problems:
        return "cannot be applied"
    count = len(value.steps)
    return f"{count} step{'s' if count > 1 else ''}" if count else "nothing to do"
