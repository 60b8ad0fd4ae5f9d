"""The log of a container on another host, followed by csctl over there."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing

from csctl.container.log_line import LogLine
from csctl.errors import CsctlError, EngineUnavailable
from csctl.lifecycle import far
from csctl.lifecycle.follow import Entry, Mark
from csctl.profile.host import Host

_PAUSE = 3.0
"""Seconds until a host that was lost is tried again."""
_MARK = "— "


def follow(
    host: Host,
    name: str,
    environ: Mapping[str, str],
    stop: threading.Event,
    *,
    tail: int,
) -> Iterator[list[Entry]]:
    """Yield handfuls of lines without stamps, and marks, until `stop`.

    It goes on when the connection was lost. Raises CsctlError where csctl there has
    nothing to follow, or is not there.
    """
    bounds, lost, came = ["--tail", str(tail)], False, time.monotonic()
    while not stop.is_set():
        words = ["logs", "--reconnect", *bounds, "--", name]
        try:
            with closing(far.listen(host, words, environ)) as lines:
                for some in lines:
                    if stop.is_set():
                        return
                    if not some:
                        continue
                    if lost:
                        yield [Mark(f"{host} answers again")]
                    lost, came = False, time.monotonic()
                    yield [_entry(one) for one in some]
        except EngineUnavailable as error:
            if not lost:
                yield [Mark(error.message)]
            lost = True
            stop.wait(_PAUSE)
            since = math.ceil(time.monotonic() - came)
            bounds = ["--since", f"{since}s"]
        else:
            raise CsctlError(
                f"{host}: csctl tells nothing more of {name}",
                remedy="see its last line, and open the log again",
            )


def whole(host: Host, name: str, environ: Mapping[str, str]) -> Iterator[str]:
    """All that there is of a log over there. Raises CsctlError."""
    with closing(far.listen(host, ["logs", "--", name], environ)) as lines:
        for some in lines:
            yield from (one.text for one in some if not one.aside)


def _entry(line: far.Line) -> Entry:
    if not line.aside:
        return LogLine("", line.text)
    return Mark(line.text.removeprefix(_MARK).removesuffix(_MARK[::-1]))
