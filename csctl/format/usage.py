"""Usage records and commitments, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csctl.format import Row

if TYPE_CHECKING:
    from csctl.lifecycle.commitment import Commitment

HEADERS = ("NAME", "MONTH", "METER", "QUANTITY")


def commitment(value: Commitment) -> Row:
    """What was bought and what was used of it."""
    return {
        "resource": value.resource,
        "profiles": list(value.profiles),
        "year": value.year,
        "hours": value.hours,
        "used": round(value.used, 3),
        "share": round(value.share, 4),
    }


def commitment_words(value: Commitment) -> str:
    """`412.5 of 500 hours in 2026 (83 %)`."""
    share = f"{100 * value.share:.0f} %"
    return f"{value.used:,.1f} of {value.hours:,.10g} hours in {value.year} ({share})"


def warnings(value: Commitment) -> tuple[str, ...]:
    """What is worth a word about it."""
    found = []
    if value.near:
        found.append(f"{value.resource}: {commitment_words(value)} are used")
    if value.uncounted:
        names = ", ".join(value.uncounted)
        found.append(
            f"{value.resource}: not counted, as no unit of time is known of: {names}"
        )
    return tuple(found)
