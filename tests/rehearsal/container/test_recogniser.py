from __future__ import annotations

import pytest

from csctl.rehearsal.container.recogniser import FixedText, choose
from tests.rehearsal.speech_client import RATE, silence


def test_the_fixed_text_is_given_whatever_was_said() -> None:
    fixed = FixedText("One, two, three.")
    for seconds in (0.1, 10):
        assert fixed.recognise(silence(seconds), RATE) == "One, two, three."


@pytest.mark.parametrize(
    ("seconds", "guess"),
    [
        (0.1, "One,"),
        (0.7, "One, two,"),
        (1, "One, two, three."),
        (9, "One, two, three."),
    ],
)
def test_a_guess_grows_with_the_audio(seconds: float, guess: str) -> None:
    assert FixedText("One, two, three.").guess(silence(seconds), RATE) == guess


def test_without_a_recogniser_in_the_image_the_text_is_fixed() -> None:
    chosen = choose("One.")
    chosen.load()
    assert chosen.recognise(silence(1), RATE) == "One."
    assert "nothing is recognised" in chosen.notice
