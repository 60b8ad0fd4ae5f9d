"""The same work on several profiles, side by side, told and summed up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from csctl.cli import exit as exits
from csctl.cli.main import report
from csctl.cli.narrator import narrate
from csctl.errors import CsctlError
from csctl.lifecycle.side_by_side import Ended, Work, side_by_side

if TYPE_CHECKING:
    from csctl.cli.session import Session
    from csctl.lifecycle.events import Event

Result = TypeVar("Result")


def run_all(
    session: Session, jobs: Mapping[str, Work[Event, Result]]
) -> tuple[dict[str, Result], dict[str, CsctlError]]:
    """Results and errors by job; errors are reported once all have ended."""
    results: dict[str, Result] = {}
    errors: dict[str, CsctlError] = {}
    with narrate(session) as tell:
        stream = side_by_side(jobs)
        try:
            for item in stream:
                if not isinstance(item, Ended):
                    tell(item.job, item.event)
                elif item.error is not None:
                    errors[item.job] = item.error
                elif item.result is not None:
                    results[item.job] = item.result
        finally:
            stream.close()  # type: ignore[attr-defined]
    for error in errors.values():
        report(error)
    return {name: results[name] for name in jobs if name in results}, errors


def code_of(errors: Mapping[str, CsctlError]) -> int:
    """The exit code of several jobs."""
    return exits.worst(exits.code_of(type(error)) for error in errors.values())
