"""Reading one document: every key by its kind, with all problems kept."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Protocol

from csctl.errors import InvalidReference, InvalidValue, Problem
from csctl.profile.node import BROKEN, Node, Position, shorten
from csctl.profile.variables import Variables

PROBLEM_LIMIT = 100
"""The most problems that are told of one file."""


class Kind(Protocol):
    """What a key takes."""

    def read(self, node: Node, path: str, reading: Reading) -> Any:
        """The value of a node, or BROKEN where a part of it was reported.

        Raises InvalidValue and InvalidReference where the node itself is refused.
        """

    def schema(self) -> dict[str, Any]:
        """What the key takes, as JSON Schema."""


class Reading:
    """One document being read: its folder, its problems and the places of its keys."""

    def __init__(
        self, file: str, base: Path | None, home: str | None, variables: Variables
    ) -> None:
        self.base = base
        """Where relative paths start; None where they have no meaning."""
        self.home = home
        self.problems: list[Problem] = []
        self.positions: dict[str, Position] = {}
        self._file = file
        self._variables = variables

    @property
    def full(self) -> bool:
        """Whether more problems would not be told."""
        return len(self.problems) > PROBLEM_LIMIT

    def read(self, kind: Kind, node: Node, path: str) -> Any:
        """The value of a node, or BROKEN with its problem reported."""
        self.positions[path] = node.place
        if node.value is BROKEN or self.full:
            return BROKEN
        try:
            return kind.read(self._replaced(node), path, self)
        except (InvalidValue, InvalidReference) as exc:
            message = f"{exc.message}; {exc.remedy}" if exc.remedy else exc.message
            self.report(node.place, path, message)
            return BROKEN

    def place_of(self, path: str) -> Position | None:
        """Where a key stands, or the section that lacks it; None outside of both."""
        parent = path.rpartition(".")[0]
        return self.positions.get(path) or self.positions.get(parent)

    def report(self, at: Position, path: str, message: str) -> None:
        """Keep a problem."""
        self.problems.append(
            Problem(
                file=self._file,
                line=at.line,
                column=at.column,
                path=path,
                message=message,
            )
        )

    def _replaced(self, node: Node) -> Node:
        if not isinstance(node.value, str) or "${" not in node.value:
            return node
        text = self._variables.replace(node.value)
        return dataclasses.replace(node, value=text, replaced=True)


def below(path: str, key: str) -> str:
    """The path of a key below another path."""
    return f"{path}.{shorten(key)}" if path else shorten(key)
