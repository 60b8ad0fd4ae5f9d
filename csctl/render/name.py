"""Names and labels as Kubernetes takes them."""

from __future__ import annotations

import re
from typing import Final

from csctl.errors import UsageError

_LONGEST: Final = 42
"""So that every name that is made of it stays a label's value."""
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_LABEL_KEY: Final = re.compile(
    rf"(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_PART}"
)
_LABEL_VALUE: Final = re.compile(rf"(?:{_PART})?")


def object_name(name: str) -> str:
    """A profile's name for the objects of a cluster. Raises UsageError."""
    lower = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not lower[:1].isalpha():
        lower = f"speech-{lower}".rstrip("-")
    if len(lower) > _LONGEST:
        raise UsageError(
            f"{name}: the name is too long for Kubernetes: {len(lower)} characters, and"
            f" {_LONGEST} are the most",
            remedy="shorten `name` in the profile",
        )
    return lower


def is_label(key: str, value: str) -> bool:
    """Whether Kubernetes takes this as a label."""
    return bool(_LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(value))
