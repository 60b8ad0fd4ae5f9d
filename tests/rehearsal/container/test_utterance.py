from __future__ import annotations

from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.rehearsal.container.utterance import Cutter, Utterance
from tests.rehearsal.speech_client import RATE, silence, tone

CLICK = 0.04
FRAME = RATE // 50


def cut(audio: array[int], piece: int = 1600, longest: float = 30) -> list[Utterance]:
    cutter = Cutter(RATE, silence_seconds=0.5, longest_seconds=longest)
    found = []
    for start in range(0, len(audio), piece):
        found += cutter.feed(audio[start : start + piece])
    last = cutter.finish()
    return [*found, last] if last else found


def seconds(found: list[Utterance]) -> list[tuple[float, float]]:
    return [(item.start / RATE, item.end / RATE) for item in found]


@pytest.mark.parametrize(
    ("audio", "expected"),
    [
        (silence(0), []),
        (silence(3), []),
        (tone(1), [(0, 1)]),
        (silence(1) + tone(1) + silence(1), [(1, 2)]),
        (tone(1) + silence(0.6) + tone(2), [(0, 1), (1.6, 3.6)]),
        (tone(1) + silence(0.4) + tone(1), [(0, 2.4)]),
        (silence(1) + tone(CLICK) + silence(1), []),
        (silence(1) + tone(CLICK) + silence(0.1) + tone(1), [(1.14, 2.14)]),
    ],
    ids=[
        *("nothing", "silence", "speech-alone", "between-silences", "two"),
        *("a-short-pause", "a-click", "a-click-before"),
    ],
)
def test_utterances_lie_where_it_is_loud(
    audio: array[int], expected: list[tuple[float, float]]
) -> None:
    assert seconds(cut(audio)) == expected


def test_an_utterance_is_cut_where_it_gets_too_long() -> None:
    assert seconds(cut(tone(2.5), longest=1)) == [(0, 1), (1, 2), (2, 2.5)]


def test_an_utterances_audio_has_a_margin_of_a_fifth_of_a_second() -> None:
    (found,) = cut(silence(1) + tone(1) + silence(1))
    assert found.samples == silence(0.2) + tone(1) + silence(0.2)


def test_what_is_quiet_is_no_speech() -> None:
    assert cut(array("h", [100, -100] * RATE)) == []


def test_an_utterance_that_goes_on_can_be_looked_at() -> None:
    cutter = Cutter(RATE, silence_seconds=0.5, longest_seconds=30)
    looks = []
    for audio in (silence(1), tone(0.5), silence(1)):
        cutter.feed(audio)
        looks.append(cutter.open)
    before, during, after = looks
    assert before is after is None
    assert during is not None
    assert (during.start, during.end) == (RATE, RATE * 3 // 2)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=6),
    st.integers(1, 5000),
)
def test_pieces_of_any_length_give_the_same_utterances(
    parts: list[tuple[bool, int]], piece: int
) -> None:
    audio: array[int] = array("h")
    for loud, frames in parts:
        audio += array("h", ([5000, -5000] if loud else [0, 0]) * (FRAME // 2)) * frames
    found = cut(audio, piece)
    assert found == cut(audio, FRAME)
    for before, after in pairwise(found):
        assert before.end <= after.start
    assert all(item.start < item.end <= len(audio) for item in found)
