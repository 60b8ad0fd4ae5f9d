"""What workers tell the application; everything else is a widget's own message."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from csctl.errors import EngineUnavailable
from csctl.lifecycle.watch import Rows
from csctl.profile.model import Profile
from csctl.tui.run import Run


@dataclass
class FleetSeen(Message):
    """The fleet was looked at."""

    rows: Rows

    def can_replace(self, message: Message) -> bool:
        """What came since then is all that counts."""
        return isinstance(message, FleetSeen)


@dataclass
class FarTold(Message):
    """Another host told of its rows, or did not answer."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, FarTold)


@dataclass
class FarWanted(Message):
    """The profiles of other hosts are these from now on."""

    profiles: tuple[Profile, ...]


@dataclass
class EngineLost(Message):
    """The Engine does not answer any more."""

    error: EngineUnavailable


@dataclass
class WorkOver(Message):
    """Work that went on has ended, whichever way."""

    run: Run
