"""Conversations on real sockets, without a container around them."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from csctl.rehearsal.container import faults, server
from csctl.rehearsal.container.hearing import PATHS, Hearing, Limits
from csctl.rehearsal.container.recogniser import FixedText
from tests.rehearsal.speech_client import (
    ConnectionClosed,
    Heard,
    SpeechClient,
    header,
    silence,
    tone,
)

TEXT = "One, two, three."
SPEECH = header() + (tone(1.5) + silence(1)).tobytes()
DETAILED = {"format": "Detailed"}
WORDS = DETAILED | {"detailed": {"options": ["WordTimings", "WordConfidence"]}}


@dataclass
class Serving:
    """A port where speech is heard, and how many seconds of it."""

    port: int = 0
    seconds: list[float] = field(default_factory=list)


@pytest.fixture
def serve() -> Callable[..., Serving]:
    def start(fault: str = "", **limits: Any) -> Serving:
        serving = Serving()
        count = serving.seconds.append
        hearing = Hearing(FixedText(TEXT), fault, Limits(**limits), count)
        serving.port = server.listen(hearing.answer, 0)
        return serving

    return start


def phrases(messages: list[Heard]) -> list[str]:
    """Texts, or what is said instead of one."""
    return [
        message.body.get("DisplayText") or message.body["RecognitionStatus"]
        for message in messages
        if message.path == "speech.phrase"
    ]


def test_each_path_hears_in_its_own_way(serve: Callable[..., Serving]) -> None:
    port = serve().port
    found = {}
    for path, mode in PATHS.items():
        assert path == f"/speech/recognition/{mode}/cognitiveservices/v1"
        with SpeechClient(port, mode) as client:
            client.say("a1", SPEECH)
            found[mode] = phrases([*client.turn()])
    assert found == {
        "interactive": [TEXT],
        "conversation": [TEXT, "EndOfDictation"],
        "dictation": [TEXT, "EndOfDictation"],
    }


def test_every_reply_bears_the_request_id_as_it_came(
    serve: Callable[..., Serving],
) -> None:
    with SpeechClient(serve().port) as client:
        client.say("AbC1", SPEECH)
        assert {message.request_id for message in client.turn()} == {"AbC1"}


def test_a_turn_starts_with_its_context_before_any_audio(
    serve: Callable[..., Serving],
) -> None:
    with SpeechClient(serve().port) as client:
        client.send_text("Path:speech.config\r\nX-RequestId:a1\r\n\r\n{}")
        client.send_context("a1")
        assert client.receive().path == "turn.start"


def test_a_turn_starts_with_audio_where_there_is_no_context(
    serve: Callable[..., Serving],
) -> None:
    with SpeechClient(serve().port) as client:
        client.send_audio("a1", header())
        started = client.receive()
    assert (started.path, started.request_id) == ("turn.start", "a1")


def test_a_connection_bears_one_turn_after_another(
    serve: Callable[..., Serving],
) -> None:
    later = {
        "continuation": {
            "previousServiceTag": "8c009cf23fda426fab270c1ac139f8c7",
            "audio": {"streams": {"1": {"offset": "25000000"}}},
        }
    }
    with SpeechClient(serve().port) as client:
        client.say("a1", SPEECH)
        first = [*client.turn()]
        client.send_text("Path:telemetry\r\nX-RequestId:a1\r\n\r\n{}")
        client.send_context("b2", later)
        client.say("b2", SPEECH)
        second = [*client.turn()]
    # Offsets begin anew with each turn: the SDK adds what it had before.
    assert [message.body.get("Offset") for message in first] == [
        message.body.get("Offset") for message in second
    ]
    assert {message.request_id for message in second} == {"b2"}


def test_a_new_request_id_ends_the_turn_before(serve: Callable[..., Serving]) -> None:
    with SpeechClient(serve().port) as client:
        client.send_context("a1")
        client.send_audio("a1", SPEECH[:3200])
        client.say("b2", SPEECH)
        found = [message for message in client.turn() if message.request_id == "b2"]
    assert phrases(found) == [TEXT, "EndOfDictation"]


def test_audio_after_the_end_of_a_turn_is_not_heard(
    serve: Callable[..., Serving],
) -> None:
    serving = serve()
    with SpeechClient(serving.port, "interactive") as client:
        client.say("a1", SPEECH + tone(20).tobytes())
        assert phrases([*client.turn()]) == [TEXT]
        client.say("b2", SPEECH)
        assert {message.request_id for message in client.turn()} == {"b2"}
    assert sum(serving.seconds) < 6


@pytest.mark.parametrize(
    ("query", "context", "words"),
    [
        ("language=en-us", {}, None),
        ("language=en-US&format=simple", {}, None),
        ("format=detailed&language=en-us", {}, False),
        ("language=en-us", {"phraseOutput": DETAILED}, False),
        (
            "format=detailed&wordLevelTimestamps=true&wordLevelConfidence=true",
            {},
            True,
        ),
        ("", {"phraseOutput": WORDS}, True),
        ("", {"phraseOutput": {"format": "Simple"}}, None),
        ("", {"phraseOutput": None}, None),
        ("", {"phraseOutput": DETAILED | {"detailed": {"options": 1}}}, None),
        ("", [], None),
    ],
    ids=[
        *("simple", "simple-by-name", "detailed", "detailed-by-context"),
        *("words", "words-by-context", "simple-by-context", "null", "number", "list"),
    ],
)
def test_query_and_context_tell_how_much_is_wanted(
    serve: Callable[..., Serving], query: str, context: object, words: bool | None
) -> None:
    with SpeechClient(serve().port, query=query) as client:
        client.send_context("a1", context)
        client.send_audio("a1", SPEECH)
        client.send_audio("a1", b"")
        found = next(
            message.body for message in client.turn() if message.path == "speech.phrase"
        )
    if words is None:
        assert "NBest" not in found
    else:
        (best,) = found["NBest"]
        assert ("Words" in best) == words
        assert found["DisplayText"] == best["Display"] == TEXT


def test_the_query_says_what_silence_ends(serve: Callable[..., Serving]) -> None:
    audio = header() + (tone(1) + silence(1) + tone(1)).tobytes()
    counts = []
    for query in (
        "",
        "segmentationSilenceTimeoutMs=1500",
        "segmentationSilenceTimeoutMs=x",
    ):
        with SpeechClient(serve().port, query=query) as client:
            client.say("a1", audio)
            counts.append(len(phrases([*client.turn()])) - 1)
    assert counts == [2, 1, 2]


@pytest.mark.parametrize(
    "message",
    [
        "X-RequestId:a1\r\n\r\n{}",
        "Path:speech.context\r\nX-RequestId:a1\r\n\r\n{",
    ],
    ids=["no-path", "no-json"],
)
def test_a_message_that_means_nothing_ends_it(
    serve: Callable[..., Serving], message: str
) -> None:
    with SpeechClient(serve().port) as client:
        client.send_text(message)
        with pytest.raises(ConnectionClosed) as caught:
            client.receive()
    assert caught.value.code == 1007
    assert caught.value.reason


@pytest.mark.parametrize(
    ("audio", "reason"),
    [
        (b"OggS" + bytes(60), "does not begin with a RIFF header"),
        (header(96000), "format tag 1, 1 channels, 96000 Hz, 16 bits: not supported"),
    ],
    ids=["no-wav", "too-fast"],
)
def test_other_audio_ends_it(
    serve: Callable[..., Serving], audio: bytes, reason: str
) -> None:
    with SpeechClient(serve().port) as client:
        client.send_audio("a1", audio)
        with pytest.raises(ConnectionClosed, match=reason) as caught:
            list(client.turn())
    assert caught.value.code == 1007


def test_a_request_without_an_upgrade_finds_nothing(
    serve: Callable[..., Serving],
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", serve().port, timeout=10)
    connection.request("GET", next(iter(PATHS)))
    assert connection.getresponse().status == 404
    connection.close()


@pytest.mark.parametrize("fault", sorted(faults.HTTP))
def test_an_upgrade_is_refused_with_the_status_asked_for(
    serve: Callable[..., Serving], fault: str
) -> None:
    with SpeechClient(serve(fault).port) as client:
        assert f"http-{client.status}" == fault


@pytest.mark.parametrize("fault", sorted(faults.STATUSES))
def test_every_result_has_the_status_asked_for(
    serve: Callable[..., Serving], fault: str
) -> None:
    with SpeechClient(serve(fault).port) as client:
        client.say("a1", SPEECH)
        found = phrases([*client.turn()])
    assert found == [faults.STATUSES[fault], "EndOfDictation"]


@pytest.mark.parametrize(
    ("fault", "code", "last"),
    [
        ("close-1000", 1000, ["speech.phrase"]),
        ("close-1007", 1007, []),
        ("close-1011", 1011, []),
        ("cut", 1006, ["speech.startDetected"]),
        ("reset", 1006, []),
    ],
)
def test_a_conversation_breaks_where_it_was_asked_to(
    serve: Callable[..., Serving], fault: str, code: int, last: list[str]
) -> None:
    found = []

    def hear() -> None:
        while True:
            found.append(client.receive().path)

    with SpeechClient(serve(fault).port) as client:
        client.send_context("a1")
        for data in (SPEECH[:44], SPEECH[44:], b""):
            client.send_audio("a1", data)
        with pytest.raises(ConnectionClosed) as caught:
            hear()
    assert caught.value.code == code
    assert found[-1:] == last


@pytest.mark.parametrize(
    ("fault", "heard"),
    [("silent", []), ("half-way", ["turn.start", "speech.startDetected"])],
)
def test_a_conversation_stops_and_stays_open(
    serve: Callable[..., Serving], fault: str, heard: list[str]
) -> None:
    with SpeechClient(serve(fault).port) as client:
        client.say("a1", SPEECH)
        client.send_frame(0x9, b"still there?")
        found = []
        while (frame := client.receive_frame()) != (0xA, b"still there?"):
            found.append(frame[1].decode().split("Path:")[1].split("\r\n")[0])
    assert [path for path in found if path != "speech.hypothesis"] == heard


def test_no_more_streams_are_taken_than_the_limit_says(
    serve: Callable[..., Serving],
) -> None:
    port = serve(streams=2).port
    with SpeechClient(port) as first, SpeechClient(port) as second:
        assert (first.status, second.status) == (101, 101)
        with SpeechClient(port) as third:
            assert third.status == 429
    deadline = time.monotonic() + 20
    while True:
        with SpeechClient(port) as again:
            if again.status == 101:
                break
        assert time.monotonic() < deadline


def test_streams_share_what_the_container_can_decode(
    serve: Callable[..., Serving],
) -> None:
    """Four seconds of audio at four a second take one, however many bring them."""
    serving = serve(capacity=4)
    audio = header() + tone(2).tobytes()
    started = time.monotonic()

    def hear(number: int) -> list[str]:
        with SpeechClient(serving.port) as client:
            client.say(f"a{number}", audio)
            return phrases([*client.turn()])

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(hear, range(2)))
    assert found == [[TEXT, "EndOfDictation"]] * 2
    assert time.monotonic() - started > 0.9


def test_what_was_heard_is_counted(serve: Callable[..., Serving]) -> None:
    serving = serve()
    with SpeechClient(serving.port) as client:
        client.say("a1", SPEECH)
        list(client.turn())
    deadline = time.monotonic() + 20
    while sum(serving.seconds) != pytest.approx(2.5):
        assert time.monotonic() < deadline, serving.seconds


def test_many_streams_at_once_all_hear_their_own(serve: Callable[..., Serving]) -> None:
    port = serve().port
    together = threading.Barrier(20)

    def hear(number: int) -> set[str]:
        with SpeechClient(port) as client:
            together.wait(20)
            client.say(f"id{number}", SPEECH)
            return {message.request_id for message in client.turn()}

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(hear, range(20))) == [{f"id{n}"} for n in range(20)]
