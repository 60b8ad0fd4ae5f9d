"""csctl for a host: which process it is, and what becomes of its end."""

from __future__ import annotations

import mmap
import os
import shlex
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import pytest

import csctl
from csctl.errors import CsctlError, EngineUnavailable, UsageError
from csctl.lifecycle.events import Event, Note, Transfer
from csctl.lifecycle.far import Answer, Text, ask, command
from csctl.profile.host import Host

Result = TypeVar("Result")
SSH = Host.parse("ssh://op@stt1:2222")
WORDS = ["apply", "--timeout", "1 m; id", "-"]
LEASH = ["--leash", csctl.__version__, "7"]


@pytest.mark.parametrize(
    ("host", "after"),
    [
        (None, []),
        (Host.parse("tcp://stt1:2376"), ["--host", "tcp://stt1:2376"]),
        (Host.parse("stt1"), ["--context", "stt1"]),
    ],
    ids=str,
)
def test_without_ssh_it_is_csctl_here(host: Host | None, after: list[str]) -> None:
    argv = command(host, WORDS, 7)
    assert argv[argv.index("csctl") + 1 :] == [*LEASH, *after, *WORDS]


def test_over_ssh_the_words_come_to_its_shell_as_they_are() -> None:
    argv = command(SSH, WORDS, 7)
    assert argv[argv.index("--") + 1] == str(SSH)
    assert shlex.split(argv[-1]) == ["csctl", *LEASH, *WORDS]


def followed(work: Generator[Event, None, Result]) -> tuple[list[str], Result]:
    """What the notes say, and the result."""
    notes: list[str] = []
    while True:
        try:
            event = next(work)
        except StopIteration as stop:
            return notes, stop.value
        if isinstance(event, Note):
            notes.append(event.text)


def asked(folder: Path, script: str, text: Text = b"") -> tuple[list[str], Answer]:
    """What comes of a question where this script stands for ssh."""
    return followed(ask(SSH, ["plan", "-"], text, environ_with(folder, script)))


def environ_with(folder: Path, script: str) -> dict[str, str]:
    """Variables by which this script stands for ssh."""
    program = folder / "ssh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_lines_come_in_order_with_nothing_that_a_terminal_obeys(
    tmp_path: Path,
) -> None:
    script = r"printf 'one\n\033[31mtwo\r\nthree' >&2; echo '[]'; exit 6"
    notes, answer = asked(tmp_path, script)
    assert notes == ["one", "two", "three"]
    assert answer == Answer(code=6, out="[]\n")


def test_much_text_is_told_while_lines_come(tmp_path: Path) -> None:
    text = b"x" * (1 << 20)
    script = "seq 100000 >&2; head -c 1048576 | wc -c"
    notes, answer = asked(tmp_path, script, text)
    assert answer == Answer(code=0, out=f"{len(text)}\n")
    assert notes == [str(number) for number in range(1, 100_001)]


def test_what_is_long_to_tell_is_told_with_what_is_done(tmp_path: Path) -> None:
    (tmp_path / "ssh").write_text("#!/bin/sh\nsleep 2; head -c 1048576 >/dev/null\n")
    (tmp_path / "ssh").chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    events = list(ask(SSH, ["bundle", "load"], b"x" * (1 << 20), environ))
    [first, *_] = [one for one in events if isinstance(one, Transfer)]
    assert (first.what, first.total) == (f"to {SSH}", 1 << 20)
    assert 0 < first.done < 1 << 20


def test_a_file_that_is_cut_meanwhile_is_said(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * (1 << 20))
    with file.open("rb") as stream:
        view = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    os.truncate(file, 0)
    with pytest.raises(CsctlError, match="what is to be sent cannot be read"):
        asked(tmp_path, "cat >/dev/null", view)


def test_one_that_does_not_listen_is_no_fault(tmp_path: Path) -> None:
    notes, answer = asked(tmp_path, "exec <&-; exit 3", b"x" * (1 << 20))
    assert (notes, answer.code) == ([], 3)


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        (
            "echo first >&2; echo 'Host key verification failed.' >&2; exit 255",
            EngineUnavailable,
            f"{SSH} is not reached: Host key verification failed.",
        ),
        (
            "exit 255",
            EngineUnavailable,
            f"{SSH} is not reached: the connection ended",
        ),
        (
            "echo 'sh: 1: csctl: not found' >&2; exit 127",
            UsageError,
            f"{SSH}: csctl cannot be run there: sh: 1: csctl: not found",
        ),
        (
            "echo \"Error: No such option '--leash'.\" >&2; exit 2",
            UsageError,
            f"{SSH}: its csctl is older, and cannot be asked from another host",
        ),
        ("kill -9 $$", CsctlError, f"{SSH}: csctl was ended by signal 9"),
    ],
)
def test_what_ssh_says_is_an_error(
    tmp_path: Path, script: str, kind: type[CsctlError], message: str
) -> None:
    with pytest.raises(CsctlError) as caught:
        asked(tmp_path, script)
    assert type(caught.value) is kind
    assert caught.value.message == message


def test_without_an_ssh_client_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ssh cannot be run"):
        followed(ask(SSH, ["plan", "-"], b"", {"PATH": str(tmp_path)}))


def test_whoever_stops_listening_ends_it(tmp_path: Path) -> None:
    (tmp_path / "ssh").write_text(
        "#!/bin/sh\necho begun >&2\necho begun >&2\ncat >/dev/null\ntouch ended\n"
    )
    (tmp_path / "ssh").chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    work = ask(SSH, ["plan", "-"], b"text", environ)
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        assert next(work) == Note(text="begun")
        work.close()
    finally:
        os.chdir(before)
    assert (tmp_path / "ended").exists()
