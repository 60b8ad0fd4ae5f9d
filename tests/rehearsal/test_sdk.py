"""The real Speech SDK against the stand-in's container: `make test-speech`.

Facts: speech-protocol.md sections 3.2 to 3.4 and 5.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import wave
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import docker
import pytest

from csctl.rehearsal.container import results
from csctl.rehearsal.dockerd import State
from tests.engines import PrivateEngine
from tests.rehearsal.speech_client import RATE, SpeechClient, silence, tone
from tests.rehearsal.stand_in import ACCOUNT, MODEL_ID, ROOT, Running, StandIn

pytestmark = pytest.mark.sdk

FIXED = "This is a rehearsal, nothing was recognised."
SENTENCES = (
    "Please open the window before the meeting starts.",
    "The train to the city leaves at seven in the morning.",
    "My brother bought a new house near the river.",
    "We will have lunch together on Wednesday.",
    "The doctor told him to drink more water.",
    "She plays the piano every evening after dinner.",
    "Turn left at the next corner and stop at the church.",
    "The children are playing football in the garden.",
    "There is a bottle of milk on the kitchen table.",
    "He forgot his umbrella and came home wet.",
)
TICKS = 10_000_000
_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the SDK told of one file."""

    results: list[dict[str, Any]]
    hypotheses: int
    canceled: dict[str, str]
    stopped: bool
    seconds: float

    @property
    def texts(self) -> list[str]:
        """What was recognised, utterance by utterance."""
        return [
            result["text"]
            for result in self.results
            if result["reason"] == "RecognizedSpeech"
        ]

    @property
    def words(self) -> list[str]:
        """All of it, without case and punctuation."""
        return results.words(" ".join(self.texts))


def recognise(
    port: int, mode: str, *files: Path, stop_after: float = 120
) -> list[Outcome]:
    """What the SDK tells of each file, all at once."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.rehearsal.sdk_client"),
            *(str(port), mode, str(stop_after), *map(str, files)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Outcome(**outcome) for outcome in json.loads(done.stdout)]


def write_wav(path: Path, samples: array[int], rate: int = RATE) -> Path:
    """A file of 16 bits on one channel."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def speak(path: Path, text: str) -> Path:
    """A file in which a synthetic voice says the text."""
    command = ["flite", "-voice", "slt", "-t", text, "-o", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
    return path


def serve(stand_in: StandIn, **environment: str) -> Running:
    """A connected container that is ready."""
    running = stand_in.start(f"ModelId={MODEL_ID}", *ACCOUNT, environment=environment)
    return running.wait_until_ready()


def word_errors(wanted: list[str], found: list[str]) -> int:
    """How many words were put in, left out or taken for others."""
    row = list(range(len(found) + 1))
    for left, word in enumerate(wanted, 1):
        above, row = row, [left]
        for index, other in enumerate(found):
            change = above[index] + (word != other)
            row.append(min(change, above[index + 1] + 1, row[index] + 1))
    return row[-1]


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    if find_spec("azure") is None:
        pytest.skip("the Speech SDK is not installed: make test-speech")


@pytest.fixture(scope="session")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two utterances of two seconds and of one, between silences."""
    path = tmp_path_factory.mktemp("audio") / "two.wav"
    pause = silence(1)
    return write_wav(path, pause + tone(2) + pause + tone(1) + pause)


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A file of each sentence."""
    folder = tmp_path_factory.mktemp("spoken")
    return [
        speak(folder / f"{number}.wav", text) for number, text in enumerate(SENTENCES)
    ]


def test_once_gives_the_first_utterance(stand_in: StandIn, audio: Path) -> None:
    (outcome,) = recognise(serve(stand_in).port, "once", audio)
    (result,) = outcome.results
    assert (result["reason"], result["text"]) == ("RecognizedSpeech", FIXED)
    assert (result["offset"], result["duration"]) == (TICKS, 2 * TICKS)
    assert outcome.hypotheses
    assert outcome.canceled == {}


def test_a_detailed_result_has_words_with_their_times(
    stand_in: StandIn, audio: Path
) -> None:
    (outcome,) = recognise(serve(stand_in).port, "once-detailed", audio)
    (best,) = outcome.results[0]["json"]["NBest"]
    assert best["Display"] == FIXED
    assert [word["Word"] for word in best["Words"]] == results.words(FIXED)
    assert best["Words"][0]["Offset"] == TICKS
    assert all(0 < word["Confidence"] <= 1 for word in best["Words"])


def test_continuously_all_utterances_come_in_one_turn(
    stand_in: StandIn, audio: Path
) -> None:
    (outcome,) = recognise(serve(stand_in).port, "continuous", audio)
    assert [
        (result["text"], result["offset"] / TICKS, result["duration"] / TICKS)
        for result in outcome.results
    ] == [(FIXED, 1, 2), (FIXED, 4, 1)]
    assert outcome.canceled["reason"] == "EndOfStream"
    assert outcome.stopped


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_the_rate_is_that_of_the_file(
    stand_in: StandIn, tmp_path: Path, rate: int
) -> None:
    samples = silence(1, rate) + tone(2, rate) + silence(1, rate)
    path = write_wav(tmp_path / "audio.wav", samples, rate)
    (outcome,) = recognise(serve(stand_in).port, "continuous", path)
    (result,) = outcome.results
    assert (result["offset"], result["duration"]) == (TICKS, 2 * TICKS)


@pytest.mark.parametrize(
    ("mode", "reasons"), [("once", ["NoMatch"]), ("continuous", [])]
)
def test_silence_is_no_match(
    stand_in: StandIn, tmp_path: Path, mode: str, reasons: list[str]
) -> None:
    path = write_wav(tmp_path / "silence.wav", silence(3))
    (outcome,) = recognise(serve(stand_in).port, mode, path)
    assert [result["reason"] for result in outcome.results] == reasons
    assert outcome.canceled.get("code", "NoError") == "NoError"


def test_ten_streams_at_a_time_are_all_answered(stand_in: StandIn, audio: Path) -> None:
    outcomes = recognise(serve(stand_in).port, "continuous", *[audio] * 10)
    assert [outcome.texts for outcome in outcomes] == [[FIXED, FIXED]] * 10


def test_the_text_is_the_knobs(stand_in: StandIn, audio: Path) -> None:
    port = serve(stand_in, REHEARSAL_TEXT="Olá, mundo.").port
    (outcome,) = recognise(port, "once", audio)
    assert outcome.texts == ["Olá, mundo."]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("http-400", "BadRequest"),
        ("http-401", "AuthenticationFailure"),
        ("http-403", "AuthenticationFailure"),
        ("http-404", "ServiceError"),
        ("http-429", "TooManyRequests"),
        ("http-500", "ServiceError"),
        ("http-503", "ServiceUnavailable"),
        ("close-1000", "ServiceTimeout"),
        ("close-1007", "BadRequest"),
        ("close-1011", "ServiceError"),
        ("cut", "ConnectionFailure"),
        ("half-way", "ServiceTimeout"),
        ("reset", "ConnectionFailure"),
        ("silent", "ServiceTimeout"),
        ("status-BadRequest", "BadRequest"),
        ("status-Error", "ServiceError"),
        ("status-Forbidden", "Forbidden"),
        ("status-ServiceUnavailable", "ServiceUnavailable"),
        ("status-TooManyRequests", "TooManyRequests"),
    ],
)
def test_a_failure_is_what_the_sdk_makes_of_it(
    stand_in: StandIn, audio: Path, fault: str, code: str
) -> None:
    port = serve(stand_in, REHEARSAL_SPEECH_FAULT=fault).port
    (outcome,) = recognise(port, "once", audio)
    assert (outcome.canceled["code"], outcome.texts) == (code, []), outcome
    if fault == "close-1007":
        assert "a rehearsed bad request" in outcome.canceled["details"]


@pytest.mark.parametrize("fault", ["status-BabbleTimeout", "status-NoMatch"])
def test_a_result_without_speech_is_no_failure(
    stand_in: StandIn, audio: Path, fault: str
) -> None:
    port = serve(stand_in, REHEARSAL_SPEECH_FAULT=fault).port
    (outcome,) = recognise(port, "once", audio)
    assert [result["reason"] for result in outcome.results] == ["NoMatch"]
    assert outcome.canceled == {}


def test_before_it_is_ready_it_is_unavailable(stand_in: StandIn, audio: Path) -> None:
    running = stand_in.start(
        f"ModelId={MODEL_ID}", *ACCOUNT, environment={"REHEARSAL_LOAD_SECONDS": "60"}
    )
    assert running.get("/ready")[0] == 503
    (outcome,) = recognise(running.port, "once", audio)
    assert outcome.canceled["code"] == "ServiceUnavailable"


def test_nobody_listens(free_port: int, audio: Path) -> None:
    (outcome,) = recognise(free_port, "once", audio)
    assert outcome.canceled["code"] == "ConnectionFailure"


@pytest.mark.xdist_group("hear")
class TestHearing:
    """The image of `csctl rehearse --hear`, in an Engine of its own."""

    @pytest.fixture(scope="class")
    def hear(self) -> Iterator[Callable[[], Running]]:
        engine = PrivateEngine(
            State(Path(tempfile.mkdtemp(prefix="csctl-", dir="/tmp")))
        )
        engine.up()
        try:
            build = [sys.executable, "-m", "csctl", "-H", engine.url, "rehearse"]
            subprocess.run([*build, "--hear"], cwd=ROOT, check=True, timeout=_SECONDS)
            client = docker.DockerClient(base_url=engine.url)
            made = StandIn(client, "hear")
            yield lambda: serve(made)
            made.remove()
            client.close()
        finally:
            engine.down()

    def test_it_says_what_it_hears_with_and_what_that_is_worth(
        self, hear: Callable[[], Running]
    ) -> None:
        notice = hear().json("/status")["recognition"]
        assert "moonshine-voice 0.1.0" in notice
        assert "nothing is said of a custom model's quality" in notice

    def test_ten_streams_at_a_time_are_each_given_their_own_words(
        self, hear: Callable[[], Running], spoken: list[Path]
    ) -> None:
        """An engine that mixed streams up would leave no text near its own."""
        outcomes = recognise(hear().port, "continuous", *spoken)
        errors = [
            word_errors(results.words(text), outcome.words)
            for text, outcome in zip(SENTENCES, outcomes, strict=True)
        ]
        wanted = [len(results.words(text)) for text in SENTENCES]
        found = [outcome.texts for outcome in outcomes]
        assert sum(errors) <= 0.2 * sum(wanted), found
        assert all(
            2 * wrong <= all_ for wrong, all_ in zip(errors, wanted, strict=True)
        )

    def test_the_same_audio_is_the_same_text_however_many_ask(
        self, hear: Callable[[], Running], spoken: list[Path]
    ) -> None:
        port = hear().port
        (alone,) = recognise(port, "once", spoken[0])
        assert "window" in alone.words
        together = recognise(port, "once", *[spoken[0]] * 8)
        assert [outcome.texts for outcome in together] == [alone.texts] * 8

    def test_silence_has_no_words(
        self, hear: Callable[[], Running], tmp_path: Path
    ) -> None:
        path = write_wav(tmp_path / "silence.wav", silence(4))
        (outcome,) = recognise(hear().port, "continuous", path)
        assert outcome.results == []

    def test_stopped_while_it_recognises_it_ends_cleanly(
        self, hear: Callable[[], Running], spoken: list[Path]
    ) -> None:
        running = hear()
        with SpeechClient(running.port) as client:
            client.send_context("a1")
            client.send_audio("a1", spoken[0].read_bytes())
            client.send_audio("a1", spoken[1].read_bytes()[44:] * 5)
            while client.receive().path != "speech.startDetected":
                pass
            running.container.stop(timeout=60)
        ended = running.wait()
        assert ended.code == 0
        assert "error" not in ended.log.lower()
