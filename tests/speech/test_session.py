"""One stream of audio on a real connection: what goes, what comes, what goes wrong."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncGenerator
from itertools import pairwise
from pathlib import Path

import pytest

from csctl.errors import CsctlError, NotReady, SpeechError
from csctl.speech.audio import SAMPLE
from csctl.speech.convert import opened
from csctl.speech.drive import drive
from csctl.speech.heard import Began, Heard, Hypothesis, Phrase
from csctl.speech.line import Deadlines, Line, Pace
from csctl.speech.session import recognize
from tests.speech.far_end import Call, Script, blunt, far_end, saying

QUICK = Deadlines(connect=5, silence=0.3, total=30)


async def _recognized(line: Line, path: Path) -> AsyncGenerator[Heard, None]:
    async with opened(path) as audio:
        async for event in recognize(line, audio):
            yield event


def hear(
    port: int,
    *,
    deadlines: Deadlines = QUICK,
    pace: Pace = Pace.FREE,
    locale: str = "en-US",
    path: Path = SAMPLE,
) -> list[Heard]:
    line = Line(
        name="box",
        host="127.0.0.1",
        port=port,
        deadlines=deadlines,
        pace=pace,
        locale=locale,
    )
    return list(drive(_recognized(line, path)))


def failure_of(script: Script, deadlines: Deadlines = QUICK) -> CsctlError:
    with far_end(script) as end, pytest.raises(CsctlError) as caught:
        hear(end.port, deadlines=deadlines)
    return caught.value


def test_hypotheses_and_phrases_come_in_order() -> None:
    with far_end(saying("Hello.", "World.")) as end:
        assert hear(end.port) == [
            Began(),
            Hypothesis(offset=0, duration=1, text="hello."),
            Phrase(offset=0, duration=1, text="Hello.", confidence=0.9),
            Hypothesis(offset=0, duration=2, text="world."),
            Phrase(offset=1, duration=1, text="World.", confidence=0.9),
        ]


def test_the_container_gets_what_the_speech_sdk_sends() -> None:
    with far_end(saying("Hello.")) as end:
        hear(end.port, locale="de-DE")
    [call] = end.calls
    path, _, query = call.target.partition("?")
    assert path == "/speech/recognition/conversation/cognitiveservices/v1"
    assert set(query.split("&")) == {"language=de-DE", "format=detailed"}
    paths = [head["Path"] for head in call.heads]
    assert paths[:3] == ["speech.config", "speech.context", "audio"]
    assert set(paths[2:]) == {"audio"}
    assert "X-RequestId" not in call.heads[0]
    assert len({head["X-RequestId"] for head in call.heads[1:]}) == 1
    assert len(call.turn) == 32
    assert int(call.turn, 16)
    assert call.heads[2]["Content-Type"] == "audio/x-wav"
    context = json.dumps(call.texts["speech.context"])
    assert '"language": "de-DE"' in context


def test_the_file_arrives_byte_for_byte_behind_a_header_without_lengths() -> None:
    with far_end(saying("Hello.")) as end:
        hear(end.port)
    [call] = end.calls
    file = SAMPLE.read_bytes()
    header = call.sounds[0]
    assert len(header) == 44
    assert header[:4] + header[8:40] == file[:4] + file[8:40]
    assert header[4:8] == header[40:] == bytes(4)
    assert call.audio == file[44:]
    assert {len(sound) for sound in call.sounds[1:-2]} == {3200}


def test_at_real_time_a_piece_goes_once_it_has_been_spoken() -> None:
    arrivals: list[float] = []

    def script(call: Call) -> None:
        for pieces in range(1, 12):
            call.hear(pieces)
            arrivals.append(time.monotonic())
        call.hear_all()
        call.end()

    with far_end(script) as end:
        hear(end.port, pace=Pace.REAL_TIME)
    # None comes early, however busy the machine is.
    assert all(
        moment - arrivals[0] >= 0.1 * number - 0.05
        for number, moment in enumerate(arrivals)
    )
    assert all(one <= other for one, other in pairwise(arrivals))


def test_a_hypothesis_is_passed_on_while_audio_still_goes() -> None:
    go_on = threading.Event()

    def script(call: Call) -> None:
        call.hear(5)
        call.suppose("hel")
        assert go_on.wait(60)
        call.hear_all()
        call.end()

    with far_end(script) as end:
        line = Line(name="box", host="127.0.0.1", port=end.port, deadlines=QUICK)
        events = drive(_recognized(line, SAMPLE))
        assert next(events) == Began()
        assert next(events) == Hypothesis(offset=0, duration=1, text="hel")
        go_on.set()
        assert list(events) == []


def test_messages_of_other_turns_and_unknown_ones_are_passed_over() -> None:
    def script(call: Call) -> None:
        call.hear_all()
        call.tell("turn.start", {})
        call.tell("speech.startDetected", {"Offset": 0})
        call.tell("telemetry.request", ["anything"])
        call.tell("speech.phrase", {"RecognitionStatus": "Error"}, turn="0" * 32)
        call.tell("turn.end", {}, turn="0" * 32)
        call.status("NoMatch")
        call.status("InitialSilenceTimeout")
        call.phrase("Hello.")
        call.end()

    with far_end(script) as end:
        assert [e.text for e in hear(end.port) if isinstance(e, Phrase)] == ["Hello."]


def test_nobody_listening_is_not_ready(free_port: int) -> None:
    with pytest.raises(NotReady, match=r"box does not answer on port .* refused"):
        hear(free_port)


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (503, NotReady, "takes no audio now: HTTP 503"),
        (429, NotReady, "takes no audio now: HTTP 429"),
        (404, SpeechError, "recognises no speech at /speech/recognition"),
        (400, SpeechError, "refuses to recognise en-US: HTTP 400"),
        (403, SpeechError, "refuses to recognise en-US: HTTP 403"),
    ],
)
def test_a_refused_upgrade_says_why(
    status: int, kind: type[CsctlError], message: str
) -> None:
    with (
        far_end(saying(), refusal=status) as end,
        pytest.raises(kind, match=message),
    ):
        hear(end.port)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"",
        b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n",
    ],
    ids=["http", "ssh", "binary", "nothing", "redirect"],
)
def test_a_server_that_speaks_no_websocket(answer: bytes) -> None:
    with blunt(answer) as port, pytest.raises(SpeechError) as caught:
        hear(port)
    assert caught.value.message.startswith("box ")
    assert caught.value.remedy is not None


def test_a_server_that_takes_the_connection_and_says_nothing() -> None:
    deadlines = Deadlines(connect=0.3)
    with blunt(None) as port, pytest.raises(NotReady, match="does not answer on port"):
        hear(port, deadlines=deadlines)


def test_a_container_that_stops_answering() -> None:
    def script(call: Call) -> None:
        call.hear_all()
        call.suppose("hel", 3.0)
        call.hear(10_000)

    error = failure_of(script)
    assert isinstance(error, SpeechError)
    assert "box said nothing for" in error.message
    assert "at 3.0 s of" in error.message


def test_a_container_that_stops_reading_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(SAMPLE.read_bytes()[:40] + bytes(4))
        file.truncate(64 << 20)  # More than all buffers on the way hold.
    given_up = threading.Event()
    in_time: list[bool] = []

    def script(_: Call) -> None:
        in_time.append(given_up.wait(30))

    with far_end(script, room=1) as end:
        with pytest.raises(SpeechError, match="box is not done after"):
            hear(end.port, deadlines=Deadlines(connect=5, total=1), path=path)
        given_up.set()
    assert in_time == [True]


def test_a_container_that_never_ends() -> None:
    def script(call: Call) -> None:
        call.hear_all()
        while True:
            call.suppose("and on")
            time.sleep(0.05)

    error = failure_of(script, deadlines=Deadlines(total=1))
    assert "box is not done after" in error.message
    assert "--timeout" in (error.remedy or "")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1011, "close code 1011: decoder"),
        (1007, "close code 1007"),
        (1000, "close code 1000"),
    ],
)
def test_a_stream_that_is_closed_half_way(code: int, said: str) -> None:
    def script(call: Call) -> None:
        call.hear(10)
        call.phrase("Hello.", 0, 0.5)
        call.connection.close(code, "decoder" if code == 1011 else "")

    error = failure_of(script)
    assert isinstance(error, SpeechError)
    assert error.message.startswith(f"box broke off ({said}")
    assert "at 0.5 s of" in error.message


def test_a_connection_that_is_cut_half_way() -> None:
    def script(call: Call) -> None:
        call.hear(10)
        call.connection.socket.shutdown(socket.SHUT_RDWR)

    assert "box broke off (the connection was cut)" in failure_of(script).message


def test_a_turn_that_ends_before_its_audio() -> None:
    def script(call: Call) -> None:
        call.hear(3)
        call.end()
        call.hear_all()

    with far_end(script) as end, pytest.raises(SpeechError, match="ended its turn"):
        hear(end.port, pace=Pace.REAL_TIME)


@pytest.mark.parametrize("status", ["Error", "BadRequest", "Forbidden", "Whatever", ""])
def test_a_failed_recognition_is_an_error(status: str) -> None:
    def script(call: Call) -> None:
        call.hear_all()
        call.status(status)

    error = failure_of(script)
    assert f"box answers {status or 'without a status'}" in error.message
    assert "locale" in (error.remedy or "")


@pytest.mark.parametrize(
    "data",
    [
        "no head at all",
        "Path:speech.phrase\r\n\r\n{",
        "Path:speech.phrase\r\n\r\n[]",
        'Path:speech.hypothesis\r\n\r\n{"Text":"a","Offset":"x"}',
        'Path:speech.hypothesis\r\n\r\n{"Text":5}',
        b"\x00",
        b"\xff\xff",
    ],
    ids=str,
)
def test_what_is_no_speech_protocol_is_said_to_be_none(data: str | bytes) -> None:
    def script(call: Call) -> None:
        call.hear_all()
        call.connection.send(data)
        call.hear(10_000)

    error = failure_of(script)
    assert isinstance(error, SpeechError)
    assert "box does not speak the speech protocol" in error.message


def test_a_file_that_shrinks_while_it_is_sent(tmp_path: Path) -> None:
    copy = tmp_path / "copy.wav"
    copy.write_bytes(SAMPLE.read_bytes())

    def script(call: Call) -> None:
        call.hear(2)
        with copy.open("r+b") as file:
            file.truncate(1000)
        call.hear_all()

    with far_end(script) as end, pytest.raises(SpeechError, match="cannot be read"):
        hear(end.port, pace=Pace.REAL_TIME, path=copy)


def test_fifty_streams_share_one_loop() -> None:
    async def all_of_them(port: int) -> list[list[Heard]]:
        line = Line(name="box", host="127.0.0.1", port=port, pace=Pace.REAL_TIME)

        async def one() -> list[Heard]:
            return [event async for event in _recognized(line, SAMPLE)]

        return await asyncio.gather(*(one() for _ in range(50)))

    with far_end(saying("Hello.")) as end:
        heard = asyncio.run(all_of_them(end.port))
    assert all(events[-1].text == "Hello." for events in heard)  # type: ignore[union-attr]
    assert len({call.turn for call in end.calls}) == 50
    assert {call.audio for call in end.calls} == {SAMPLE.read_bytes()[44:]}


def test_closing_ends_the_stream_and_its_connection() -> None:
    left = threading.Event()

    def script(call: Call) -> None:
        call.hear(2)
        call.suppose("hel")
        try:
            call.hear(10_000)
        finally:
            left.set()

    with far_end(script) as end:
        line = Line(name="box", host="127.0.0.1", port=end.port, pace=Pace.REAL_TIME)
        events = drive(_recognized(line, SAMPLE))
        assert next(events) == Began()
        assert isinstance(next(events), Hypothesis)
        events.close()
        assert left.wait(60)
