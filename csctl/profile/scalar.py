"""A value as YAML text that is read back as that value.

How it may be written is not worked out but tried: a form counts if the profile's own
reader, and Python's stricter one, take it for what was meant.
"""

from __future__ import annotations

import re
from typing import Final

import yaml

from csctl.profile import document

PLAIN: Final = ""
BLOCK: Final = "k: {}\n"
FLOW: Final = "{k: {}}"
_NEVER_PLAIN = ("=", "<<")
"""Words of YAML 1.1 that not every reader takes for text."""
_SPECIAL = re.compile(r'["\\]|[^\x20-\x7e]')


def write(
    value: str, takes: tuple[type, ...], *, style: str = PLAIN, inside: str = BLOCK
) -> str:
    """The value in that style, or else in the next one that fits.

    `takes` are the types for which YAML may take it, besides text.
    """
    for candidate in (style, PLAIN):
        written = _quote(value, candidate)
        if _reads_back(written, value, takes, inside):
            return written
    return _double(value)


def write_name(name: str, *, style: str = PLAIN) -> str:
    """The name of a key."""
    for candidate in (style, PLAIN):
        written = _quote(name, candidate)
        text = f"{{{written}: v}}"
        nodes, problems = document.read(text, "")
        if problems or not _every_reader_finds(text, name, "v"):
            continue
        if isinstance(found := nodes[0].value, dict):
            node = found.get(name)
            if len(found) == 1 and node is not None and node.value == "v":
                return written
    return _double(name)


def _quote(value: str, style: str) -> str:
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    plain = style == PLAIN and value not in _NEVER_PLAIN
    return value if plain else _double(value)


def _double(value: str) -> str:
    return f'"{_SPECIAL.sub(_escape, value)}"'


def _escape(match: re.Match[str]) -> str:
    sign = match[0]
    if "\ud800" <= sign <= "\udfff":
        return sign  # No text at all: the reader says so, and where.
    if sign.isprintable():
        return f"\\{sign}" if sign in '"\\' else sign
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    width, letter = (4, "u") if ord(sign) < 0x10000 else (8, "U")
    return named.get(sign, f"\\{letter}{ord(sign):0{width}X}")


def _reads_back(written: str, value: str, takes: tuple[type, ...], inside: str) -> bool:
    text = inside.replace("{}", written)
    nodes, problems = document.read(text, "")
    if problems or len(nodes) != 1 or not isinstance(nodes[0].value, dict):
        return False
    node = nodes[0].value.get("k")
    if node is None or len(nodes[0].value) != 1 or node.text != value:
        return False
    return type(node.value) in (str, *takes) and _every_reader_finds(text, "k", value)


def _every_reader_finds(text: str, *scalars: str) -> bool:
    """Whether Python's reader, too, finds these: in braces it takes no plain `a?`."""
    try:
        events = yaml.parse(text, Loader=yaml.SafeLoader)
        found = [one.value for one in events if isinstance(one, yaml.ScalarEvent)]
    except yaml.YAMLError:
        return False
    return found == list(scalars)
