"""Rows: which lines are shown, and which rows of the screen they take."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable


class Rows:
    """Shown lines by number, each of one row or more.

    Rows are counted from the first that ever was: what is dropped at the top moves
    no number.
    """

    __slots__ = ("_ends", "_numbers", "end", "first")

    def __init__(self) -> None:
        self._numbers: deque[int] = deque()
        self._ends: deque[int] = deque()
        self.first = 0
        """The first row that is still there."""
        self.end = 0
        """The row after the last."""

    def __len__(self) -> int:
        return self.end - self.first

    @property
    def lines(self) -> int:
        """How many lines are shown."""
        return len(self._numbers)

    def append(self, number: int, height: int) -> None:
        """Show a line below the others."""
        self.end += height
        self._numbers.append(number)
        self._ends.append(self.end)

    def drop_before(self, number: int) -> int:
        """Forget older lines; the count of rows that they took."""
        before = self.first
        while self._numbers and self._numbers[0] < number:
            self._numbers.popleft()
            self.first = self._ends.popleft()
        return self.first - before

    def at(self, row: int) -> tuple[int, int] | None:
        """The line in a row, and which of its rows that is; None beyond them."""
        if not self.first <= row < self.end:
            return None
        place = bisect_right(self._ends, row)
        return self._numbers[place], row - self._start(place)

    def row_of(self, number: int) -> int:
        """The first row of a line, or of the next that is shown; else the end."""
        place = bisect_left(self._numbers, number)
        return self._start(place)

    @property
    def numbers(self) -> Iterable[int]:
        """The shown lines."""
        return self._numbers

    def _start(self, place: int) -> int:
        return self._ends[place - 1] if place else self.first
