"""Levels and latencies."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from csctl.lifecycle.capacity import Level, counts


def level(streams: int = 1, **changes: object) -> Level:
    options: dict[str, object] = {
        "factor": 1.0,
        "latencies": (0.1,),
        "errors": (),
        "behind": False,
        "cpus": None,
        "memory": None,
    }
    return Level(streams=streams, **(options | changes))  # type: ignore[arg-type]


def test_the_steps_grow() -> None:
    assert list(counts(50)) == [1, 2, 3, 4, 6, 9, 13, 19, 28, 42, 50]
    assert list(counts(1)) == [1]


@given(st.integers(1, 500))
@settings(deadline=None)
def test_the_last_step_is_the_most_and_none_comes_twice(most: int) -> None:
    found = list(counts(most))
    assert found == sorted(set(found))
    assert found[-1] == most


@given(st.lists(st.floats(0, 100), min_size=1).map(sorted), st.floats(1, 100))
@settings(deadline=None)
def test_so_many_phrases_keep_to_a_latency(
    latencies: list[float], percent: float
) -> None:
    found = level(latencies=tuple(latencies)).latency(percent)
    assert found is not None
    kept = sum(one <= found for one in latencies)
    assert kept >= percent / 100 * len(latencies) - 1e-6
    assert found in latencies


def test_without_a_phrase_there_is_no_latency() -> None:
    assert level(latencies=()).latency(95) is None
