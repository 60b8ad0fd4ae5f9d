"""`csctl capacity`: it steps up, stops where a step fails, and says what to write."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import pytest

from csctl.speech.audio import SAMPLE
from tests.cli.shell import Draft, Shell
from tests.speech.far_end import Call, far_end, saying

_QUICK = ("--audio", SAMPLE, "--seconds", 1, "--behind", 20)


@pytest.fixture
def alone(tmp_path: Path) -> Shell:
    """csctl where no Engine answers: an address needs none."""
    return Shell(tmp_path, "unix:///nonexistent", "alone-")


def test_up_to_the_most_where_none_fails(alone: Shell) -> None:
    with far_end(saying("Hello.")) as end:
        words = ("capacity", f"127.0.0.1:{end.port}", *_QUICK, "--max", 4)
        done = alone.run(*words)
        report = alone.json(*words)
    lines = done.out.splitlines()
    assert lines[0].split()[:5] == ["STREAMS", "FACTOR", "P50", "P95", "P99"]
    assert [line.split()[0] for line in lines[1:5]] == ["1", "2", "3", "4"]
    assert all(line.endswith("sustained") for line in lines[1:5])
    for text in (
        "p95 of the latency by streams",
        "sustains 4 streams at real time; and more were not tried",
        "  cpus: 5  # not measured",
        "  memory: 8g  # not measured",
        "  decoders: 4",
        "on paper, by rules that do not agree",
    ):
        assert text in done.out
    assert [row["streams"] for row in report["levels"]] == [1, 2, 3, 4]
    assert (report["streams"], report["cpus"], report["memory"]) == (4, 5, 8 << 30)
    assert [row["rule"] for row in report["on_paper"]][-1] == "measured"
    file = alone.folder / "capacity.json"
    file.write_text(json.dumps(report))
    sizes = alone.json("size", "--streams", 100, "--capacity", file)
    assert sizes[-1]["containers"] == 25
    assert len(end.calls) == 2 * (1 + 2 + 3 + 4)
    # Each sends a second, and not the whole file.
    assert {len(call.audio) for call in end.calls} == {32_000}


def test_a_stream_that_fails_is_the_end(alone: Shell) -> None:
    at_once = threading.Semaphore(2)

    def script(call: Call) -> None:
        if not at_once.acquire(blocking=False):
            call.connection.close(1011, "no decoder")
            return
        try:
            saying("Hello.")(call)
        finally:
            at_once.release()

    with far_end(script) as end:
        words = ("capacity", f"127.0.0.1:{end.port}", *_QUICK)
        done = alone.run(*words)
        report = alone.json(*words)
    assert "sustains 2 streams at real time; with 3 it failed" in done.out
    assert "no decoder" in done.err
    assert [row["result"] for row in report["levels"]] == ["sustained"] * 2 + ["failed"]
    assert report["levels"][-1]["errors"]


def test_text_that_comes_late_is_the_end(alone: Shell) -> None:
    busy = threading.Lock()
    enough = threading.Event()

    def script(call: Call) -> None:
        call.hear_all()
        if busy.acquire(blocking=False):
            try:
                enough.wait(0.5)
                call.phrase("Hello.", 0, 0.5)
                call.end()
                return
            finally:
                busy.release()
        enough.wait(60)

    with far_end(script) as end:
        words = ("capacity", f"127.0.0.1:{end.port}", "--audio", SAMPLE)
        done = alone.run(*words, "--seconds", 1, "--behind", 0.1, code=1)
        enough.set()
    assert "fell behind" in done.out
    assert "does not sustain a single stream" in done.out


def test_audio_without_speech_proves_nothing(alone: Shell) -> None:
    with far_end(saying()) as end:
        done = alone.run("capacity", f"127.0.0.1:{end.port}", *_QUICK, code=1)
    assert "recognises no speech in it" in done.err


def test_nobody_there(alone: Shell, free_port: int) -> None:
    done = alone.run("capacity", f"127.0.0.1:{free_port}", *_QUICK, code=5)
    assert "Connection refused" in done.err


def test_a_file_that_is_no_audio(alone: Shell) -> None:
    empty = alone.folder / "empty.wav"
    empty.touch()
    done = alone.run("capacity", "127.0.0.1:9", "--audio", empty, code=2)
    assert f"{empty} is empty" in done.err


def test_interrupted_it_hangs_up_everywhere(alone: Shell) -> None:
    open_ = threading.Semaphore(0)
    left = threading.Semaphore(0)

    def script(call: Call) -> None:
        if call.connection.recv(timeout=60) and len(end.calls) == 1:
            saying("Hello.")(call)
            return
        open_.release()
        try:
            call.hear(10_000)
        finally:
            left.release()

    alone.before = ("env", "--default-signal=INT")
    with far_end(script) as end:
        process = alone.start("capacity", f"127.0.0.1:{end.port}", *_QUICK)
        with process:
            for _ in range(2):
                assert open_.acquire(timeout=60)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        for _ in range(2):
            assert left.acquire(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    # What was measured before is told.
    assert out.splitlines()[-1].split()[0] == "1"


def test_a_container_of_the_engine_tells_what_it_used(
    served_shell: Shell, served: Draft
) -> None:
    words = ("--audio", SAMPLE, "--max", 1, "--behind", 30)
    report = served_shell.json("capacity", served.name, *words)
    [row] = report["levels"]
    assert (row["streams"], row["result"]) == (1, "sustained")
    assert row["memory"] > 1 << 20
    assert 0 <= row["cpus"] < 64
