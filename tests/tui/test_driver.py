"""The terminal that goes away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import pytest
from textual.drivers._writer_thread import WriterThread

from csctl.tui.driver import SteadyStream


@pytest.fixture
def gone() -> Iterator[TextIO]:
    """A terminal whose other end was closed."""
    master, slave = os.openpty()
    stream = os.fdopen(slave, "w")
    os.close(master)
    yield stream
    with suppress(OSError):
        stream.close()


def test_what_a_lost_terminal_does_not_take_is_dropped(gone: TextIO) -> None:
    with pytest.raises(OSError, match="Input/output error"):
        print("x", file=gone, flush=True)
    steady = SteadyStream(gone)
    assert steady.write("x" * 100_000) == 100_000
    steady.flush()
    assert steady.fileno() == gone.fileno()


def test_textuals_writer_goes_on_taking_what_is_written(gone: TextIO) -> None:
    writer = WriterThread(SteadyStream(gone))  # type: ignore[arg-type]
    writer.start()
    for _ in range(200):
        writer.write("x" * 1000)
    writer.stop()
    assert not writer.is_alive()
