"""The csctl that works for a host: the one over there, or one here with its Engine.

Each party of profiles is a process of csctl with its own words, its own profiles on
stdin, its own exit code: nothing of what csctl decides is known here. OpenSSH is the
library: its configuration, keys, agent and known hosts count. What it has to say is
translated here and nowhere else.
"""

from __future__ import annotations

import os
import selectors
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import csctl
from csctl.contract.dialects import printable
from csctl.engine.connection import host_of_context
from csctl.errors import CsctlError, EngineUnavailable, UsageError
from csctl.lifecycle.events import Event, Note, Transfer, Waiting
from csctl.profile.host import Host

Text = bytes | memoryview
"""What csctl reads on stdin; a view of a mapped file holds none of it in memory."""
_TICK_SECONDS = 0.5
_CHUNK = 1 << 16
# Below the time that `side_by_side` gives its jobs to end.
_FAREWELL_SECONDS = 25.0
# For what only looks: nothing is left half-made where it is cut off.
_SHORT_FAREWELL_SECONDS = 1.0
_SSH = (
    "ssh",
    *("-T", "-o", "BatchMode=yes"),
    *("-o", "ConnectTimeout=15"),
    *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"),
    # A connection that is shared already is used. A new one to be shared would stay in
    # the background with our stderr open.
    *("-o", "ControlMaster=no"),
)
_LEASH = "--leash"
_SSH_FAILED = 255
_NO_PROGRAM = (126, 127)
_USAGE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How csctl ended for a host, and what it wrote to stdout."""

    code: int
    out: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line that csctl wrote: data, or aside of it to stderr."""

    text: str
    aside: bool


def ask(
    host: Host | None, words: Sequence[str], text: Text, environ: Mapping[str, str]
) -> Generator[Event, None, Answer]:
    """Run csctl for a host, with what it reads on stdin; its stderr line by line.

    None is this host. It runs as long as its stdin is open, so whatever ends us ends
    it. Raises CsctlError: EngineUnavailable where ssh does not get there, UsageError
    where csctl is missing.
    """
    host = reached(host)
    argv = command(host, words, len(text))
    with tempfile.TemporaryFile() as out:
        with _started(argv, out, environ) as process:
            last = yield from _told(process, text, str(host or "this host"))
        if (fault := _fault(host, process.returncode, last)) is not None:
            raise fault
        if last:
            yield Note(text=last)
        out.seek(0)
        return Answer(
            code=process.returncode, out=out.read().decode(errors="backslashreplace")
        )


def listen(
    host: Host, words: Sequence[str], environ: Mapping[str, str]
) -> Generator[list[Line], None, None]:
    """Run csctl for a host, and yield what it writes in handfuls, as it comes.

    A handful is empty where nothing came for a moment; it may be closed at any. Raises
    as `ask` does.
    """
    far = reached(host)
    argv = command(far, words, 0)
    kept: list[Line] = []
    with _started(argv, subprocess.PIPE, environ, _SHORT_FAREWELL_SECONDS) as process:
        for lines, _ in _heard(process, b""):
            if kept:
                yield kept
            # As in `_told`: it may be ssh's last word.
            kept = lines[-1:] if lines and lines[-1].aside else []
            yield lines[: len(lines) - len(kept)]
        process.wait()
    last = kept[0].text if kept else ""
    if (fault := _fault(far, process.returncode, last)) is not None:
        raise fault
    if kept:
        yield kept


def command(host: Host | None, words: Sequence[str], size: int) -> list[str]:
    """The words of the process, with so many bytes on its stdin."""
    leash = [_LEASH, csctl.__version__, str(size)]
    # Not the modules that lie where csctl was started.
    here = [sys.executable, "-P", "-m", "csctl", *leash]
    if host is None:
        return [*here, *words]
    match host.way:
        case "ssh":
            return [*_SSH, "--", host.text, shlex.join(["csctl", *leash, *words])]
        case "tcp":
            return [*here, "--host", host.text, *words]
        case "context":
            return [*here, "--context", host.text, *words]


def reached(host: Host | None) -> Host | None:
    """A context that leads over ssh is a host with ssh. Raises CsctlError."""
    if host is not None and host.way == "context":
        url = host_of_context(host.text)
        if url.startswith("ssh://"):
            return Host.parse(url)
    return host


@contextmanager
def _started(
    argv: Sequence[str],
    out: IO[bytes] | int,
    environ: Mapping[str, str],
    farewell: float = _FAREWELL_SECONDS,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has ended, one way or another, when the block is left."""
    try:
        process = subprocess.Popen(
            argv,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.PIPE,
            env=dict(environ),
            # Ctrl-C is ours: ssh would end of it, and leave us without the far end.
            start_new_session=True,
        )
    except OSError as exc:
        raise UsageError(
            f"{argv[0]} cannot be run: {exc.strerror}",
            remedy="install the OpenSSH client",
        ) from exc
    with process:
        try:
            yield process
        finally:
            _end(process, farewell)


def _end(process: subprocess.Popen[bytes], farewell: float) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(farewell)
    except subprocess.TimeoutExpired:
        pass
    finally:
        process.kill()


def _told(
    process: subprocess.Popen[bytes], text: Text, host: str
) -> Generator[Event, None, str]:
    """Give a process its text, and pass its lines on; the last one where it ends on it.

    A line is kept back for a moment, as ssh's own last word is better told as an error.
    """
    began = time.monotonic()
    kept = ""
    for lines, left in _heard(process, text):
        for line in lines:
            if kept:
                yield Note(text=kept)
            kept = line.text
        if lines:
            continue
        if kept:
            yield Note(text=kept)
            kept = ""
        if left:
            total = len(text)
            yield Transfer(what=f"to {host}", done=total - left, total=total)
        else:
            what, seconds = f"csctl on {host}", time.monotonic() - began
            yield Waiting(what=what, seconds=seconds, phase="running", line="")
    process.wait()
    return kept


def _heard(
    process: subprocess.Popen[bytes], text: Text
) -> Iterator[tuple[list[Line], int]]:
    """Feed it its text, and yield its lines as they come; none now and then meanwhile.

    With them, how many bytes of the text are still to be told.
    """
    stdin = process.stdin
    assert stdin is not None
    os.set_blocking(stdin.fileno(), False)
    outputs = filter(None, (process.stdout, process.stderr))
    rests: dict[IO[bytes], bytes | None] = dict.fromkeys(outputs, b"")
    told_at = time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(stdin, selectors.EVENT_WRITE)
        for one in rests:
            selector.register(one, selectors.EVENT_READ)
        while rests:
            ready = [key.fileobj for key, _ in selector.select(_TICK_SECONDS)]
            if stdin in ready and not (text := _fed(stdin, text)):
                selector.unregister(stdin)
            told: list[Line] = []
            for one in rests.keys() & ready:
                lines, rests[one] = _read(one, rests[one])
                told += (Line(line, one is process.stderr) for line in lines)
                if rests[one] is None:
                    del rests[one]
                    selector.unregister(one)
            if told or not ready or time.monotonic() - told_at >= _TICK_SECONDS:
                told_at = time.monotonic()
                yield told, len(text)
            # Whoever else holds its stderr open is not waited for.
            if not ready and process.poll() is not None:
                break
    for one, rest in rests.items():
        if rest:
            yield [Line(_plain(rest), one is process.stderr)], len(text)


def _read(stream: IO[bytes], rest: bytes | None) -> tuple[list[str], bytes | None]:
    """The lines that are there, after what is left of the last one; None at the end."""
    data, rest = os.read(stream.fileno(), _CHUNK), rest or b""
    if not data:
        return [_plain(rest)] if rest else [], None
    *whole, rest = (rest + data).split(b"\n")
    return list(map(_plain, whole)), rest


def _plain(line: bytes) -> str:
    return printable(line.decode(errors="replace").rstrip())


def _fed(stdin: IO[bytes], text: Text) -> Text:
    """Write what fits now; what is left. A process that has ended needs no more.

    Raises CsctlError where a file that is told can no longer be read.
    """
    try:
        return text[os.write(stdin.fileno(), text[:_CHUNK]) :] if text else b""
    except BlockingIOError:
        return text
    except BrokenPipeError:
        return b""
    except OSError as exc:
        raise CsctlError(
            f"what is to be sent cannot be read: {exc.strerror}",
            remedy="check the disk that the file lies on; let nobody change the file",
        ) from exc


def _fault(host: Host | None, code: int, last: str) -> CsctlError | None:
    """Why csctl did not answer, where its exit code or ssh's tells that."""
    if code < 0:
        place = host or "this host"
        return CsctlError(f"{place}: csctl was ended by signal {-code}")
    if host is None or host.way != "ssh":
        return None
    by_hand = f"try it: ssh {host} csctl --version"
    if code == _SSH_FAILED:
        return EngineUnavailable(
            f"{host} is not reached: {last or 'the connection ended'}", remedy=by_hand
        )
    if code in _NO_PROGRAM:
        return UsageError(
            f"{host}: csctl cannot be run there: {last}",
            remedy=f"install csctl {csctl.__version__} there, on the PATH that ssh has;"
            f" {by_hand}",
        )
    if code == _USAGE and _LEASH in last:
        return UsageError(
            f"{host}: its csctl is older, and cannot be asked from another host",
            remedy=f"install csctl {csctl.__version__} there",
        )
    return None
