"""The order of the fleet: by one column, and by name where that is equal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from csctl.format import drift_words
from csctl.format import fleet as words
from csctl.tag import Tag
from csctl.tui.fleet_cells import Facts, state

_URGENCY = "✗?…◐○●"
"""What needs a look comes first."""


@dataclass(frozen=True, slots=True)
class Order:
    """By which column, and whether backwards."""

    key: str = "name"
    backwards: bool = False

    def after(self, keys: tuple[str, ...]) -> Order:
        """By the next one of some columns."""
        index = keys.index(self.key) + 1 if self.key in keys else 0
        return Order(keys[index % len(keys)])

    def by(self, key: str) -> Order:
        """By this column, or backwards where it is this one already."""
        return Order(key, self.key == key and not self.backwards)

    @property
    def live(self) -> bool:
        """Whether it changes with what the containers use."""
        return self.key in ("cpu", "memory")

    def sort(self, rows: Iterable[Facts]) -> list[Facts]:
        """The rows in this order."""
        by_name = sorted(rows, key=lambda one: (one.name, one.host))
        return sorted(by_name, key=_KEYS[self.key], reverse=self.backwards)


def _used(facts: Facts, name: str) -> float:
    """The most first, and what is not measured last."""
    return -getattr(facts.samples[-1], name) if facts.samples else 1.0


def _license(facts: Facts) -> tuple[int, str]:
    """What ends first; what has none before, what is unknown or needs none behind."""
    known = facts.said["license"]
    if known is None:
        return 3, ""
    if known["path"] is None:
        return 0, ""
    at = known["expires_at"]
    return (2, "") if at is None else (1, at)


_KEYS: dict[str, Callable[[Facts], Any]] = {
    "host": lambda facts: facts.host,
    "name": lambda facts: facts.name,
    "state": lambda facts: (_URGENCY.index(state(facts)[0]), state(facts)[1]),
    "mode": lambda facts: words.mode(facts.said, facts.wanted),
    "image": lambda facts: Tag.parse(words.image(facts.said, facts.wanted)).sort_key,
    "model": lambda facts: words.model(facts.said, facts.wanted),
    "port": lambda facts: _port(facts),
    "cpu": lambda facts: _used(facts, "cpus"),
    "memory": lambda facts: _used(facts, "memory"),
    "license": _license,
    "drift": lambda facts: (drift_words(facts.said) == "none", drift_words(facts.said)),
}


def _port(facts: Facts) -> tuple[int, str]:
    address, _, number = words.port(facts.said, facts.wanted).rpartition(":")
    return int(number) if number.isdigit() else 0, address
