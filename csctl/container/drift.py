"""Drift: the fields in which what is differs from what should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from csctl.container.spec import UNKNOWN

_IN_PLACE = frozenset({"restart", "resources.cpus", "resources.memory"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field: what is, what should be, and who moved away from whom."""

    field: str
    have: str
    want: str
    by: str
    """`profile` (it changed since the last apply) or `container` (it was changed)."""

    def __str__(self) -> str:
        return f"{self.field}: {self.have} -> {self.want}"

    @property
    def in_place(self) -> bool:
        """Whether the Engine can change it on the running container.

        Taking a bound away is not among what it can.
        """
        return self.field in _IN_PLACE and self.want != "none"


class Live(Protocol):
    """A container or a service, which tells what can change behind csctl's back."""

    def live_fields(self) -> dict[str, str]: ...


def compare(
    wanted: Mapping[str, str] | None,
    applied: Mapping[str, str] | None,
    container: Live,
) -> tuple[Difference, ...]:
    """Three-way: the profile's fields, the applied ones, and the live ones.

    Without a profile (`wanted` is None) the applied fields are what should be.
    A container of which nothing tells what was applied differs in `spec`.
    """
    if applied is None:
        if wanted is None:
            return ()
        return (Difference(field="spec", have="unknown", want="known", by="profile"),)
    live = container.live_fields()
    have = dict(applied) | {
        name: text for name, text in live.items() if name in applied
    }
    have |= {name: text for name, text in live.items() if name.startswith("mounts.")}
    want = dict(applied if wanted is None else wanted)
    differences = []
    for name in sorted(have.keys() | want.keys()):
        is_, should = have.get(name, "none"), want.get(name, "none")
        if is_ != should and UNKNOWN not in (is_, should):
            moved = applied.get(name, "none") != is_
            differences.append(
                Difference(
                    field=name,
                    have=is_,
                    want=should,
                    by="container" if moved else "profile",
                )
            )
    return tuple(differences)
