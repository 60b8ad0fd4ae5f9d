"""The lines of a key in a commented profile: its description, and its value below."""

from __future__ import annotations

import textwrap

from csctl.profile import key, scalar

_WIDTH = 88
_STEP = "  "


def described(path: str, more: str = "") -> str:
    """The description of a key, indented as the key is."""
    text = key.described(path)
    if more:
        text = f"{text.removesuffix('.')}: {more}."
    return wrapped(text, path.count("."))


def wrapped(text: str, depth: int) -> str:
    """Text as comment lines."""
    lead = f"{_STEP * depth}# "
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=lead,
        subsequent_indent=lead,
        break_on_hyphens=False,
    )
    return "".join(f"{line}\n" for line in lines)


def line(path: str, value: str) -> str:
    """A key with its value, or without one where the value is empty."""
    names = tuple(path.split("."))
    written = scalar.write(value, key.taken(key.kind_at(names))) if value else ""
    return f"{_STEP * (len(names) - 1)}{names[-1]}: {written}".rstrip(" ") + "\n"


def required(path: str, value: str) -> str:
    """A described key that is always there."""
    return described(path) + line(path, value)


def optional(path: str, value: str, example: str) -> str:
    """A described key, or where it has no value an example in a comment."""
    if value:
        return required(path, value)
    indent, name = _STEP * path.count("."), path.rpartition(".")[2]
    return described(path) + f"{indent}# {name}: {example}\n"
