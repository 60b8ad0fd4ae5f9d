"""Where each part of YAML text stands, from its first character to its last.

For text that `csctl.profile.document` reads without problems. The marks of PyYAML's
own parser are used, which are the same in every build of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import yaml
from yaml.events import (
    CollectionEndEvent,
    CollectionStartEvent,
    MappingStartEvent,
    ScalarEvent,
)


@dataclass(slots=True, kw_only=True)
class Scalar:
    """A single value; one that is left empty starts where it ends."""

    start: int
    end: int
    style: str
    """`"`, `'`, `|`, `>`, or nothing for plain text."""
    text: str
    """What is written, without quotes."""

    @property
    def is_block(self) -> bool:
        """Whether it is written as lines of their own, below `|` or `>`."""
        return self.style in ("|", ">")


@dataclass(slots=True, kw_only=True)
class _Collection:
    start: int
    end: int
    """Of one in braces behind the brace, otherwise where the last part ends."""
    flow: bool
    """Whether it stands in braces or brackets."""
    parts: list[Part] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Items(_Collection):
    """A list."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """A key and its value."""

    key: Scalar
    value: Part


@dataclass(slots=True, kw_only=True)
class Keys(_Collection):
    """A mapping; its parts are keys and values in turn."""

    @property
    def entries(self) -> list[Entry]:
        """All keys with their values, in the order of the text."""
        pairs = zip(self.parts[::2], self.parts[1::2], strict=True)
        return [Entry(key=k, value=v) for k, v in pairs if isinstance(k, Scalar)]

    def find(self, name: str) -> Entry | None:
        """The entry of that name."""
        return next((entry for entry in self.entries if entry.key.text == name), None)


Part = Scalar | Items | Keys


def documents(text: str) -> list[Part]:
    """The documents of a text. Raises yaml.YAMLError."""
    roots: list[Part] = []
    levels: list[list[Part]] = [roots]
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        match event:
            case ScalarEvent():
                levels[-1].append(_scalar(event))
            case CollectionStartEvent():
                kind = Keys if isinstance(event, MappingStartEvent) else Items
                start = _index(event.start_mark)
                part = kind(start=start, end=start, flow=bool(event.flow_style))
                levels[-1].append(part)
                levels.append(part.parts)
            case CollectionEndEvent():
                _close(levels, _index(event.end_mark))
    return roots


class _Mark(Protocol):
    """Where the parser stands."""

    index: int


def _index(mark: _Mark | None) -> int:
    return 0 if mark is None else mark.index


def _scalar(event: ScalarEvent) -> Scalar:
    return Scalar(
        start=_index(event.start_mark),
        end=_index(event.end_mark),
        style=event.style or "",
        text=event.value,
    )


def _close(levels: list[list[Part]], end: int) -> None:
    parts = levels.pop()
    closed = levels[-1][-1]
    assert not isinstance(closed, Scalar)
    closed.end = end if closed.flow or not parts else parts[-1].end


def nested(part: Part) -> Iterator[Keys]:
    """The mappings inside a part, without those in lists."""
    waiting = [part]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Keys):
            yield part
            waiting += [entry.value for entry in reversed(part.entries)]
