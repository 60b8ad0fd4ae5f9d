"""Hits: the lines that hold what is searched for, from the oldest to the newest."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque


class Hits:
    """Numbers of lines, and the way from one to the next, round at the ends."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers: deque[int] = deque()

    def __len__(self) -> int:
        return len(self._numbers)

    def append(self, number: int) -> None:
        """A newer line holds it, too."""
        self._numbers.append(number)

    def drop_before(self, number: int) -> None:
        """Forget older lines."""
        while self._numbers and self._numbers[0] < number:
            self._numbers.popleft()

    def place(self, number: int) -> int | None:
        """Which of the hits a line is, from 1 on; None if it is none of them."""
        place = bisect_left(self._numbers, number)
        found = place < len(self._numbers) and self._numbers[place] == number
        return place + 1 if found else None

    def after(self, number: int) -> int:
        """The next hit. There has to be one at all."""
        return self._at(bisect_right(self._numbers, number))

    def before(self, number: int) -> int:
        """The hit before. There has to be one at all."""
        return self._at(bisect_left(self._numbers, number) - 1)

    def nearest(self, number: int) -> int:
        """The first hit from a line on; without one the last before it."""
        place = bisect_left(self._numbers, number)
        return self._at(min(place, len(self._numbers) - 1))

    def _at(self, place: int) -> int:
        return self._numbers[place % len(self._numbers)]
