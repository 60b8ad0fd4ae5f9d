"""What a key with fixed keys of its own takes: a section, which is a struct.

Each field of a struct that is a key carries a `Key` beside its type; reading, the
checks and the JSON Schema all come from that one place.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec

from csctl.profile.node import BROKEN, Broken, Node, mapping_of
from csctl.profile.reading import Kind, Reading, below
from csctl.size import format_duration

_CLOSE = 0.6
_NAME_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Key:
    """What stands beside the type of a field that is a key of the profile."""

    kind: Kind
    description: str


Fault = tuple[str, str]
"""The path of a fault, below the section that holds it, and its message."""


class Struct(msgspec.Struct, frozen=True, kw_only=True):
    """A section of a profile: one field per key, described by its `Key`."""

    @classmethod
    def faults(cls, _written: Mapping[str, Any]) -> Iterator[Fault]:
        """What is wrong with the keys that are written, beyond each one's own value.

        A key whose own value is refused has the value BROKEN.
        """
        return iter(())


S = TypeVar("S", bound=Struct)


@dataclass(frozen=True, slots=True)
class Section(Generic[S]):
    """A mapping with fixed keys. A key without a value counts as not written."""

    struct: type[S]
    more: Mapping[str, object] = field(default_factory=dict, hash=False)
    """Fields of the struct that are no keys of the file."""

    def read(self, node: Node, path: str, reading: Reading) -> S | Broken:
        children = mapping_of(node, "a mapping with keys of its own")
        before = len(reading.problems)
        self._report_unknown(children, path, reading)
        written: dict[str, Any] = {}
        for name, (key, required) in self._keys.items():
            child = children.get(name)
            if child is not None and child.value is not None:
                written[name] = reading.read(key.kind, child, below(path, name))
            elif required:
                reading.report(node.place, below(path, name), "required")
        for where, message in self.struct.faults(written):
            full = below(path, where) if where else path
            reading.report(reading.place_of(full) or node.place, full, message)
        if len(reading.problems) > before or BROKEN in written.values():
            return BROKEN
        return self.struct(**written, **self.more)

    def _report_unknown(
        self, children: Mapping[str, Node], path: str, reading: Reading
    ) -> None:
        for name, child in children.items():
            if reading.full:
                return
            if name not in self._keys:
                message = "unknown key" + _near_miss(name, self._keys)
                at = child.key_at or child.at
                reading.report(at, below(path, name), message)

    @property
    def _keys(self) -> Mapping[str, tuple[Key, bool]]:
        return _keys_of(self.struct)

    def schema(self) -> dict[str, Any]:
        defaults = {f.name: f.default for f in msgspec.structs.fields(self.struct)}
        properties = {}
        for name, (key, _) in self._keys.items():
            default = _default(defaults[name])
            properties[name] = {
                "description": key.description,
                **key.kind.schema(),
                **({} if default is None else {"default": default}),
            }
        required = [name for name, (_, required) in self._keys.items() if required]
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            **({"required": required} if required else {}),
        }


@cache
def _keys_of(struct: type[Struct]) -> Mapping[str, tuple[Key, bool]]:
    return {
        field.name: (key, field.required)
        for field in msgspec.structs.fields(struct)
        for key in getattr(field.type, "__metadata__", ())
        if isinstance(key, Key)
    }


def _default(value: object) -> object:
    match value:
        case str() | int():
            return value
        case timedelta():
            return format_duration(value.total_seconds())
        case None | msgspec.NODEFAULT | msgspec.Struct() | tuple():
            return None
        case _:
            return str(value)


def _near_miss(name: str, known: Mapping[str, object]) -> str:
    if len(name) > _NAME_LIMIT:
        return ""
    plain = name.lower().replace("-", "_")
    close = difflib.get_close_matches(plain, known, n=1, cutoff=_CLOSE)
    return f"; did you mean {close[0]!r}?" if close else ""
