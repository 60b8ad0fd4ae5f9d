"""A YAML value with its place in the file: what every key of a profile is read from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from csctl.errors import InvalidValue

_SHOWN = 60


class Position(NamedTuple):
    """A place in a file; both count from 1."""

    line: int
    column: int


class Broken:
    """Stands for a value whose fault is reported already."""


BROKEN: Final = Broken()

Value = str | int | float | date | list["Node"] | dict[str, "Node"] | Broken | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A scalar, a list or a mapping."""

    value: Value
    at: Position
    key_at: Position | None = None
    """Where the key that leads here stands; None for what is no mapping's value."""
    text: str = ""
    """A scalar as it is written, without its quotes."""
    plain: bool = False
    """Whether a scalar is written without quotes."""
    replaced: bool = False
    """Whether `value` is `text` with its variables replaced."""

    @property
    def place(self) -> Position:
        """Where a fault of it is shown: a list or mapping stands at its key."""
        if isinstance(self.value, list | dict) and self.key_at is not None:
            return self.key_at
        return self.at

    @property
    def shown(self) -> str:
        """A scalar as written, for a message: never what a variable held."""
        return shorten(self.text) if self.plain else repr(shorten(self.text))

    @property
    def kind(self) -> str:
        """What YAML took the value for, in words."""
        match self.value:
            case None:
                return "empty"
            case bool():
                return "a boolean"
            case int() | float():
                return "a number"
            case date():
                return "a date"
            case str():
                return "text"
            case list():
                return "a list"
            case _:
                return "a mapping"


def shorten(text: str) -> str:
    """Text cut to what fits into a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def mapping_of(node: Node, expected: str) -> dict[str, Node]:
    """The entries of a mapping. Raises InvalidValue."""
    if isinstance(node.value, dict):
        return node.value
    raise InvalidValue(f"is {node.kind}, where {expected} is wanted")
