"""Ending csctl in the middle of its work, at a step that it tells of on stderr."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from signal import Signals

from tests.faults.site import Done, Site

STOPS = "the new container is created;"
"""The note in the middle of a replacement."""


@dataclass(frozen=True, slots=True)
class Moment:
    """So many seconds after the line that begins a step."""

    step: str
    seconds: float = 0.0

    def __str__(self) -> str:
        step = "old-one-stops" if self.step == STOPS else self.step
        return f"{step}+{self.seconds:g}"


def interrupt(site: Site, number: Signals, moment: Moment) -> Done:
    """Apply, and send a signal at some moment; fails where the step never came."""
    return _end(site.start("apply", "--yes", str(site.profile)), site, number, moment)


def interrupt_after(site: Site, number: Signals, seconds: float) -> Done:
    """Apply, and send a signal so many seconds after its start."""
    process = site.start("apply", "--yes", str(site.profile))
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    with process:
        out, err = process.communicate(timeout=60)
    return Done(process.returncode, out, err)


def _end(
    process: subprocess.Popen[str], site: Site, number: Signals, moment: Moment
) -> Done:
    seen = ""
    with process:
        assert process.stderr is not None
        while line := process.stderr.readline():
            seen += line
            if (
                line.startswith(f"{site.name}: {moment.step} ")
                and "done in" not in line
            ):
                break
        else:
            raise AssertionError(f"no step {moment.step}:\n{seen}")
        time.sleep(moment.seconds)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    return Done(process.returncode, out, seen + err)
