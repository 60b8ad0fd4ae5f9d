"""Questions: what may take long is asked in the background, and answered some time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from itertools import count
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Questions(Generic[Answer]):
    """Asked side by side; of two about the same thing only the newer counts.

    Nobody waits for one that is never answered: its thread keeps csctl from nothing.
    """

    def __init__(self, side_by_side: int) -> None:
        self._room = threading.Semaphore(side_by_side)
        self._numbers = count()
        self._open: dict[str, int] = {}
        self._answers: SimpleQueue[tuple[str, int, Answer]] = SimpleQueue()

    @property
    def open(self) -> Collection[str]:
        """What was asked about, and not answered yet."""
        return self._open.keys()

    def ask(self, about: str, question: Callable[[], Answer]) -> None:
        """Ask; `question` raises nothing."""
        number = self._open[about] = next(self._numbers)
        threading.Thread(
            target=self._answer, args=(about, number, question), daemon=True
        ).start()

    def forget(self, about: str) -> None:
        """Want no answer any more."""
        self._open.pop(about, None)

    def answers(self) -> Iterator[tuple[str, Answer]]:
        """What was answered since the last call."""
        while True:
            try:
                about, number, answer = self._answers.get_nowait()
            except Empty:
                return
            if self._open.get(about) == number:
                del self._open[about]
                yield about, answer

    def close(self) -> None:
        """Want no answer at all any more."""
        self._open.clear()

    def _answer(self, about: str, number: int, question: Callable[[], Answer]) -> None:
        with self._room:
            if self._open.get(about) == number:
                self._answers.put((about, number, question()))
