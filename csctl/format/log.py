"""A followed log in words."""

from __future__ import annotations

from csctl.lifecycle.follow import Entry, Mark


def entry(value: Entry) -> str:
    """A line as it is, and a mark so that nobody takes it for one."""
    return f"— {value.text} —" if isinstance(value, Mark) else value.text
