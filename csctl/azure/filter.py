"""Filters of listings, of typed conditions. Facts: rest-api.md section 2.3."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from csctl.azure.operation import Operation
from csctl.errors import UsageError

_TOKEN = re.compile(r"'(?:[^']|'')*'|[0-9][\w:.+-]*|[A-Za-z_][\w/.]*")
_WORDS = frozenset(
    ("eq", "ne", "gt", "ge", "lt", "le", "and", "or", "not", "true", "false", "null")
)
_BARE = "time"
_SHORT = {
    "displayName": "name",
    "createdDateTime": "created",
    "lastActionDateTime": "changed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A comparison that a listing may make."""

    name: str
    """As people write it: `name`, `status`, `created-after`."""
    property: str
    comparison: str
    """`eq`, `ge` or `lt`."""
    kind: str
    words: tuple[str, ...] = ()

    def of(self, values: Sequence[str]) -> str:
        """The expression for one of these values."""
        said = " or ".join(
            f"{self.property} {self.comparison} {self._literal(value)}"
            for value in values
        )
        return f"({said})" if len(values) > 1 else said

    def _literal(self, value: str) -> str:
        # Times stand without quotes (section 2.3); a quote within text is doubled.
        return value if self.kind == _BARE else "'" + value.replace("'", "''") + "'"


def conditions(operation: Operation) -> tuple[Condition, ...]:
    """All conditions that an operation knows."""
    found = []
    for one in operation.filters:
        short = _SHORT.get(one.name, one.name)
        if one.kind.name == _BARE:
            pairs = [(f"{short}-after", "ge"), (f"{short}-before", "lt")]
        else:
            pairs = [(short, "eq")]
        found += [
            Condition(
                name=name,
                property=one.name,
                comparison=comparison,
                kind=one.kind.name,
                words=one.kind.words,
            )
            for name, comparison in pairs
        ]
    return tuple(found)


def expression(
    operation: Operation, wanted: Mapping[str, Sequence[str]], raw: str | None = None
) -> str | None:
    """The `filter` of conditions by their names, and of a raw one beside them.

    None where there is nothing to filter by. Raises UsageError.
    """
    parts = [
        one.of(wanted[one.name])
        for one in conditions(operation)
        if wanted.get(one.name)
    ]
    if raw is not None:
        check(operation, raw)
        parts.append(f"({raw})" if parts else raw)
    return " and ".join(parts) or None


def check(operation: Operation, raw: str) -> None:
    """Refuse a raw filter by what the operation does not know. Raises UsageError."""
    known = {one.name for one in operation.filters}
    words = [token for token in _TOKEN.findall(raw) if token[0].isalpha()]
    unknown = [word for word in words if word not in known and word not in _WORDS]
    if unknown:
        raise UsageError(
            f"{operation.name} cannot filter by {', '.join(dict.fromkeys(unknown))}",
            remedy=f"it knows {', '.join(sorted(known))}, with eq, ne, gt, ge, lt, le,"
            " and, or, not; text stands in single quotes",
        )
