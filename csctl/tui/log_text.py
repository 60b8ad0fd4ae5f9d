"""The text of a log as it is shown: filtered, laid out in rows, searched. No widget.

It looks at a line once: when it comes, or when another pattern or width is asked for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from csctl.lifecycle.follow import Entry, Mark
from csctl.tui.hits import Hits
from csctl.tui.pattern import Expression, Pattern
from csctl.tui.ring import Ring
from csctl.tui.rows import Rows
from csctl.tui.typeset import Typeset

Span = tuple[int, int, str]
"""From where, to where, and which: `mark`, `stamp`, `hit` or `current`."""


class LogText:
    """The lines of a ring, those that pass the filter in rows of some width."""

    def __init__(self) -> None:
        self.ring = Ring()
        self.typeset = Typeset(columns=80)
        self.only: Pattern | None = None
        """What the shown lines match; marks are always shown."""
        self.wanted: Expression | None = None
        """What is searched for."""
        self.current: int | None = None
        """The line that one went to last."""
        self.rows = Rows()
        self.widest = 0
        """So many columns the widest line has."""
        self._hits = Hits()

    @property
    def shown(self) -> int:
        """How many lines pass the filter."""
        return self.rows.lines

    @property
    def hits(self) -> int:
        """How many shown lines hold what is searched for."""
        return len(self._hits)

    @property
    def hit(self) -> int | None:
        """Which of them one is at, from 1 on."""
        return None if self.current is None else self._hits.place(self.current)

    def lines(self) -> list[str]:
        """All that is held, as it is written to a file."""
        return list(map(self.typeset.text, self.ring))

    # -- what is there -------------------------------------------------------------

    def extend(self, entries: Iterable[Entry]) -> tuple[int, int]:
        """Take new lines; what does not fit any more goes.

        How many lines are shown more, and how many rows went at the top.
        """
        old, before = self.ring.end, self.rows.lines
        self.ring.extend(entries)
        for number in range(max(old, self.ring.first), self.ring.end):
            self._admit(number)
        more = self.rows.lines - before
        gone = self.rows.drop_before(self.ring.first)
        self._hits.drop_before(self.ring.first)
        return more, gone

    def lay_out(self, **choices: int | bool) -> None:
        """Give all lines their rows anew, with other choices of the typeset."""
        self.typeset = dataclasses.replace(self.typeset, **choices)  # type: ignore[arg-type]
        self.rows, self._hits, self.widest = Rows(), Hits(), 0
        for number in range(self.ring.first, self.ring.end):
            self._admit(number)

    def search(self, wanted: Expression | None) -> None:
        """Mark all that match; None marks nothing."""
        self.wanted, self.current, self._hits = wanted, None, Hits()
        for number in self.rows.numbers:
            self._note(number)

    def find(self, step: int, top: int) -> int | None:
        """Go to the next hit, or with -1 to the one before; round at the ends.

        The first is the nearest to the line `top`; None where there is no hit.
        """
        if not self._hits:
            return None
        if self.current is None:
            self.current = self._hits.nearest(top)
        elif step > 0:
            self.current = self._hits.after(self.current)
        else:
            self.current = self._hits.before(self.current)
        return self.current

    def _admit(self, number: int) -> None:
        """Give a line its rows, unless the filter has none for it."""
        entry = self.ring[number]
        line = not isinstance(entry, Mark)
        if line and self.only is not None and not self.only.matches(entry.text):
            return
        columns, rows = self.typeset.measure(entry)
        self.widest = max(self.widest, columns)
        self.rows.append(number, rows)
        if self.wanted is not None:
            self._note(number)

    def _note(self, number: int) -> None:
        """Remember a line that holds what is searched for."""
        entry = self.ring[number]
        if self.wanted is None or isinstance(entry, Mark):
            return
        if self.wanted.found(entry.text):
            self._hits.append(number)

    # -- what is drawn ---------------------------------------------------------------

    def row(self, row: int) -> tuple[str, list[Span]] | None:
        """A row, and from left to right what is drawn in another style in it."""
        found = self.rows.at(row)
        if found is None:
            return None
        number, part = found
        entry = self.ring[number]
        pieces = self.typeset.pieces(entry)
        begin = sum(map(len, pieces[:part]))
        end = begin + len(pieces[part])
        return pieces[part], [
            (max(start, begin) - begin, min(stop, end) - begin, kind)
            for start, stop, kind in self._spans(number, entry)
            if start < end and stop > begin
        ]

    def _spans(self, number: int, entry: Entry) -> Iterator[Span]:
        if isinstance(entry, Mark):
            yield 0, len(self.typeset.text(entry)), "mark"
            return
        start = len(self.typeset.prefix(entry))
        yield 0, start, "stamp"
        if self.wanted is not None:
            kind = "current" if number == self.current else "hit"
            for begin, end in self.wanted.spans(entry.text):
                yield start + begin, start + end, kind
