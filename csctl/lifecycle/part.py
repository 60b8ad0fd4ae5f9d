"""Parts of what is known of one thing: rows, and sentences about what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from csctl.errors import CsctlError, EngineUnavailable

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """What could be read, and why the rest is not there."""

    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()


def read(look: Callable[[], Part[Row]]) -> Part[Row]:
    """What `look` finds; what is in its way becomes a note.

    Raises EngineUnavailable: without the Engine nothing is known.
    """
    try:
        return look()
    except EngineUnavailable:
        raise
    except CsctlError as error:
        return Part(notes=(error.message,))
