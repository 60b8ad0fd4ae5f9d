"""The filter of a list, read and evaluated: `locale eq 'en-US' and not (...)`.

Facts: rest-api.md section 2.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .refusal import Refused, invalid

Test = Callable[[Mapping[str, Any]], bool]

_DATES = frozenset(("createdDateTime", "lastActionDateTime"))
_COMMON = frozenset(("displayName", "description", "status", "locale")) | _DATES
PROPERTIES = {
    "datasets": _COMMON | {"kind"},
    "endpoints": _COMMON,
    "evaluations": _COMMON,
    "models": _COMMON,
    "base": _COMMON,
    "projects": _COMMON - {"status", "lastActionDateTime"},
    "transcriptions": _COMMON,
    "webhooks": _COMMON - {"locale"} | {"webUrl"},
    "files": frozenset(("name", "createdDateTime", "kind")),
}
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[()])|(?P<word>[^\s()']+))"
)
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: bool(left == right),
    "ne": lambda left, right: bool(left != right),
    "gt": lambda left, right: bool(left > right),
    "ge": lambda left, right: bool(left >= right),
    "lt": lambda left, right: bool(left < right),
    "le": lambda left, right: bool(left <= right),
}


def read(text: str, subject: str) -> Test:
    """The test that a filter means for a kind of entity. Raises Refused."""
    reader = _Reader(text, PROPERTIES[subject])
    test = reader.alternatives()
    if reader.left:
        raise _unsupported(text)
    return test


def _unsupported(text: str) -> Refused:
    return invalid("UnsupportedFilter", f"The filter is not supported: {text}")


class _Reader:
    def __init__(self, text: str, known: frozenset[str]) -> None:
        self._text = text
        self._known = known
        self.left: list[str] = []
        position, text = 0, text.rstrip()
        while position < len(text):
            if (match := _TOKEN.match(text, position)) is None:
                raise _unsupported(text)
            self.left.append(match[0].strip())
            position = match.end()

    def alternatives(self) -> Test:
        tests = [self._conjunction()]
        while self._is_next("or"):
            tests.append(self._conjunction())
        return lambda entity: any(test(entity) for test in tests)

    def _conjunction(self) -> Test:
        tests = [self._term()]
        while self._is_next("and"):
            tests.append(self._term())
        return lambda entity: all(test(entity) for test in tests)

    def _term(self) -> Test:
        if self._is_next("not"):
            inner = self._term()
            return lambda entity: not inner(entity)
        if self._is_next("("):
            inner = self.alternatives()
            if not self._is_next(")"):
                raise _unsupported(self._text)
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        if len(self.left) < 3:
            raise _unsupported(self._text)
        name, operator, value = self.left[:3]
        del self.left[:3]
        compare = _ORDER.get(operator)
        ordered = operator not in ("eq", "ne")
        if name not in self._known or compare is None:
            raise _unsupported(self._text)
        if name in _DATES:
            moment = self._moment(value)
            return lambda entity: compare(_read_moment(entity[name]), moment)
        if ordered or not (value.startswith("'") and len(value) > 1):
            raise _unsupported(self._text)
        wanted = value[1:-1].replace("''", "'")
        return lambda entity: compare(entity.get(name), wanted)

    def _moment(self, value: str) -> datetime:
        try:
            return _read_moment(value)
        except ValueError:
            raise _unsupported(self._text) from None

    def _is_next(self, word: str) -> bool:
        if self.left[:1] != [word]:
            return False
        del self.left[0]
        return True


def _read_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment
