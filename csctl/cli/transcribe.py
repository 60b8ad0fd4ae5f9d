"""`csctl transcribe`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from csctl.cli.line import line_to, locale_option, reached
from csctl.cli.session import Session, pass_session, print_json
from csctl.errors import CsctlError, UsageError

if TYPE_CHECKING:
    from csctl.lifecycle.transcribe import Event, Transcript
    from csctl.speech.heard import Phrase
    from csctl.speech.line import Deadlines

_FORMATS = ("text", "json", "srt", "vtt")
_SUBTITLES = ("srt", "vtt")

Write = Callable[[Path, "Phrase"], str]


@click.command()
@click.argument("name")
@click.argument(
    "audio", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="WAV..."
)
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--parallel",
    type=click.IntRange(1, 100),
    default=1,
    metavar="N",
    help="So many files side by side.",
)
@click.option(
    "--real-time",
    is_flag=True,
    help="As fast as it was spoken; otherwise as fast as the container takes it.",
)
@locale_option
@click.option(
    "--convert", is_flag=True, help="Make it 16 kHz mono first, with ffmpeg or sox."
)
@click.option("--timeout", metavar="D", help="Time for each file, such as 10m.")
@pass_session
def transcribe(
    session: Session,
    name: str,
    audio: tuple[Path, ...],
    form: str,
    as_json: bool,
    parallel: int,
    real_time: bool,
    locale: str,
    convert: bool,
    timeout: str | None,
) -> int:
    """Send audio to a running container, and print what it recognises.

    NAME is a container, managed or not, or an address HOST:PORT. WAV files of 16-bit
    PCM, A-law and mu-law are sent as they are; all else is converted by ffmpeg or sox,
    where one is installed. On a terminal, what is being said shows at once.
    """
    form = "json" if as_json else form
    if form in _SUBTITLES and len(audio) > 1:
        raise UsageError(
            f"{form} tells of one file, and {len(audio)} are named",
            remedy="name one at a time, or take --json",
        )
    from csctl.lifecycle.transcribe import transcribe as lifecycle_transcribe
    from csctl.speech.line import Pace

    pace = Pace.REAL_TIME if real_time else Pace.FREE
    line = line_to(reached(session, name), locale, pace, _deadlines(timeout))
    events = lifecycle_transcribe(line, audio, at_once=parallel, convert=convert)
    write = _writer(form, several=len(audio) > 1)
    if form == "vtt":
        from csctl.format.transcript import VTT_HEAD

        click.echo(VTT_HEAD)
    told = list(_tell(session, events, write))
    if form == "json":
        from csctl.format import transcript as words

        by_file = {one.file: words.transcript(one) for one in told}
        print_json([by_file[file] for file in audio])
    return _code_of(told)


def _deadlines(timeout: str | None) -> Deadlines:
    from csctl.size import parse_duration
    from csctl.speech.line import Deadlines

    if timeout is None:
        return Deadlines()
    seconds = parse_duration(timeout).total_seconds()
    return Deadlines(silence=seconds, total=seconds)


def _writer(form: str, *, several: bool) -> Write | None:
    """What makes a line of a phrase as it comes; None where all comes at the end."""
    from itertools import count

    from csctl.format import transcript as words

    numbers = count(1)
    match form:
        case "json":
            return None
        case "srt":
            return lambda _, phrase: words.srt(phrase, next(numbers))
        case "vtt":
            return lambda _, phrase: words.vtt(phrase)
        case _ if several:
            return lambda file, phrase: f"{file}: {words.line(phrase)}"
        case _:
            return lambda _, phrase: words.line(phrase)


def _tell(
    session: Session, events: Iterable[Event], write: Write | None
) -> Iterator[Transcript]:
    """Print what comes; yield how each file went."""
    from csctl.lifecycle.transcribe import Said, Supposed

    line = _LiveLine(shown=session.colored)
    try:
        for event in events:
            match event:
                case Supposed():
                    line.show(event.hypothesis.text)
                case Said():
                    line.clear()
                    if write is not None:
                        click.echo(write(event.file, event.phrase))
                        sys.stdout.flush()
                case _:
                    line.clear()
                    _conclude(session, event)
                    yield event
    finally:
        line.clear()


def _conclude(session: Session, value: Transcript) -> None:
    """Say on stderr what the text does not."""
    if value.error is None:
        if not value.phrases:
            session.say(f"{value.file}: no speech was recognised in it")
        return
    from csctl.cli.main import report

    message = value.error.message
    if not isinstance(value.error, UsageError):  # One of those names the file itself.
        message = f"{value.file}: {message}"
    report(CsctlError(message, remedy=value.error.remedy))


def _code_of(told: Iterable[Transcript]) -> int:
    from csctl.cli import exit as exits

    errors = (one.error for one in told if one.error is not None)
    return exits.worst(exits.code_of(type(error)) for error in errors)


class _LiveLine:
    """The last line of the terminal, written anew as a phrase grows."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._written = False

    def show(self, text: str) -> None:
        """Show the end of a text, which is what is new in it."""
        if not self._shown:
            return
        from rich.cells import cell_len

        from csctl.contract.dialects import printable

        self.clear()
        text = " ".join(printable(text).split())
        room = shutil.get_terminal_size().columns - 3
        while cell_len(text) > room:
            text = text[1:]
        sys.stderr.write(f"\x1b[2m> {text}\x1b[0m")
        sys.stderr.flush()
        self._written = True

    def clear(self) -> None:
        """Make room for what stays."""
        if self._written:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._written = False
