"""A track: how far a job is, folded from what it tells."""

from __future__ import annotations

from functools import reduce

import pytest

from csctl.lifecycle.events import (
    Event,
    Note,
    StepFinished,
    StepStarted,
    Transfer,
    Waiting,
)
from csctl.lifecycle.side_by_side import Ended
from csctl.plan.steps import Start
from csctl.tui.track import Track

START = Start(target="contoso", reason="it is exited")
LOADING = Waiting(what="waiting for contoso", seconds=3, phase="load", line="SR 1 info")


def _told(*events: tuple[float, Event]) -> Track:
    return reduce(
        lambda track, one: track.after(one[1], one[0]), events, Track.begun(0.0)
    )


def _bytes(done: int, what: str = "pulling x", total: int | None = 1000) -> Transfer:
    return Transfer(what=what, done=done, total=total)


def test_a_step_is_current_until_it_is_finished() -> None:
    current = _told((1, StepStarted(step=START)), (2, LOADING))
    assert (current.step, current.since, current.now) == (START, 1, LOADING)
    finished = current.after(StepFinished(step=START, seconds=2), 3)
    assert (finished.step, finished.since, finished.now) == (None, 3, None)
    assert finished.done == (START,)


def test_the_story_keeps_notes_and_finished_steps_in_their_order() -> None:
    note, done = Note(text="sizes are unknown"), StepFinished(step=START, seconds=1)
    track = _told((0, note), (1, StepStarted(step=START)), (2, done), (3, note))
    assert track.story == (note, done, note)


def test_a_flood_of_notes_keeps_the_last_ones() -> None:
    track = _told(*((at, Note(text=str(at))) for at in range(1000)))
    assert len(track.story) == 50
    assert track.story[-1] == Note(text="999")


def test_the_end_stops_the_clock() -> None:
    end: Ended[str] = Ended("contoso", "ready", None)
    assert Track.begun(1.0).over(end, 5.0).ended == 5.0


@pytest.mark.parametrize(
    ("events", "speed"),
    [
        pytest.param([(0, _bytes(0))], None, id="one look tells nothing"),
        pytest.param([(0, _bytes(0)), (2, _bytes(500))], 250, id="two looks"),
        pytest.param([(0, _bytes(0)), (0.1, _bytes(500))], None, id="too close"),
        pytest.param(
            [(0, _bytes(0)), (8, _bytes(100)), (10, _bytes(500)), (12, _bytes(900))],
            200,
            id="only the last seconds count",
        ),
        pytest.param(
            [(0, _bytes(0)), (60, _bytes(600))], 10, id="a long silence counts"
        ),
        pytest.param(
            [(0, _bytes(0)), (1, _bytes(500)), (2, _bytes(100))],
            None,
            id="bytes that vanish begin anew",
        ),
        pytest.param(
            [(0, _bytes(0)), (1, _bytes(500)), (2, _bytes(900, what="other"))],
            None,
            id="another download begins anew",
        ),
        pytest.param(
            [(0, _bytes(0)), (1, _bytes(500)), (2, LOADING)], None, id="a wait has none"
        ),
    ],
)
def test_the_speed_is_that_of_the_last_seconds(
    events: list[tuple[float, Event]], speed: float | None
) -> None:
    assert _told(*events).speed == speed


def test_a_flood_of_bytes_keeps_few_samples() -> None:
    track = _told(*((at / 1000, _bytes(at)) for at in range(20_000)))
    assert len(track.samples) < 25
    assert track.speed == pytest.approx(1000)
