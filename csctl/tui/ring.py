"""The ring: the last lines of a log, as many as memory may be spent on."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Iterator

from csctl.container.log_line import LogLine
from csctl.lifecycle.follow import Entry, Mark

LINES = 20_000
BYTES = 8 << 20
"""Of memory, not of the file: a text beyond ASCII counts as what it takes."""
WIDTH = 4_000
"""Longer lines are cut: one of a megabyte would cost a search a second."""


class Ring:
    """Entries by number: the first that ever came is 0, the oldest kept is `first`.

    They are kept as bare strings, among which Python looks for no garbage.
    """

    __slots__ = ("_limit", "_room", "_stamps", "_texts", "end", "first", "size")

    def __init__(self, *, lines: int = LINES, size: int = BYTES) -> None:
        self._texts = [""] * lines
        self._stamps: list[str | None] = [None] * lines
        """None is a mark's."""
        self._room = lines
        self._limit = size
        self.size = 0
        """Bytes that the texts take."""
        self.first = 0
        """The number of the oldest entry; so many were dropped."""
        self.end = 0
        """The number that the next entry gets."""

    def __len__(self) -> int:
        return self.end - self.first

    def __getitem__(self, number: int) -> Entry:
        if not self.first <= number < self.end:
            raise IndexError(number)
        place = number % self._room
        text, stamp = self._texts[place], self._stamps[place]
        return Mark(text) if stamp is None else LogLine(stamp, text)

    def __iter__(self) -> Iterator[Entry]:
        return (self[number] for number in range(self.first, self.end))

    def extend(self, entries: Iterable[Entry]) -> None:
        """Take new entries, and drop the oldest that do not fit any more."""
        for entry in entries:
            self._append(cut(entry))

    def _append(self, entry: Entry) -> None:
        if self.end - self.first == self._room:
            self._drop()
        place = self.end % self._room
        self._texts[place] = entry.text
        self._stamps[place] = None if isinstance(entry, Mark) else entry.stamp
        self.size += sys.getsizeof(entry.text)
        self.end += 1
        # The newest stays, whatever it takes.
        while self.size > self._limit and self.end - self.first > 1:
            self._drop()

    def _drop(self) -> None:
        place = self.first % self._room
        self.size -= sys.getsizeof(self._texts[place])
        self._texts[place] = ""
        self.first += 1


def cut(entry: Entry) -> Entry:
    """The entry without tabs, and with a mark where the rest of a long line was."""
    text = entry.text.expandtabs()
    if len(text) > WIDTH:
        text = f"{text[:WIDTH]} … {len(text) - WIDTH:,} characters more"
    return entry if text == entry.text else dataclasses.replace(entry, text=text)
