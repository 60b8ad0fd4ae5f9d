"""Text of systemd units: sections, keys, and words that nothing is replaced in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_PLAIN = re.compile(r"[A-Za-z0-9_./:=@,+-]+")
Lines = Sequence[tuple[str, str]]


def text(head: Iterable[str], sections: Iterable[tuple[str, Lines]]) -> str:
    """A unit: lines of comment, then sections; an empty key is a line of comment."""
    lines = [f"# {line}".rstrip() for line in head]
    for name, keys in sections:
        lines += ["", f"[{name}]"]
        lines += [f"{key}={value}" if key else f"# {value}" for key, value in keys]
    return "\n".join(lines) + "\n"


def word(value: str) -> str:
    """One word of a command line, without specifiers and variables."""
    literal = escape(value).replace("$", "$$")
    return literal if _PLAIN.fullmatch(literal) else quoted(literal)


def escape(value: str) -> str:
    """Text without specifiers."""
    return value.replace("%", "%%")


def quoted(value: str) -> str:
    """Text in quotes, as systemd reads them."""
    inside = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + inside.replace("\n", "\\n") + '"'


def continued(words: Iterable[str]) -> str:
    """Words with a line for each."""
    return " \\\n    ".join(words)
