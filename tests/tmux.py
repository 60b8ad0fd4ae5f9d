"""A program in a tmux of its own: what a person would see, and keys to press."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_PAUSE = 0.01


class Pane:
    """One program on a screen of `columns` by `rows`; a context manager.

    The program inherits nothing but `environ`.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        *,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="csctl-tmux-", dir="/tmp")
        folder = Path(self._folder.name)
        self._socket = folder / "s"
        self._ended = folder / "ended"
        self._environ = {"LANG": "C.UTF-8", "TERM": "xterm-256color"} | dict(environ)
        # The screen's own size counts; pytest's workers have these.
        for name in ("COLUMNS", "LINES"):
            self._environ.pop(name, None)
        self._pid = folder / "pid"
        line = (
            f"echo $$ > {self._pid}; {shlex.join(argv)}; code=$?;"
            f" echo $code > {self._ended}.new; mv {self._ended}.new {self._ended};"
            " sleep 600"
        )
        self._tmux(
            "-f", os.devnull, "new-session", "-d", "-x", str(columns), "-y", str(rows),
            *(f"-e{name}={value}" for name, value in self._environ.items()),
            "sh", "-c", line,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.end()
        self._folder.cleanup()

    def end(self) -> None:
        """Take the terminal away, whatever runs in it."""
        self._tmux("kill-server", check=False)

    def end_and_wait(self, seconds: float = 30) -> None:
        """The same, and wait until the program is gone, too."""
        program, deadline = Path(f"/proc/{self.pid}"), time.monotonic() + seconds
        self.end()
        while program.exists():
            assert time.monotonic() < deadline, program
            time.sleep(_PAUSE)

    def _tmux(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-S", os.fspath(self._socket), *words],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], **self._environ},
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    @property
    def pid(self) -> int:
        """The program's process id."""
        shell = self._pid.read_text().strip()
        found = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return int(found[0])

    @property
    def exit_code(self) -> int | None:
        """How the program ended; None while it runs."""
        return int(self._ended.read_text()) if self._ended.exists() else None

    def text(self) -> str:
        """The screen."""
        return self._tmux("capture-pane", "-p")

    def styled(self) -> str:
        """The screen with the escape sequences that give it colours."""
        return self._tmux("capture-pane", "-pe")

    def press(self, *keys: str) -> None:
        """Press keys, in the words of tmux: `j`, `Enter`, `C-p`."""
        for key in keys:
            self._tmux("send-keys", key)

    def type(self, text: str) -> None:
        """Type text as it is."""
        self._tmux("send-keys", "-l", text)

    def resize(self, columns: int, rows: int) -> None:
        """Give the screen another size."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def wait_for(self, *texts: str, seconds: float = 30) -> str:
        """The screen, once it shows all of the texts."""
        return self._wait(lambda shown: all(text in shown for text in texts), seconds)

    def wait_until_gone(self, text: str, seconds: float = 30) -> str:
        """The screen, once it does not show the text any more."""
        return self._wait(lambda shown: text not in shown, seconds)

    def wait_for_end(self, seconds: float = 30) -> int:
        """The program's exit code."""
        deadline = time.monotonic() + seconds
        while (code := self.exit_code) is None:
            assert time.monotonic() < deadline, self.text()
            time.sleep(_PAUSE)
        return code

    def _wait(self, done: object, seconds: float) -> str:
        assert callable(done)
        deadline = time.monotonic() + seconds
        while not done(shown := self.text()):
            assert time.monotonic() < deadline, shown
            time.sleep(_PAUSE)
        return shown
