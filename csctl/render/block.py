"""Plain values as YAML text with comments: the same values give the same bytes.

PyYAML writes no comments, and a person who decides something finds it where it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from csctl.profile import scalar

_STEP: Final = "  "
_SEQUENCE = (list, tuple)
_LITERAL = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?\n){2,}")
"""Several lines that are the same as a literal block."""
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./:@-]+")
"""Text that no reader, of whichever version of YAML, takes for a number."""


class Comment(str):
    """A key of a mapping that stands for a line of comment; its value is ignored."""

    __slots__ = ()


class Verbatim(str):
    """A value that is written as it is, such as an action of a template."""

    __slots__ = ()


def text(value: Mapping[Any, Any]) -> str:
    """A mapping as block YAML."""
    return "".join(f"{line}\n" for line in _mapping(value, ""))


def remark(*lines: str) -> dict[Any, Any]:
    """Lines of comment, to stand before other keys of a mapping."""
    return {Comment(line): None for line in lines}


def comment(lines: Sequence[str]) -> str:
    """Lines of comment at the left margin."""
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def _mapping(value: Mapping[Any, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        if isinstance(key, Comment):
            yield f"{indent}# {key}"
            continue
        head = f"{indent}{scalar.write_name(key, style=_style(key))}:"
        if isinstance(item, Mapping) and item:
            yield head
            yield from _mapping(item, indent + _STEP)
        elif isinstance(item, _SEQUENCE) and item:
            yield head
            yield from _sequence(item, indent + _STEP)
        else:
            yield from _leaf_lines(head, item, indent)


def _sequence(items: Sequence[Any], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Mapping) and item:
            # The dash takes the place of the first key's indent.
            lines = list(_mapping(item, indent + _STEP))
            first = next(i for i, line in enumerate(lines) if line.strip()[0] != "#")
            lines[first] = f"{indent}- {lines[first].lstrip()}"
            yield from lines
        elif isinstance(item, _SEQUENCE) and item:
            raise TypeError("a sequence in a sequence has no block form here")
        else:
            yield from _leaf_lines(f"{indent}-", item, indent)


def _leaf_lines(head: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, str) and _LITERAL.fullmatch(value):
        yield f"{head} |"
        yield from (f"{indent}{_STEP}{line}" for line in value.splitlines())
    else:
        yield f"{head} {_leaf(value)}"


def _leaf(value: Any) -> str:
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, str):
        return scalar.write(value, (), style=_style(value))
    # Numbers, booleans, null and what is empty are the same in JSON.
    return json.dumps(value)


def _style(value: str) -> str:
    return scalar.PLAIN if _PLAIN.fullmatch(value) else '"'
