"""What a key with free names or with items takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from csctl.errors import InvalidValue
from csctl.profile.kind import VARIABLE, Choice
from csctl.profile.node import BROKEN, Node, mapping_of
from csctl.profile.reading import Kind, Reading, below


@dataclass(frozen=True, slots=True)
class Entries:
    """A mapping with free names; a refused value stands in it as BROKEN."""

    kind: Kind
    check_name: Callable[[str], object]
    """Raises InvalidValue for a name that is refused."""
    names: tuple[str, ...] = ()
    """All names there are, where they are known."""

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        entries = {}
        for name, child in mapping_of(node, "a mapping of names to values").items():
            try:
                self.check_name(name)
            except InvalidValue as exc:
                at = child.key_at or child.at
                reading.report(at, below(path, name), exc.message)
                entries[name] = BROKEN
            else:
                entries[name] = reading.read(self.kind, child, below(path, name))
        return entries

    def schema(self) -> dict[str, Any]:
        if not self.names:
            return {"type": "object", "additionalProperties": self.kind.schema()}
        return {
            "type": "object",
            "properties": {name: self.kind.schema() for name in self.names},
            "additionalProperties": False,
            "minProperties": 1,
        }


@dataclass(frozen=True, slots=True)
class Items:
    """A list of values of one kind, in the order in which they are written."""

    kind: Kind

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        if not isinstance(node.value, list):
            raise InvalidValue(f"is {node.kind}, where a list is wanted")
        items = [
            reading.read(self.kind, item, f"{path}[{index}]")
            for index, item in enumerate(node.value)
        ]
        return BROKEN if BROKEN in items else tuple(items)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.kind.schema()}


@dataclass(frozen=True, slots=True)
class Subset:
    """A list of words, each at most once; one more word, alone or listed, means all.

    The value has the order of `words`, however it is written.
    """

    words: tuple[str, ...]
    all_of_them: str

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        kind = Choice((*self.words, self.all_of_them))
        if not isinstance(node.value, list):
            if node.value != self.all_of_them:
                raise InvalidValue(
                    f"is {node.kind}, where a list such as [{self.words[0]}] or"
                    f" {self.all_of_them} is wanted"
                )
            return self.words
        if not node.value:
            raise InvalidValue("is an empty list: leave the section out instead")
        found = []
        for index, item in enumerate(node.value):
            word = reading.read(kind, item, f"{path}[{index}]")
            if word is not BROKEN and word in found:
                reading.report(item.place, f"{path}[{index}]", f"{word!r} again")
                word = BROKEN
            found.append(word)
        if BROKEN in found:
            return BROKEN
        return tuple(w for w in self.words if w in found or self.all_of_them in found)

    def schema(self) -> dict[str, Any]:
        every = [*self.words, self.all_of_them]
        items = {"enum": every}
        return {
            "anyOf": [
                {"const": self.all_of_them},
                {"type": "array", "items": items, "minItems": 1, "uniqueItems": True},
                VARIABLE,
            ]
        }
