"""Where a secret comes from, as a profile says it; no message quotes what is written.

A key may be written in the wrong place, so nothing here is safe to show.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from csctl.errors import InvalidValue
from csctl.profile.kind import HiddenText, absolute
from csctl.profile.node import BROKEN, Node
from csctl.profile.reading import Kind, Reading, below
from csctl.secret import FromCommand, FromEnvironment, FromFile

_FORMS: Final = "{env: NAME}, {file: path} or {command: [program, argument]}"
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY_LIKE = re.compile(r"[0-9A-Fa-f]{32}|[0-9A-Za-z]{64,}")


@dataclass(frozen=True, slots=True)
class SecretForm:
    """Where a secret comes from: a variable, a file or a command.

    `clear` reads text that needs no hiding; without it, text is refused. No message
    quotes anything that is written here, as it may be a key.
    """

    clear: HiddenText | None = None

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if not isinstance(node.value, dict):
            if self.clear is not None and not isinstance(node.value, list):
                return self.clear.read(node, path, reading)
            raise InvalidValue(f"a key is never written into a profile; use {_FORMS}")
        if len(node.value) != 1 or not node.value.keys() <= _SOURCES.keys():
            raise InvalidValue(f"write exactly one of {_FORMS}")
        [(form, child)] = node.value.items()
        # The variables are replaced here, so that no message quotes the value.
        return reading.read(_SOURCES[form], child, below(path, form))

    def schema(self) -> dict[str, Any]:
        secret = {"$ref": "#/$defs/secret"}
        return {"anyOf": [self.clear.schema(), secret]} if self.clear else secret


def _variable(text: str) -> FromEnvironment:
    if _KEY_LIKE.fullmatch(text):
        raise InvalidValue("this looks like a key, not like the name of a variable")
    if not _VARIABLE_NAME.fullmatch(text):
        raise InvalidValue("this is no name of an environment variable")
    return FromEnvironment(text)


class _SecretFile:
    def read(self, node: Node, path: str, reading: Reading) -> FromFile:
        text = HiddenText(expected="a path").read(node, path, reading)
        return FromFile(absolute(str(text), reading))

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


class _SecretCommand:
    """The words of a command; a program with a relative path starts at the folder."""

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if not isinstance(node.value, list) or not node.value:
            raise InvalidValue("write the command as a list of words")
        words = [
            reading.read(HiddenText(), item, f"{path}[{index}]")
            for index, item in enumerate(node.value)
        ]
        if BROKEN in words:
            return BROKEN
        program, *arguments = words
        if not program or "\0" in "".join(words):
            raise InvalidValue("the first word is the program to run")
        if "/" in program:
            program = str(absolute(program, reading))
        return FromCommand((program, *arguments))

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": HiddenText().schema(), "minItems": 1}


_SOURCES: Final[Mapping[str, Kind]] = {
    "env": HiddenText(expected="a variable's name", parse=_variable),
    "file": _SecretFile(),
    "command": _SecretCommand(),
}
SECRET_SCHEMA: Final = {
    "description": "Where the secret comes from; it is never written here itself.",
    "oneOf": [
        {
            "type": "object",
            "properties": {name: kind.schema()},
            "required": [name],
            "additionalProperties": False,
        }
        for name, kind in _SOURCES.items()
    ],
}
