"""One job of work that goes on: its steps, a bar, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from csctl.contract.dialects import printable
from csctl.format import progress
from csctl.lifecycle.events import Note, StepFinished, Transfer, Waiting
from csctl.lifecycle.status import Status
from csctl.size import format_duration
from csctl.tui.sections import Section
from csctl.tui.track import Track

_BAR = 24
_LEAST = 8
_INDENT = (0, 0, 0, 2)
_PULSE = 4
"""An endless bar moves so many cells a second."""


class JobView(Section):
    """A job as its track tells it; `result` are the words of what it gave."""

    def __init__(self, name: str, track: Track) -> None:
        super().__init__(name=name)
        self._track, self._at = track, track.began
        self._row: Status | None = None
        self._result: str | None = None
        self._cancelling = False

    def show(
        self,
        track: Track,
        at: float,
        row: Status | None,
        *,
        result: str | None,
        cancelling: bool,
    ) -> None:
        """Draw the job as it is at this moment, where that differs."""
        if track.end is not None:
            at = track.ended or at
        new = (track, at, row, result, cancelling)
        old = (self._track, self._at, self._row, self._result, self._cancelling)
        if new == old:
            return
        self._track, self._at, self._row, self._result, self._cancelling = new
        self.refresh(layout=True)

    def render(self) -> RenderableType:
        return Group(self._head(), *self._told(), *self._current(), *self._ending())

    # -- what was done ----------------------------------------------------------------

    def _head(self) -> Text:
        track = self._track
        glyph, word, style = "▸", "at work", "primary"
        if track.end is None and self._cancelling:
            glyph, word, style = "◌", "cancelling…", "warning"
        elif track.end is not None and track.end.cancelled:
            glyph, word, style = "■", "cancelled", "warning"
        elif track.end is not None and track.end.error is not None:
            glyph, word, style = "✗", "failed", "error"
        elif track.end is not None:
            glyph, word, style = "✓", "done", "success"
        text = _line()
        text.append(f"{glyph} {self.name}", f"bold {self.style(style)}")
        text.append(f"  {word}  {format_duration(self._at - track.began)}")
        return text

    def _told(self) -> Iterator[Text]:
        for one in self._track.story:
            if isinstance(one, StepFinished):
                yield self._step(
                    "✓", one.seconds, f"{one.step.action} {one.step.target}"
                )
            else:
                yield self._note(one)

    def _step(self, glyph: str, seconds: float, what: str) -> Text:
        text = _line()
        text.append(f"  {glyph} {format_duration(seconds):<7} ")
        text.append(printable(what))
        return text

    def _note(self, note: Note) -> Text:
        return _line(f"  · {printable(note.text)}", "dim")

    # -- what it does -----------------------------------------------------------------

    def _current(self) -> Iterator[Text]:
        track = self._track
        if track.end is not None or (track.step is None and track.now is None):
            return
        what = track.now.what if track.now is not None else ""
        if track.step is not None:
            what = f"{track.step.action} {track.step.target}: {track.step.reason}"
        current = self._step("▸", self._at - track.since, what)
        current.stylize("bold")
        yield current
        match track.now:
            case Transfer() as transfer:
                yield from self._transfer(transfer)
            case Waiting() as waiting:
                yield from self._waiting(waiting)

    def _transfer(self, transfer: Transfer) -> Iterator[Text]:
        told = progress.transfer(transfer, self._track.speed)
        text = _line("    ")
        text.append_text(self._bar(transfer, self.size.width - len(told) - 6))
        text.append(f"  {told}")
        yield text
        if transfer.detail:
            yield _line(f"    {printable(transfer.detail)}", "dim")

    def _waiting(self, waiting: Waiting) -> Iterator[Text]:
        yield _line(f"    {waiting.phase}")
        if waiting.line:
            yield _line(f"    │ {waiting.line}", "dim")

    def _bar(self, transfer: Transfer, room: int) -> Text:
        width = max(_LEAST, min(_BAR, room))
        bar = Text()
        if transfer.total is None:
            full = max(1, width // 4)
            begin = int(self._at * _PULSE) % (width - full + 1)
        else:
            full = width * progress.percent(transfer) // 100
            begin = 0
        bar.append("─" * begin, "dim")
        bar.append("━" * full, self.style("primary"))
        bar.append("─" * (width - begin - full), "dim")
        return bar

    # -- how it ended -----------------------------------------------------------------

    def _ending(self) -> Iterator[RenderableType]:
        track, end = self._track, self._track.end
        if end is None:
            return
        if end.cancelled:
            during = track.now.what if track.now is not None else None
            yield _indented(progress.cancelled(track.done, track.step, during))
        if end.error is not None:
            yield _indented(progress.error(end.error))
        if self._result:
            yield _indented(self._result)
        elif self._row is not None:
            yield _indented(f"now: {progress.standing(self._row)}")


def _line(text: str = "", style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _indented(text: str) -> Padding:
    lines = "\n".join(map(printable, text.split("\n")))
    return Padding(Text(lines), _INDENT)
