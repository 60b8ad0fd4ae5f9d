"""YAML text into nodes with their places, with everything refused that is not plain.

The tree is built from PyYAML's events, step by step and without recursion. Tags,
anchors and aliases are refused, so that a file is never larger than it looks. Scalars
are read as PyYAML's SafeLoader reads them (YAML 1.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Final, Protocol

import yaml
from yaml.constructor import SafeConstructor
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)
from yaml.resolver import Resolver

from csctl.errors import Problem
from csctl.profile.node import BROKEN, Broken, Node, Position, Value, shorten
from csctl.profile.reading import PROBLEM_LIMIT

SIZE_LIMIT: Final = 1 << 20
_NODE_LIMIT = 20_000
_DEPTH_LIMIT = 50
_SCALAR_LIMIT = 64
"""A longer plain scalar is text: no number or date of a profile is that long."""

_START = Position(1, 1)
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_CONSTRUCTED = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("null", "bool", "int", "float", "timestamp")
)
# Not every build of PyYAML has the C parser.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def decode(data: bytes, file: str) -> tuple[str, list[Problem]]:
    """The text of a file, or what is wrong with its bytes."""
    if len(data) > SIZE_LIMIT:
        return "", [_too_large(file)]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as exc:
        before = data[: exc.start]
        column = exc.start - (before.rfind(b"\n") + 1) + 1
        at = Position(before.count(b"\n") + 1, column)
        return "", [_problem(file, at, "", "is not UTF-8 text")]


def read(text: str, file: str) -> tuple[list[Node], list[Problem]]:
    """The documents of a file, each at least readable, and what is refused in it.

    An empty document has the value None. After a fault of syntax nothing more is read.
    """
    if len(text) > SIZE_LIMIT:
        return [], [_too_large(file)]
    if unwanted := _UNWANTED.search(text):
        at = _position(text, unwanted.start())
        message = f"holds the control character U+{ord(unwanted[0]):04X}"
        return [], [_problem(file, at, "", message)]
    events: list[Event] = []
    builder = _Builder(file)
    try:
        _collect(text, events)
    except _TooMuch as exc:
        return [], [_problem(file, exc.at, "", str(exc))]
    except yaml.MarkedYAMLError as exc:
        builder.build(events)
        words = filter(None, (exc.problem, exc.context))
        place = _place(exc.problem_mark or exc.context_mark)
        builder.report(place, "no valid YAML: " + " ".join(words))
    except yaml.YAMLError:
        builder.report(_START, "no valid YAML: a character is not allowed")
    else:
        builder.build(events)
    return builder.documents, builder.problems


def _collect(text: str, events: list[Event]) -> None:
    """Add the events of a text, up to a fault. Raises _TooMuch and YAMLError."""
    nodes = depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, NodeEvent):
            nodes += 1
            depth += isinstance(event, CollectionStartEvent)
            if nodes > _NODE_LIMIT:
                message = f"holds more than {_NODE_LIMIT:,} values"
                raise _TooMuch(_place(event.start_mark), message)
            if depth > _DEPTH_LIMIT:
                message = f"is nested deeper than {_DEPTH_LIMIT} levels"
                raise _TooMuch(_place(event.start_mark), message)
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        events.append(event)


class _Mark(Protocol):
    """Where the parser stands; both count from 0."""

    line: int
    column: int


def _place(mark: _Mark | None) -> Position:
    return _START if mark is None else Position(mark.line + 1, mark.column + 1)


def _position(text: str, index: int) -> Position:
    return Position(text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def _problem(file: str, at: Position, path: str, message: str) -> Problem:
    return Problem(
        file=file, line=at.line, column=at.column, path=path, message=message
    )


def _too_large(file: str) -> Problem:
    return _problem(file, Position(0, 0), "", f"is larger than {SIZE_LIMIT >> 20} MiB")


class _TooMuch(Exception):
    """A limit is reached, and the file is not read."""

    def __init__(self, at: Position, message: str) -> None:
        super().__init__(message)
        self.at = at


class _Frame:
    """A list or mapping that is being filled."""

    __slots__ = ("at", "broken", "key", "key_at", "node_key_at", "values")

    def __init__(self, event: Event, at: Position, key_at: Position | None) -> None:
        self.at = at
        self.broken = False
        self.node_key_at = key_at
        """Where the key of this list or mapping stands."""
        is_mapping = isinstance(event, MappingStartEvent)
        self.values: dict[str, Node] | list[Node] = {} if is_mapping else []
        self.key: str | Broken | None = None
        """The key whose value comes next."""
        self.key_at: Position | None = None


class _Builder:
    """The documents of a file, built event by event."""

    def __init__(self, file: str) -> None:
        self.documents: list[Node] = []
        self.problems: list[Problem] = []
        self._file = file
        self._frames: list[_Frame] = []
        self._resolver = Resolver()
        self._constructor = SafeConstructor()

    def report(self, at: Position, message: str) -> None:
        self.problems.append(_problem(self._file, at, self._path, message))

    @property
    def _path(self) -> str:
        path = ""
        for frame in self._frames:
            if isinstance(frame.values, list):
                path += f"[{len(frame.values)}]"
            elif isinstance(frame.key, str):
                path += ("." if path else "") + shorten(frame.key)
        return path

    def build(self, events: Iterable[Event]) -> None:
        """Build the documents, as long as more problems would be told."""
        for event in events:
            if len(self.problems) > PROBLEM_LIMIT:
                return
            self._add(event)

    def _add(self, event: Event) -> None:
        match event:
            case DocumentStartEvent():
                self._frames.clear()
            case DocumentEndEvent():
                pass
            case CollectionEndEvent():
                self._leave()
            case NodeEvent():
                self._enter(event, _place(event.start_mark))

    def _enter(self, event: NodeEvent, at: Position) -> None:
        value = self._refused(event, at)
        match event:
            case CollectionStartEvent():
                key_at = self._frames[-1].key_at if self._frames else None
                self._frames.append(_Frame(event, at, key_at))
                self._frames[-1].broken = value is BROKEN
            case ScalarEvent() if value is not BROKEN:
                self._put(self._scalar(event, at))
            case _:
                self._put(self._node(BROKEN, at))

    def _refused(self, event: NodeEvent, at: Position) -> Value:
        if isinstance(event, AliasEvent) or event.anchor is not None:
            self.report(at, "anchors and aliases are refused: write the value itself")
        elif isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag:
            self.report(at, "tags are refused: write the value without one")
        else:
            return None
        return BROKEN

    def _scalar(self, event: ScalarEvent, at: Position) -> Node:
        plain = event.style is None or event.style == ""
        text = event.value
        if not plain and (unwanted := _UNWANTED.search(text)):
            self.report(at, f"holds the control character U+{ord(unwanted[0]):04X}")
            return self._node(BROKEN, at)
        value: Value = text
        if plain and len(text) <= _SCALAR_LIMIT:
            tag = self._resolver.resolve(  # type: ignore[no-untyped-call]
                yaml.ScalarNode, text, (True, False)
            )
            if tag in _CONSTRUCTED:
                value = self._construct(tag, text, at)
        return self._node(value, at, text, plain=plain)

    def _construct(self, tag: str, text: str, at: Position) -> Value:
        node = yaml.ScalarNode(tag, text)
        try:
            value = self._constructor.construct_object(node)
        except (ValueError, OverflowError):
            self.report(at, "looks like a number or a date, and is none: quote it")
            return BROKEN
        return value if isinstance(value, int | float | date | None) else BROKEN

    def _node(
        self, value: Value, at: Position, text: str = "", *, plain: bool = False
    ) -> Node:
        key_at = self._frames[-1].key_at if self._frames else None
        return Node(value=value, at=at, key_at=key_at, text=text, plain=plain)

    def _leave(self) -> None:
        frame = self._frames.pop()
        value = BROKEN if frame.broken else frame.values
        self._put(Node(value=value, at=frame.at, key_at=frame.node_key_at))

    def _put(self, node: Node) -> None:
        if not self._frames:
            self.documents.append(node)
            return
        frame = self._frames[-1]
        if isinstance(frame.values, list):
            frame.values.append(node)
        elif frame.key is None:
            self._put_key(frame, node)
        else:
            if isinstance(frame.key, str):
                frame.values.setdefault(frame.key, node)
            frame.key = frame.key_at = None

    def _put_key(self, frame: _Frame, node: Node) -> None:
        frame.key, frame.key_at = BROKEN, node.at
        if isinstance(node.value, str):
            frame.key = node.value
            if node.value in frame.values:
                self.report(node.at, "this key is written twice")
        elif node.value is not BROKEN:
            known = node.shown if node.text else "this"
            message = f"{known} is read as {node.kind}, not as a key: quote it"
            self.report(node.at, message)
