"""`csctl transcribe`: what it prints, and how it fails."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from csctl import probe
from csctl.speech.audio import SAMPLE
from tests.cli.shell import Draft, Engine, Run, Shell
from tests.speech.far_end import Call, blunt, far_end, saying

_TWO = saying("Hello, world.", "How <are> you?")


@pytest.fixture
def alone(tmp_path: Path) -> Shell:
    """csctl where no Engine answers: an address needs none."""
    return Shell(tmp_path, "unix:///nonexistent", "alone-")


def test_phrases_are_lines(alone: Shell) -> None:
    with far_end(_TWO) as end:
        done = alone.run("transcribe", f"127.0.0.1:{end.port}", SAMPLE)
    assert done == Run(0, "Hello, world.\nHow <are> you?\n", "")


def test_json_tells_of_each_phrase(alone: Shell) -> None:
    with far_end(_TWO) as end:
        [row] = alone.json("transcribe", f"127.0.0.1:{end.port}", SAMPLE)
    assert row.pop("seconds") > 0
    assert row == {
        "file": str(SAMPLE),
        "text": "Hello, world. How <are> you?",
        "audio_seconds": 3.56,
        "phrases": [
            {"offset": 0, "duration": 1, "text": "Hello, world.", "confidence": 0.9},
            {"offset": 1, "duration": 1, "text": "How <are> you?", "confidence": 0.9},
        ],
    }


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            "srt",
            "1\n00:00:00,000 --> 00:00:01,000\nHello, world.\n\n"
            "2\n00:00:01,000 --> 00:00:02,000\nHow <are> you?\n\n",
        ),
        (
            "vtt",
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nHello, world.\n\n"
            "00:00:01.000 --> 00:00:02.000\nHow &lt;are&gt; you?\n\n",
        ),
    ],
)
def test_subtitles(form: str, expected: str, alone: Shell) -> None:
    with far_end(_TWO) as end:
        address = f"127.0.0.1:{end.port}"
        assert (
            alone.run("transcribe", address, SAMPLE, "--format", form).out == expected
        )
        done = alone.run(
            "transcribe", address, SAMPLE, SAMPLE, "--format", form, code=2
        )
    assert f"{form} tells of one file, and 2 are named" in done.err


def test_files_go_side_by_side_and_lines_tell_whose_they_are(alone: Shell) -> None:
    together = threading.Barrier(3)

    def script(call: Call) -> None:
        call.hear(1)
        together.wait(60)
        saying("Hello.")(call)

    copies = [alone.folder / f"{name}.wav" for name in "abc"]
    for copy in copies:
        copy.write_bytes(SAMPLE.read_bytes())
    with far_end(script) as end:
        address = f"127.0.0.1:{end.port}"
        done = alone.run("transcribe", address, *copies, "--parallel", 3)
        rows = alone.json("transcribe", address, *copies, "--parallel", 3)
    assert sorted(done.out.splitlines()) == [f"{copy}: Hello." for copy in copies]
    assert [row["file"] for row in rows] == list(map(str, copies))


def test_a_file_that_fails_ends_no_other(alone: Shell) -> None:
    empty, text = alone.folder / "empty.wav", alone.folder / "text.wav"
    empty.touch()
    text.write_text("no audio at all")
    files = (empty, text, alone.folder / "none.wav", SAMPLE)
    alone.environ["PATH"] = "/nonexistent"
    with far_end(_TWO) as end:
        words = ("transcribe", f"127.0.0.1:{end.port}", *files)
        done = alone.run(*words, code=2)
        rows = alone.json(*words, code=2)
    assert done.out == f"{SAMPLE}: Hello, world.\n{SAMPLE}: How <are> you?\n"
    for message in (
        f"{empty} is empty",
        f"{text} is no WAV file, and neither ffmpeg nor sox is installed",
        "none.wav cannot be read: No such file or directory",
    ):
        assert f"csctl: {message}\n  -> " in done.err.replace(
            f"{alone.folder}/none", "none"
        )
    assert [row.get("error") is None for row in rows] == [False, False, False, True]


def test_what_was_heard_before_a_cut_is_kept_and_the_exit_code_tells(
    alone: Shell,
) -> None:
    def script(call: Call) -> None:
        call.hear(10)
        call.phrase("Half a sentence.", 0, 0.5)
        call.connection.close(1011, "decoder failed")

    with far_end(script) as end:
        words = ("transcribe", f"127.0.0.1:{end.port}", SAMPLE)
        done = alone.run(*words, code=1)
        [row] = alone.json(*words, code=1)
    assert done.out == "Half a sentence.\n"
    assert f"{SAMPLE}: 127.0.0.1:{end.port} broke off" in done.err
    assert "close code 1011: decoder failed" in row["error"]
    assert row["text"] == "Half a sentence."


def test_a_container_that_stops_answering_has_its_time(alone: Shell) -> None:
    def script(call: Call) -> None:
        call.hear_all()
        call.hear(10_000)

    with far_end(script) as end:
        words = ("transcribe", f"127.0.0.1:{end.port}", SAMPLE, "--timeout", "500ms")
        done = alone.run(*words, code=1)
    assert "at 0.0 s of 3.6 s of audio" in done.err
    assert "--timeout gives it more time" in done.err


def test_a_server_that_speaks_no_websocket(alone: Shell) -> None:
    with blunt(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") as port:
        done = alone.run("transcribe", f"127.0.0.1:{port}", SAMPLE, code=1)
    assert "HTTP 200" in done.err


def test_a_wrong_locale_is_said_by_the_container_or_before(alone: Shell) -> None:
    with far_end(_TWO, refusal=400) as end:
        words = ("transcribe", f"127.0.0.1:{end.port}", SAMPLE, "--locale")
        refused = alone.run(*words, "xx-YY", code=1)
        assert alone.run(*words, "klingon", code=2).err.startswith(
            "csctl: 'klingon' is"
        )
    assert "refuses to recognise xx-YY: HTTP 400" in refused.err
    assert "name the locale of its model with --locale" in refused.err


@pytest.mark.parametrize("word", ["host:", "host:0", "host:99999", ":5000", "a b:1"])
def test_what_is_no_address(word: str, alone: Shell) -> None:
    assert (
        "is no address: write HOST:PORT"
        in alone.run("transcribe", word, SAMPLE, code=2).err
    )


def test_silence_is_no_failure(alone: Shell) -> None:
    with far_end(saying()) as end:
        done = alone.run("transcribe", f"127.0.0.1:{end.port}", SAMPLE)
    assert done == Run(0, "", f"{SAMPLE}: no speech was recognised in it\n")


def test_text_cannot_steer_the_terminal(alone: Shell) -> None:
    with far_end(saying("a\x1b[31mb\nc")) as end:
        done = alone.run("transcribe", f"127.0.0.1:{end.port}", SAMPLE)
    assert "\x1b" not in done.out
    assert done.out.count("\n") == 1


def test_on_a_terminal_a_hypothesis_shows_until_its_phrase_comes(alone: Shell) -> None:
    outer, inner = pty.openpty()
    with far_end(saying("Hello.")) as end:
        environ = alone.environment() | {"TERM": "xterm", "COLUMNS": "40"}
        done = subprocess.run(
            alone.command("transcribe", f"127.0.0.1:{end.port}", SAMPLE),
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=inner,
            text=True,
            timeout=120,
            check=True,
        )
    os.close(inner)
    shown = os.read(outer, 4096).decode()
    os.close(outer)
    assert done.stdout == "Hello.\n"
    assert shown == "\x1b[2m> hello.\x1b[0m\r\x1b[K"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_hangs_up(number: signal.Signals, alone: Shell) -> None:
    heard, left = threading.Event(), threading.Event()

    def script(call: Call) -> None:
        call.hear(2)
        heard.set()
        try:
            call.hear(10_000)
        finally:
            left.set()

    alone.before = ("env", "--default-signal=INT")
    with far_end(script) as end:
        address = f"127.0.0.1:{end.port}"
        process = alone.start("transcribe", address, SAMPLE, SAMPLE, "--real-time")
        with process:
            assert heard.wait(60)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        assert left.wait(60)
    assert process.returncode == 128 + number
    assert (out, "Traceback" in err) == ("", False)


def test_a_container_is_called_by_its_name(served_shell: Shell, served: Draft) -> None:
    by_name = served_shell.run("transcribe", served.name, SAMPLE)
    assert by_name.out == "This is a rehearsal, nothing was recognised.\n"
    by_address = served_shell.json("transcribe", served.address, SAMPLE)
    assert by_address[0]["text"] == by_name.out.strip()
    nobody = served_shell.run("transcribe", f"{served.name}x", SAMPLE, code=1)
    assert f"there is no container {served.name}x" in nobody.err


def test_a_foreign_container_is_heard_as_well(
    shell: Shell, engine: Engine, free_port: int
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    shell.run("stop", draft.name)
    like = engine.inspect(draft.name)
    name = f"{draft.name}-foreign"
    engine.run(
        name,
        *like["Args"],
        port=free_port,
        environment=engine.environment(draft.name),
        mounts={Path(one["Source"]): one["Destination"] for one in like["Mounts"]},
    )
    try:
        _wait_until_ready(free_port)
        assert shell.run("transcribe", name, SAMPLE).out
    finally:
        engine.remove(name)
    stopped = shell.run("transcribe", draft.name, SAMPLE, code=5)
    assert "only a running container that has a port" in stopped.err


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 60
    while not probe.is_ready(probe.Address("127.0.0.1", port)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
