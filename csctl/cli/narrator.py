"""Telling on stderr how work goes: lines always, a live picture on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from csctl import format as words
from csctl.lifecycle.events import (
    Event,
    Note,
    StepFinished,
    StepStarted,
    Transfer,
    Waiting,
)

if TYPE_CHECKING:
    from csctl.cli.session import Session

Tell = Callable[[str, Event], None]


@contextmanager
def narrate(session: Session) -> Iterator[Tell]:
    """Yield what takes events: `tell(job, event)`."""
    if not session.colored:
        yield lambda job, event: _line(session, job, event)
        return
    yield from _live()


def _line(session: Session, job: str, event: Event) -> None:
    if isinstance(event, StepStarted | StepFinished | Note):
        session.say(f"{job}: {words.event(event)}")


def _live() -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    waits = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=progress.console,
        transient=True,
    )
    from rich.console import Group
    from rich.live import Live

    tasks: dict[tuple[str, type[Any]], Any] = {}

    def clear(job: str) -> None:
        for (name, kind), task in list(tasks.items()):
            if name == job:
                (progress if kind is Transfer else waits).remove_task(task)
                del tasks[name, kind]

    def tell(job: str, event: Event) -> None:
        match event:
            case Transfer():
                key: tuple[str, type[Any]] = (job, Transfer)
                if key not in tasks:
                    clear(job)
                    tasks[key] = progress.add_task(event.what)
                detail = f" ({event.detail})" if event.detail else ""
                progress.update(
                    tasks[key],
                    completed=event.done,
                    total=event.total,
                    description=f"{event.what}{detail}",
                )
            case Waiting():
                key = (job, Waiting)
                if key not in tasks:
                    clear(job)
                    tasks[key] = waits.add_task(event.what)
                line = f": {event.line[:60]}" if event.line else ""
                waits.update(
                    tasks[key], description=f"{event.what}, {event.phase}{line}"
                )
            case StepStarted() | StepFinished() | Note():
                clear(job)
                progress.console.print(
                    f"{job}: {words.event(event)}", markup=False, highlight=False
                )

    with Live(
        Group(progress, waits),
        console=progress.console,
        transient=True,
        refresh_per_second=8,
    ):
        yield tell
