"""The bounds of what is kept of a log."""

from __future__ import annotations

import sys
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.container.log_line import LogLine
from csctl.lifecycle.follow import Mark
from csctl.tui.ring import WIDTH, Ring, cut

_texts = st.lists(st.lists(st.text("aé日", max_size=60), max_size=30), max_size=8)


def _lines(texts: list[str]) -> list[LogLine]:
    return [LogLine("", text) for text in texts]


@given(_texts, st.integers(1, 20), st.integers(1, 4000))
def test_the_newest_are_kept_within_both_bounds(
    handfuls: list[list[str]], lines: int, size: int
) -> None:
    ring = Ring(lines=lines, size=size)
    for handful in handfuls:
        ring.extend(_lines(handful))
    came = [text for handful in handfuls for text in handful]
    kept = [entry.text for entry in ring]
    assert ring.end == len(came)
    assert ring.first + len(ring) == ring.end
    assert kept == came[ring.first :]
    assert len(kept) <= lines
    assert ring.size == sum(map(sys.getsizeof, kept))
    assert ring.size <= size or len(kept) == 1
    # No line goes that had room.
    assert not ring.first or len(kept) == lines or _one_more(came, ring) > size


def _one_more(came: list[str], ring: Ring) -> int:
    return ring.size + sys.getsizeof(came[ring.first - 1])


def test_an_entry_is_found_by_its_number_as_long_as_it_is_kept() -> None:
    ring = Ring(lines=3)
    ring.extend(_lines(list("abcde")))
    assert [ring[number].text for number in (2, 3, 4)] == ["c", "d", "e"]
    for gone in (-1, 0, 1, 5):
        with pytest.raises(IndexError):
            ring[gone]


def test_a_flood_takes_no_more_memory_than_the_bounds_allow() -> None:
    ring = Ring(lines=1000, size=50_000)
    numbers = count()
    for _ in range(200):
        ring.extend(LogLine("", f"{next(numbers)} {'x' * 100}") for _ in range(100))
    assert ring.size <= 50_000
    assert ring.first == 20_000 - len(ring)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("short", "short", id="short"),
        pytest.param("x" * WIDTH, "x" * WIDTH, id="just fits"),
        pytest.param(
            "x" * (WIDTH + 1), f"{'x' * WIDTH} … 1 characters more", id="one too many"
        ),
        pytest.param(
            "x" * (WIDTH + 12_345),
            f"{'x' * WIDTH} … 12,345 characters more",
            id="far too many",
        ),
        pytest.param("a\tb", "a       b", id="tab"),
    ],
)
def test_an_entry_is_cut_to_what_can_be_shown(text: str, shown: str) -> None:
    assert cut(LogLine("now", text)) == LogLine("now", shown)
    assert cut(Mark(text)) == Mark(shown)
