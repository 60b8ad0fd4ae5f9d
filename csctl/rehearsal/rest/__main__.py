"""Runs the stand-in in the foreground: `python -m csctl.rehearsal.rest --port 5002`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from .application import Rehearsal
from .gate import KEY, InvalidFault
from .settings import InvalidKnob, Knobs


def main() -> int:
    """Say where it answers, on the first line of stdout, and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m csctl.rehearsal.rest")
    parser.add_argument("--port", type=int, default=0, help="0 is any free port")
    port = parser.parse_args().port
    try:
        rehearsal = Rehearsal(Knobs.read(os.environ), port)
    except (InvalidKnob, InvalidFault) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"port {port}: {error.strerror}\n")
        return 1
    sys.stdout.write(f"{rehearsal.api.url}\n")
    sys.stdout.flush()
    sys.stderr.write(
        f"The Speech to text REST API answers there; its key is: {KEY}\n"
        f"Files are at {rehearsal.blobs.url}. Ctrl-C ends it.\n"
    )
    signal.signal(signal.SIGTERM, _end)
    try:
        rehearsal.run()
    except KeyboardInterrupt:
        return 130
    return 0


def _end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
