"""The operations of each version of the API, read from the tables beside this file.

A table is text for people first: sections in brackets, one row a line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from csctl.azure.operation import (
    Body,
    FormBody,
    JsonBody,
    Kind,
    Octets,
    Operation,
    Parameter,
)
from csctl.errors import UsageError
from csctl.profile.speech import API_VERSIONS

_FOLDER = Path(__file__).with_name("versions")
_OPEN = "..."
_COPYING = "Operation"
"""What a copy of a model answers; it has a status, and no filter (section 2.1)."""
_Rows = Mapping[str, list[list[str]]]


@dataclass(frozen=True, slots=True)
class Table:
    """All operations of one version, by name."""

    version: str
    operations: Mapping[str, Operation]

    def find(self, name: str) -> Operation:
        """The operation of a name, in any of its spellings. Raises UsageError."""
        names = {
            known.lower(): one
            for one in self.operations.values()
            for known in (one.name, *one.aliases)
        }
        if found := names.get(name.lower()):
            return found
        near = difflib.get_close_matches(name.lower(), names, n=1)
        hint = f"; did you mean {names[near[0]].name}?" if near else ""
        raise UsageError(
            f"API version {self.version} has no operation {name!r}{hint}",
            remedy="`csctl speech operations` lists all of them; another version may"
            " have it: --api-version",
        )

    def at(self, method: str, path: str) -> Operation:
        """The operation of a method and path. Raises UsageError."""
        for one in self.operations.values():
            if (one.method, one.path) == (method, path):
                return one
        raise UsageError(
            f"API version {self.version} has no {method} {path}",
            remedy="choose another one: --api-version",
        )

    def groups(self) -> Mapping[str, list[Operation]]:
        """The operations by the group of their command."""
        groups: dict[str, list[Operation]] = {}
        for one in self.operations.values():
            groups.setdefault(one.group, []).append(one)
        return groups


@cache
def load(version: str) -> Table:
    """The table of a version. Raises UsageError for one that there is none of."""
    if version not in API_VERSIONS:
        raise UsageError(
            f"{version!r} is no version of the API that csctl knows",
            remedy=f"choose one of {', '.join(API_VERSIONS)}",
        )
    return parse(version, (_FOLDER / f"{version}.txt").read_text())


def parse(version: str, text: str) -> Table:
    """The table that a text holds."""
    sections: dict[str, list[list[str]]] = {}
    rows: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("["):
            rows = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            rows.append(line.split())
    operations = map(_Reader(sections).operation, sections["operations"])
    return Table(version, {one.name: one for one in operations})


class _Reader:
    def __init__(self, sections: _Rows) -> None:
        self._sections = sections
        self._words = {name: words for name, *words in sections["enums"]}
        self._query = {name: self._kind(text) for name, text in sections["parameters"]}
        self._filters = {
            name: tuple(self._filter(word) for word in words)
            for name, *words in sections["filters"]
        }

    def operation(self, row: list[str]) -> Operation:
        method, path, names, body, answer, *query = row
        name, *aliases = names.split("=")
        paged = answer.endswith("*")
        item = None if answer == "-" else answer.removesuffix("*")
        filters = self._filters.get(item or "", ())
        moving = item == _COPYING or any(one.name == "status" for one in filters)
        return Operation(
            name=name,
            aliases=tuple(aliases),
            method=method,
            path=path,
            query=tuple(self._asked(word) for word in query),
            body=self._body(body),
            answer=item,
            paged=paged,
            filters=filters if "filter" in query else (),
            job=moving and not paged,
        )

    def _asked(self, word: str) -> Parameter:
        name = word.removesuffix("!")
        return Parameter(name=name, kind=self._query[name], required=name != word)

    def _filter(self, word: str) -> Parameter:
        name, _, kind = word.partition(":")
        return Parameter(name=name, kind=self._kind(kind or "text"))

    def _body(self, word: str) -> Body | None:
        match word.partition(":"):
            case ("-", _, _):
                return None
            case ("octets", _, _):
                return Octets()
            case ("form", _, name):
                return FormBody(self._fields(self._sections[f"form {name}"]))
            case (name, _, _):
                bare = name.removesuffix("[]")
                fields = self._fields(self._sections[f"body {bare}"])
                return JsonBody(fields, many=bare != name)

    def _fields(self, rows: Iterable[list[str]]) -> tuple[Parameter, ...]:
        return tuple(
            Parameter(
                name=name.removesuffix("!"),
                kind=self._kind(kind),
                required=name.endswith("!"),
            )
            for name, kind in rows
        )

    def _kind(self, text: str) -> Kind:
        name = text.removesuffix("[]").removesuffix("{}")
        words = self._words.get(name, [])
        return Kind(
            name=name,
            many=text.endswith("[]"),
            switches=text.endswith("{}"),
            words=tuple(word for word in words if word != _OPEN),
            closed=_OPEN not in words,
        )
