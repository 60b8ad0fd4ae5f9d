"""Telling on stderr how work goes: lines always, a live picture on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn, TaskID

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
    from rich.console import Console, Group
    from rich.live import Live

    console = Console(stderr=True)
    bars, texts = _bars(console), _texts(console)
    tasks: dict[str, tuple[Progress, TaskID]] = {}

    def clear(job: str) -> None:
        if job in tasks:
            progress, task = tasks.pop(job)
            progress.remove_task(task)

    def show(job: str, progress: Progress, text: str) -> TaskID:
        if job in tasks and tasks[job][0] is not progress:
            clear(job)
        if job not in tasks:
            tasks[job] = (progress, progress.add_task(text, total=None))
        task = tasks[job][1]
        progress.update(task, description=text)
        return task

    def tell(job: str, event: Event) -> None:
        match event:
            case Transfer(total=int()):
                detail = f" ({event.detail})" if event.detail else ""
                task = show(job, bars, f"{event.what}{detail}")
                bars.update(task, completed=event.done, total=event.total)
            case Transfer() | Waiting():
                show(job, texts, words.event(event))
            case _:
                clear(job)
                line = f"{job}: {words.event(event)}"
                console.print(line, markup=False, highlight=False)

    with Live(Group(bars, texts), console=console, transient=True):
        yield tell


def _bars(console: Console) -> Progress:
    """For what has a known end: bar, bytes, speed, time left."""
    from rich import progress

    return progress.Progress(
        progress.SpinnerColumn(),
        _text_column(),
        progress.BarColumn(bar_width=20),
        progress.DownloadColumn(binary_units=True),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=console,
        expand=True,
    )


def _texts(console: Console) -> Progress:
    """For what has none: what goes on, and for how long."""
    from rich import progress

    return progress.Progress(
        progress.SpinnerColumn(),
        _text_column(),
        progress.TimeElapsedColumn(),
        console=console,
        expand=True,
    )


def _text_column() -> ProgressColumn:
    from rich.progress import TextColumn
    from rich.table import Column

    column = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    return TextColumn("{task.description}", markup=False, table_column=column)
