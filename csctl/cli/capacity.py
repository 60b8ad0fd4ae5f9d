"""`csctl capacity`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from csctl.cli import exit as exits
from csctl.cli.line import line_to, locale_option, reached
from csctl.cli.session import Session, json_option, pass_session, print_json

if TYPE_CHECKING:
    from csctl.container.observed import Sample
    from csctl.lifecycle.capacity import Level, Rising
    from csctl.lifecycle.reach import Reached

    Readings = Callable[[], Sequence[Sample]]


@click.command()
@click.argument("name")
@click.option(
    "--audio",
    type=click.Path(path_type=Path),
    required=True,
    metavar="WAV",
    help="What every stream sends.",
)
@click.option(
    "--max",
    "most",
    type=click.IntRange(1, 500),
    default=50,
    metavar="N",
    help="Streams at once at most. Default: 50.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(1, 600),
    default=20,
    metavar="S",
    help="So much of the audio for each level. Default: 20.",
)
@click.option(
    "--behind",
    type=click.FloatRange(0.1, 60),
    default=2,
    metavar="S",
    help="Text is late so long after the words. Default: 2.",
)
@locale_option
@json_option
@pass_session
def capacity(
    session: Session,
    name: str,
    audio: Path,
    most: int,
    seconds: float,
    behind: float,
    locale: str,
    as_json: bool,
) -> int:
    """Measure how many streams at real time a running container sustains here.

    It steps up the number of streams and stops at the first step at which one fails or
    its text falls behind: whoever else uses the container will notice. NAME is a
    container, managed or not, or an address HOST:PORT. With a front, all containers
    behind it are measured together, and `resources` are those of each.
    """
    from csctl.lifecycle.capacity import Bounds, measure
    from csctl.speech.line import Deadlines, Pace

    target = reached(session, name)
    # A stream that is so late has failed, and holds up the others no longer.
    late = Deadlines(silence=5 * behind + 5, total=seconds + 5 * behind + 10)
    line = line_to(target, locale, Pace.REAL_TIME, late)
    bounds = Bounds(most=most, seconds=seconds, behind=behind)
    with _readings(target) as readings:
        events = measure(line, audio, bounds, readings)
        levels = list(_tell(session, events, as_json=as_json))
    return _conclude(target, levels, as_json=as_json)


@contextmanager
def _readings(target: Reached) -> Iterator[Readings]:
    if target.engine is None:
        yield tuple
        return
    from csctl.lifecycle.meters import gauge

    with gauge(target.engine, target.workers) as readings:
        yield readings


def _tell(
    session: Session, events: Iterable[Rising | Level], *, as_json: bool
) -> Iterator[Level]:
    """Print each level once it is over, the JSON at the end; yield it."""
    from csctl.format import capacity as words
    from csctl.lifecycle.capacity import Rising

    if not as_json:
        click.echo(words.head())
    for event in events:
        if isinstance(event, Rising):
            session.say(words.rising(event))
            continue
        if not as_json:
            click.echo(words.line(event))
            sys.stdout.flush()
        yield event


def _conclude(target: Reached, levels: Sequence[Level], *, as_json: bool) -> int:
    from csctl.cli.main import report
    from csctl.format import capacity as words
    from csctl.lifecycle.advice import advise, on_paper

    name, containers = target.name, len(target.workers) or 1
    stop = levels[-1]
    last = next((one for one in reversed(levels) if one.sustained), None)
    advice = advise(last, containers) if last else None
    sizes = on_paper(last.streams, advice) if last and advice else ()
    if as_json:
        print_json(words.report(name, levels, advice, sizes))
    elif last is None or advice is None:
        click.echo(words.nothing(name))
    else:
        click.echo()
        for lines in (
            words.plot(levels),
            ("",),
            words.advice(name, last, stop, advice),
            ("",),
            words.on_paper(sizes),
        ):
            click.echo("\n".join(lines))
    for error in {error.message: error for error in stop.errors}.values():
        report(error)
    if last is not None:
        return exits.DONE
    codes = [exits.code_of(type(error)) for error in stop.errors]
    return exits.worst(codes) if codes else exits.FAILED
