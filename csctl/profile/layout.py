"""The lines of YAML text: where a key may be added, and what goes with one.

Only positions and characters; what is written there is for `csctl.profile.edit`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from csctl.profile.node import Position
from csctl.profile.span import Entry, Keys, Part, nested

_STEP = 2
_BREAKS = "\n\r\u2028\u2029"
_BREAK = re.compile(rf"\r\n|[{_BREAKS}]")
_QUIET = re.compile(rf"[ \t]*(?:#[^{_BREAKS}]*)?(?:\r\n|[{_BREAKS}]|\Z)")
"""A line that is empty or a comment."""


def position(text: str, index: int) -> Position:
    """The line and the column of an index."""
    line = len(_BREAK.findall(text, 0, index)) + 1
    return Position(line, column(text, index) + 1)


def column(text: str, index: int) -> int:
    """How many characters stand before an index on its line."""
    return index - _line_start(text, index)


def step(text: str, root: Keys) -> int:
    """By how much the sections of a document are indented."""
    for keys in nested(root):
        for entry in keys.entries:
            if isinstance(entry.value, Keys) and not entry.value.flow:
                inner = column(text, entry.value.start)
                return inner - column(text, entry.key.start)
    return _STEP


def put(text: str, entry: Entry, written: str) -> str:
    """The text with the value of an entry replaced."""
    start, end = entry.value.start, entry.value.end
    if start == end:
        written = f" {written}" if text[start - 1] == ":" else f": {written}"
    return text[:start] + written + text[end:]


def insert(text: str, at: int, lines: Sequence[str]) -> str:
    """The text with more lines, at the start of a line or at the end of all."""
    found = _BREAK.search(text)
    line_end = found[0] if found else "\n"
    if column(text, at):
        new = "".join(line_end + line for line in lines)
    else:
        new = "".join(line + line_end for line in lines)
    return text[:at] + new + text[at:]


def place(text: str, section: Part, since: int, indent: int, name: str) -> int:
    """Where a key is added to a section, the lines of which follow the index `since`.

    Below the comment that shows the key, if there is one; otherwise below the last key.
    """
    last = _behind(text, section.end)
    end = last
    while end < len(text) and (quiet := _QUIET.match(text, end)):
        end = quiet.end()
    shown = re.compile(rf"(?<=[{_BREAKS}]) {{{indent}}}# ?{re.escape(name)}:(?!\S)")
    match = shown.search(text, _next_line(text, since), end)
    if match is None:
        return last
    at = _next_line(text, match.end())
    more = re.compile(rf" {{{indent}}}#  ")
    while more.match(text, at):
        at = _next_line(text, at)
    return at


def line_before(text: str, index: int) -> str:
    """The line break and the indentation before what is first on its line, if it is."""
    start = _line_start(text, index)
    if start == 0 or text[start:index].strip(" \t"):
        return ""
    before = start - (2 if text[:start].endswith("\r\n") else 1)
    return text[before:index]


def cut_lines(
    text: str, entries: Sequence[Entry], index: int
) -> tuple[int, int] | None:
    """The lines of an entry; None where they hold more than it."""
    entry = entries[index]
    start = _line_start(text, entry.key.start)
    if text[start : entry.key.start].strip(" "):
        return None
    return start, _behind(text, entry.value.end)


def cut_inline(
    text: str, entries: Sequence[Entry], index: int
) -> tuple[int, int] | None:
    """An entry in braces with its comma; None where a comment stands between."""
    entry = entries[index]
    start, end = entry.key.start, entry.value.end
    between = ""
    if index > 0:
        start = entries[index - 1].value.end
        between = text[start : entry.key.start]
    elif len(entries) > 1:
        end = entries[1].key.start
        between = text[entry.value.end : end]
    return None if "#" in between else (start, end)


def _line_start(text: str, index: int) -> int:
    return max(text.rfind(sign, 0, index) for sign in _BREAKS) + 1


def _next_line(text: str, index: int) -> int:
    found = _BREAK.search(text, index)
    return found.end() if found else len(text)


def _behind(text: str, end: int) -> int:
    """The start of the line behind a value; a block of lines ends there itself."""
    return end if text[end - 1] in _BREAKS else _next_line(text, end)
