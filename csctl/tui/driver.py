"""The terminal, which may go away: csctl then still ends in order."""

from __future__ import annotations

import contextlib
import io
from typing import Any, TextIO

from textual.drivers.linux_driver import LinuxDriver


class SteadyStream(io.TextIOBase):
    """A stream that drops what cannot be written any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()


class SteadyDriver(LinuxDriver):
    """Textual's own driver, which without a terminal would wait for it for ever.

    Its thread that writes ends with the first error, and whoever writes more then
    waits for it. The signal that comes with the loss is what ends csctl.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self._file is not None:
            self._file = SteadyStream(self._file)  # type: ignore[assignment]

    def run_input_thread(self) -> None:
        with contextlib.suppress(OSError):
            super().run_input_thread()
