"""What a scalar key takes: text of some form, a number, a date, a path.

A scalar is taken as YAML reads it: `3.12` and `no` are never text unless quoted. One
with replaced variables serves as a number too, quoted or not: braces have to be quoted
inside `{...}`.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from csctl.errors import InvalidReference, InvalidValue
from csctl.profile.node import Node
from csctl.profile.reading import Reading

VARIABLE: Final = {"$ref": "#/$defs/variable"}
_TEXT_LIMIT = 4096
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Text that a function reads, which raises InvalidValue or InvalidReference."""

    expected: str
    """What is wanted, such as `a locale such as en-US`."""
    parse: Callable[[str], object] = str
    pattern: str | None = None
    """For the schema only; the function decides."""
    takes: tuple[type, ...] = (str,)
    """`int` beside `str` takes a whole number as the text that is written."""

    def read(self, node: Node, _path: str, _reading: Reading) -> object:
        text = _text(node, self.takes, self.expected, node.shown)
        try:
            return self.parse(text)
        except (InvalidValue, InvalidReference) as exc:
            if not node.replaced:
                raise
            # A message quotes the file, never what a variable held: it may be a key.
            raise InvalidValue(f"{node.shown} does not give {self.expected}") from exc

    def schema(self) -> dict[str, Any]:
        text: dict[str, Any] = {"type": "string"}
        if self.pattern is not None:
            text["pattern"] = f"^(?:{self.pattern})$"
        choices = [text, VARIABLE] if self.pattern else [text]
        if int in self.takes:
            choices.append({"type": "integer"})
        return choices[0] if len(choices) == 1 else {"anyOf": choices}


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenText:
    """Text that may be a secret: messages about it never quote it.

    A whole number is taken as the text that is written.
    """

    expected: str = "text"
    parse: Callable[[str], object] = str

    def read(self, node: Node, _path: str, _reading: Reading) -> object:
        return self.parse(_text(node, (str, int), self.expected, "this"))

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "integer"]}


def _text(node: Node, takes: tuple[type, ...], expected: str, shown: str) -> str:
    match node.value:
        case str() as text:
            pass
        case int() if int in takes and not isinstance(node.value, bool):
            text = node.text
        case bool() | int() | float() | date():
            raise InvalidValue(f"{shown} is read as {node.kind}, not as text: quote it")
        case _:
            raise InvalidValue(f"is {node.kind}, where {expected} is wanted")
    if len(text) > _TEXT_LIMIT:
        raise InvalidValue(f"is {len(text)} characters long; {_TEXT_LIMIT} are allowed")
    return text


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, node: Node, _path: str, _reading: Reading) -> str:
        expected = f"one of {', '.join(self.words)}"
        text = _text(node, (str,), expected, node.shown)
        if text not in self.words:
            raise InvalidValue(f"{node.shown} is not {expected}")
        return text

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(self.words)}, VARIABLE]}


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    def read(self, node: Node, _path: str, _reading: Reading) -> bool:
        if not isinstance(node.value, bool):
            raise InvalidValue(f"{node.shown} is neither true nor false")
        return node.value

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    least: int
    most: int | None = None

    def read(self, node: Node, _path: str, _reading: Reading) -> int:
        number = _number(node)
        if not isinstance(number, int) or number < self.least:
            raise InvalidValue(
                f"{node.shown} is {_taken_for(node)}, where a whole number of at least"
                f" {self.least} is wanted"
            )
        if self.most is not None and number > self.most:
            raise InvalidValue(f"{node.shown} is more than the most, {self.most}")
        return number

    def schema(self) -> dict[str, Any]:
        bounds = {"minimum": self.least}
        if self.most is not None:
            bounds["maximum"] = self.most
        return {"anyOf": [{"type": "integer", **bounds}, VARIABLE]}


@dataclass(frozen=True, slots=True)
class Number:
    """A number, with or without a fraction."""

    least: float

    def read(self, node: Node, _path: str, _reading: Reading) -> float:
        number = _number(node)
        if number is None or not (math.isfinite(number) and number >= self.least):
            raise InvalidValue(
                f"{node.shown} is {_taken_for(node)}, where a number of at least"
                f" {self.least:g} is wanted"
            )
        return float(number)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "number", "minimum": self.least}, VARIABLE]}


def _number(node: Node) -> int | float | None:
    value = node.value
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if not node.replaced or _NUMBER.fullmatch(str(value)) is None:
        return None
    return float(str(value)) if "." in str(value) else int(str(value))


def _taken_for(node: Node) -> str:
    return node.kind if _number(node) is None else "another number"


@dataclass(frozen=True, slots=True)
class Day:
    """An ISO date, quoted or not."""

    def read(self, node: Node, _path: str, _reading: Reading) -> date:
        value = node.value
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            raise InvalidValue(f"{node.shown} is no date such as 2027-01-31") from None

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "format": "date"}, VARIABLE]}


@dataclass(frozen=True, slots=True)
class Folder:
    """A path; a relative one starts at the profile's folder, `~` is the home."""

    def read(self, node: Node, _path: str, reading: Reading) -> Path:
        text = _text(node, (str,), "a path", node.shown)
        return absolute(text, reading)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


@dataclass(frozen=True, slots=True)
class FileOr:
    """A path as `Folder` takes it, or one word; `./word` is a file of that name."""

    word: str

    def read(self, node: Node, path: str, reading: Reading) -> Path | str:
        if node.value == self.word:
            return self.word
        return Folder().read(node, path, reading)

    def schema(self) -> dict[str, Any]:
        return Folder().schema()


def absolute(text: str, reading: Reading) -> Path:
    """The absolute path of a path in a profile. Raises InvalidValue."""
    if not text or not text.isprintable():
        raise InvalidValue("a path is one line of printable characters")
    first, _, rest = text.partition("/")
    if not first.startswith("~"):
        if first and reading.base is None:
            raise InvalidValue(
                "a relative path has no meaning on another host: write it from / on"
            )
        return Path(os.path.normpath(Path(reading.base or "/", text)))
    if first != "~":
        raise InvalidValue("`~` is followed by a name: write the path itself")
    if not reading.home or not reading.home.startswith("/"):
        raise InvalidValue("~ has no meaning here, as HOME is not set")
    return Path(os.path.normpath(Path(reading.home, rest.lstrip("/"))))
