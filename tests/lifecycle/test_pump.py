"""Reading in one thread, taking in another."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from csctl.errors import EngineUnavailable
from csctl.lifecycle.pump import Pump

_SECONDS = 60.0


class Faucet:
    """A stream that gives items until it is closed, or what `breaks` raises."""

    def __init__(self, *, drops: int, breaks: Exception | None = None) -> None:
        self._drops, self._breaks = drops, breaks
        self._closed = threading.Event()
        self.given = 0

    def __iter__(self) -> Iterator[int]:
        for number in range(self._drops):
            self.given = number + 1
            yield number
        if self._breaks is not None:
            raise self._breaks
        self._closed.wait(_SECONDS)

    def close(self) -> None:
        self._closed.set()


class Dry(Faucet):
    """One that ends by itself."""

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._drops))


def _all(pump: Pump[int]) -> list[int]:
    items: list[int] = []
    while (handful := pump.take(_SECONDS)) is not None:
        items += handful
    return items


def test_every_item_is_taken_once_and_in_order() -> None:
    pump = Pump(Dry(drops=1000))
    assert _all(pump) == list(range(1000))
    assert pump.take(_SECONDS) is None
    pump.close()


def test_nothing_new_is_an_empty_handful() -> None:
    faucet = Faucet(drops=0)
    pump = Pump(faucet)
    assert pump.take(0.01) == []
    pump.close()
    assert pump.take(_SECONDS) is None


def test_what_reading_raises_comes_after_all_items() -> None:
    pump = Pump(Faucet(drops=2, breaks=EngineUnavailable("gone")))
    taken: list[int] = []
    while len(taken) < 2:
        taken += pump.take(_SECONDS) or []
    assert taken == [0, 1]
    with pytest.raises(EngineUnavailable, match="gone"):
        pump.take(_SECONDS)
    pump.close()


def test_a_stream_that_nobody_takes_from_waits() -> None:
    faucet = Faucet(drops=100)
    pump = Pump(faucet, room=10)
    first = pump.take(_SECONDS) or []
    while len(first) < 10:
        first += pump.take(_SECONDS) or []
    assert faucet.given <= len(first) + 11
    while len(first) < 100:
        first += pump.take(_SECONDS) or []
    assert first == list(range(100))
    pump.close()


def test_closing_ends_a_reader_that_waits_for_room() -> None:
    before = threading.active_count()
    pump = Pump(Faucet(drops=100), room=1)
    pump.close()
    assert threading.active_count() == before
