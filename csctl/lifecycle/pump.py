"""The pump: a stream read in a thread of its own, and taken in handfuls."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

ROOM = 5_000
"""So many items wait to be taken; then the stream itself has to."""
_JOIN_SECONDS = 1.0

Item = TypeVar("Item")
Told = TypeVar("Told", covariant=True)


class Closable(Protocol[Told]):
    """What can be read here and ended there."""

    def __iter__(self) -> Iterator[Told]: ...

    def close(self) -> None: ...


class Pump(Generic[Item]):
    """Reads a stream until it is over or the pump is closed."""

    def __init__(self, stream: Closable[Item], *, room: int = ROOM) -> None:
        self._stream = stream
        self._room = room
        self._items: list[Item] = []
        self._changed = threading.Condition()
        self._over = self._closed = False
        self._error: BaseException | None = None
        # A stream that cannot be closed must not hold csctl back from ending.
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def take(self, seconds: float) -> list[Item] | None:
        """What came, once there is any or the time is over; None at the end.

        Raises what reading raised.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._over, seconds)
            items, self._items = self._items, []
            self._changed.notify_all()
            if items or not self._over:
                return items
            if self._error is not None:
                raise self._error
            return None

    def close(self) -> None:
        """End the stream and the thread that reads it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._stream.close()
        self._thread.join(_JOIN_SECONDS)

    def _read(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._stream:
                if not self._put(item):
                    break
        except BaseException as caught:
            error = caught  # Whoever takes next is to know, whatever it is.
        with self._changed:
            self._over, self._error = True, error
            self._changed.notify_all()

    def _put(self, item: Item) -> bool:
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or len(self._items) < self._room
            )
            self._items.append(item)
            if len(self._items) == 1:
                self._changed.notify_all()
            return not self._closed
