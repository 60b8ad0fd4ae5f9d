"""The log: the four voices that share the container's one stream."""

from __future__ import annotations

import sys
import time
from typing import NoReturn


def script(text: str) -> None:
    """A line of the entry script: bare."""
    # One write per line, so that the lines of two threads never mix.
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tool(text: str) -> None:
    """A line of the download tool: `2020/10/30 21:54:20 [Info] ...`."""
    script(time.strftime("%Y/%m/%d %H:%M:%S ", time.gmtime()) + text)


def decoder(level: str, text: str) -> None:
    """A line of the decoder: `05-13-2020 08:22:48.377 SR 68 info ...`."""
    now = time.time()
    moment = time.strftime("%m-%d-%Y %H:%M:%S", time.gmtime(now))
    script(f"{moment}.{int(now * 1000) % 1000:03} SR 68 {level} {text}")


def host(level: str, category: str, text: str) -> None:
    """A message of the ASP.NET host: `warn: Category[0]` and an indented line."""
    script(f"{level}: {category}[0]\n      {text}")


def fatal(text: str) -> NoReturn:
    """The download tool's last words."""
    tool(f"[Fatal] {text}")
    raise SystemExit(1)


def crash(text: str) -> NoReturn:
    """The host's last words: an exception, and the entry script's note of its end."""
    script(f"Unhandled Exception: {text}")
    script("./run-host: line 75:    54 Aborted")
    raise SystemExit(134)
