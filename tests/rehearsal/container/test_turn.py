"""Turns, by the replies in their order: path, time in seconds, status or text."""

from __future__ import annotations

from array import array

import pytest

from csctl.rehearsal.container.recogniser import FixedText
from csctl.rehearsal.container.results import Shape
from csctl.rehearsal.container.turn import Manner, Reply, Turn
from csctl.rehearsal.container.wave import UnknownFormat
from tests.rehearsal.speech_client import RATE, header, silence, tone

ONCE = Manner(once=True)
ALL = Manner()
TICKS = 10_000_000
ONE = silence(1) + tone(2) + silence(1)
TWO = ONE + tone(1) + silence(0.5)


class Deaf:
    """A recogniser that understands nothing."""

    notice = "deaf"

    def load(self) -> None: ...

    def recognise(self, samples: array[int], rate: int) -> str:  # noqa: ARG002
        return ""

    guess = recognise


def replies(manner: Manner, audio: array[int], rate: int = RATE) -> list[Reply]:
    turn = Turn(manner, FixedText("One, two, three."))
    data, size = audio.tobytes(), rate // 10 * 2
    found = [*turn.start(), *turn.hear(header(rate))]
    for start in range(0, len(data), size):
        found += turn.hear(data[start : start + size])
    return [*found, *turn.finish()]


def line(reply: Reply) -> str:
    path, body = reply
    words = [path.removeprefix("speech.")]
    if "Offset" in body:
        words.append(f"{body['Offset'] / TICKS:g}")
    if "Duration" in body:
        words.append(f"+{body['Duration'] / TICKS:g}")
    words.append(body.get("DisplayText") or body.get("Text", ""))
    if body.get("RecognitionStatus") != "Success":
        words.append(body.get("RecognitionStatus", ""))
    return " ".join(filter(None, words))


def lines(manner: Manner, audio: array[int], rate: int = RATE) -> list[str]:
    return list(map(line, replies(manner, audio, rate)))


def test_once_is_one_utterance_and_the_client_is_told_to_stop() -> None:
    assert lines(ONCE, TWO) == [
        "turn.start",
        "startDetected 1",
        "hypothesis 1 +0.3 one",
        "hypothesis 1 +0.8 one two three",
        "hypothesis 1 +1.8 one two three",
        "endDetected 3",
        "phrase 1 +2 One, two, three.",
        "turn.end",
    ]


def test_otherwise_the_end_is_detected_once_after_all_utterances() -> None:
    found = lines(ALL, TWO)
    assert [text for text in found if not text.startswith("hypothesis")] == [
        "turn.start",
        "startDetected 1",
        "phrase 1 +2 One, two, three.",
        "startDetected 4",
        "phrase 4 +1 One, two, three.",
        "endDetected 5.5",
        "phrase 5.5 +0 EndOfDictation",
        "turn.end",
    ]


@pytest.mark.parametrize(
    ("manner", "audio", "expected"),
    [
        (ALL, silence(3), ["endDetected 3", "phrase 3 +0 EndOfDictation"]),
        (ALL, silence(0), ["endDetected 0", "phrase 0 +0 EndOfDictation"]),
        (ONCE, silence(3), ["endDetected 3", "phrase 0 +3 InitialSilenceTimeout"]),
        (ONCE, silence(0), ["endDetected 0", "phrase 0 +0 InitialSilenceTimeout"]),
        (ONCE, silence(7), ["endDetected 5", "phrase 0 +5 InitialSilenceTimeout"]),
    ],
    ids=["silence", "nothing", "once-silence", "once-nothing", "once-long-silence"],
)
def test_silence_is_no_utterance(
    manner: Manner, audio: array[int], expected: list[str]
) -> None:
    assert lines(manner, audio) == ["turn.start", *expected, "turn.end"]


def test_speech_to_the_very_end_is_an_utterance() -> None:
    assert lines(ONCE, tone(0.4)) == [
        "turn.start",
        "startDetected 0",
        "endDetected 0.4",
        "phrase 0 +0.4 One, two, three.",
        "turn.end",
    ]


@pytest.mark.parametrize(
    ("samples", "rate", "milliseconds"),
    [(16000, 16000, 1000), (16001, 16000, 1001), (16016, 16000, 1001), (1, 44100, 1)],
)
def test_all_audio_is_acknowledged_up_to_a_whole_millisecond(
    samples: int, rate: int, milliseconds: int
) -> None:
    audio = array("h", bytes(2 * samples))
    assert replies(ALL, audio, rate)[-2][1]["Offset"] == milliseconds * 10_000


def test_how_long_a_pause_ends_an_utterance_is_the_clients_to_say() -> None:
    audio = tone(1) + silence(1) + tone(1)
    patient = Manner(end_silence=1.5)
    assert sum(path == "speech.phrase" for path, _ in replies(ALL, audio)) == 3
    assert sum(path == "speech.phrase" for path, _ in replies(patient, audio)) == 2


def test_how_long_a_beginning_may_be_silent_is_the_clients_to_say() -> None:
    found = lines(Manner(once=True, initial_silence=0.5), ONE)
    assert found[-2] == "phrase 0 +0.5 InitialSilenceTimeout"


@pytest.mark.parametrize(
    ("manner", "longest"), [(ONCE, 15), (ALL, 30)], ids=["once", "all"]
)
def test_an_utterance_is_cut_where_it_gets_too_long(
    manner: Manner, longest: int
) -> None:
    audio = tone(32, rate=8000)
    phrases = [text for text in lines(manner, audio, 8000) if text[:6] == "phrase"]
    assert phrases[0] == f"phrase 0 +{longest} One, two, three."


def test_what_is_not_understood_is_no_match() -> None:
    turn = Turn(ONCE, Deaf())
    found = [*turn.hear(header() + ONE.tobytes())]
    assert [line(reply) for reply in found if "hypothesis" in reply[0]] == []
    assert line(found[-2]) == "phrase 1 +2 NoMatch"


def test_a_detailed_result_is_given_where_it_is_wanted() -> None:
    found = replies(Manner(once=True, shape=Shape(detailed=True)), ONE)
    assert found[-2][1]["NBest"][0]["Lexical"] == "one two three"


def test_every_turn_has_a_tag_of_its_own() -> None:
    tags = {
        str(body["context"]["serviceTag"])
        for _ in range(2)
        for _, body in Turn(ALL, Deaf()).start()
    }
    assert len(tags) == 2


def test_after_its_end_a_turn_hears_no_more() -> None:
    turn = Turn(ONCE, FixedText("One."))
    list(turn.hear(header() + ONE.tobytes()))
    assert turn.ended
    seconds = turn.seconds
    assert [*turn.hear(tone(3).tobytes()), *turn.finish()] == []
    assert turn.seconds == seconds


def test_audio_without_a_header_is_refused() -> None:
    with pytest.raises(UnknownFormat):
        list(Turn(ALL, Deaf()).hear(ONE.tobytes()))
