from __future__ import annotations

import re

import pytest

from csctl.rehearsal.container import results
from csctl.rehearsal.container.results import Shape, Span

SPAN = Span(800000, 34400000)
PLACE = {"Offset": 800000, "Duration": 34400000}
TEXT = "Hello, world. It's 8 o'clock."
SPOKEN = "hello world it's 8 o'clock"


def test_a_simple_phrase_is_status_place_and_text() -> None:
    phrase = results.phrase(TEXT, SPAN, Shape())
    assert re.fullmatch("[0-9a-f]{32}", phrase.pop("Id"))
    assert phrase == {
        "RecognitionStatus": "Success",
        **PLACE,
        "Channel": 0,
        "DisplayText": TEXT,
    }


def test_a_detailed_phrase_has_one_best_result() -> None:
    (best,) = results.phrase(TEXT, SPAN, Shape(detailed=True))["NBest"]
    assert best == {
        "Confidence": 0.95,
        "Lexical": SPOKEN,
        "ITN": SPOKEN,
        "MaskedITN": SPOKEN,
        "Display": TEXT,
    }


@pytest.mark.parametrize("confidence", [True, False])
def test_words_share_the_utterance_without_a_gap(confidence: bool) -> None:
    shape = Shape(detailed=True, word_times=True, word_confidence=confidence)
    words = results.phrase(TEXT, SPAN, shape)["NBest"][0]["Words"]
    assert [word["Word"] for word in words] == SPOKEN.split()
    assert words[0]["Offset"] == SPAN.offset
    ends = [word["Offset"] + word["Duration"] for word in words]
    assert ends[:-1] == [word["Offset"] for word in words[1:]]
    assert ends[-1] == SPAN.offset + SPAN.duration
    assert all(("Confidence" in word) == confidence for word in words)


def test_without_a_text_nothing_matched() -> None:
    phrase = results.phrase("", SPAN, Shape(detailed=True, word_times=True))
    del phrase["Id"]
    assert phrase == {"RecognitionStatus": "NoMatch", **PLACE}


def test_a_text_of_punctuation_alone_has_no_words() -> None:
    shape = Shape(detailed=True, word_times=True)
    assert results.phrase("...", SPAN, shape)["NBest"][0]["Words"] == []


def test_a_hypothesis_has_neither_capitals_nor_punctuation() -> None:
    hypothesis = results.hypothesis(TEXT, SPAN)
    del hypothesis["Id"]
    assert hypothesis == {"Text": SPOKEN, **PLACE}
