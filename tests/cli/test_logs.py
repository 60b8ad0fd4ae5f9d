"""`csctl logs --reconnect`: what ends `logs -f` does not end it."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import IO

from tests.cli.shell import Engine, Shell

_SECONDS = 60


def _wait(path: Path, text: str, times: int = 1) -> None:
    end = time.monotonic() + _SECONDS
    while path.read_text().count(text) < times:
        assert time.monotonic() < end, path.read_text()
        time.sleep(0.05)


def _open(path: Path) -> IO[bytes]:
    return path.open("wb")


def test_a_log_goes_on_after_a_restart_and_after_a_replacement(
    shell: Shell, engine: Engine
) -> None:
    draft = shell.write(stocked=True)
    shell.apply(draft)
    out, err = shell.folder / "out", shell.folder / "err"
    serving = "Now listening on: http://0.0.0.0:5000"
    with _open(out) as stdout, _open(err) as stderr:
        following = subprocess.Popen(
            shell.command("logs", "--reconnect", draft.name),
            cwd=shell.folder,
            env=shell.environment(),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        try:
            _wait(out, serving)
            engine.restart(draft.name)
            _wait(err, "— restarted ")
            _wait(out, serving, times=2)
            draft.change(resources={"cpus": 1, "memory": "300m", "decoders": 2})
            shell.apply(draft)
            _wait(err, "— replaced by a new container ")
            _wait(out, serving, times=3)
            following.send_signal(signal.SIGINT)
            assert following.wait(timeout=_SECONDS) == 130
        finally:
            following.kill()
            following.wait()
    assert out.read_text().count(serving) == 3
    assert "—" not in out.read_text()


def test_a_container_that_is_absent_is_said_at_once(shell: Shell) -> None:
    done = shell.run("logs", "--reconnect", f"{shell.prefix}absent", code=1)
    assert "there is no container" in done.err
