"""Another host, as a profile names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from csctl.errors import InvalidValue

NAMELESS = "-"
"""What this host is called where profiles do not name it."""
Way = Literal["ssh", "tcp", "context"]

_NAME = r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_USER = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_PORT = r"(?P<port>[0-9]{1,5})"
_FORMS: tuple[tuple[Way, re.Pattern[str]], ...] = (
    ("ssh", re.compile(rf"ssh://(?:{_USER}@)?{_NAME}(?::{_PORT})?")),
    ("tcp", re.compile(rf"tcp://{_NAME}:{_PORT}")),
    ("context", re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]+")),
)


@dataclass(frozen=True, slots=True)
class Host:
    """A host that runs csctl (`ssh`), or one of which only the Engine is reached."""

    text: str
    """As it is written: an ssh or tcp URL, or the name of a docker context."""
    way: Way

    @classmethod
    def parse(cls, text: str) -> Host:
        """Read `ssh://USER@HOST:PORT`, `tcp://HOST:PORT` or a context's name.

        User and port of ssh may be left out: its configuration has its say. Raises
        InvalidValue, which never quotes the text: a password may stand in it.
        """
        for way, form in _FORMS:
            match = form.fullmatch(text)
            port = match and match.groupdict().get("port")
            if match and 0 < int(port or 22) < 65536:
                return cls(text, way)
        raise InvalidValue(
            "this is no host: write ssh://USER@HOST:PORT, tcp://HOST:PORT or the"
            " name of a docker context; leave the key out for this host"
        )

    def __str__(self) -> str:
        return self.text


def known_as(host: Host | None) -> str:
    """What profiles call a host, None being the one that they need not name."""
    return str(host) if host is not None else NAMELESS
