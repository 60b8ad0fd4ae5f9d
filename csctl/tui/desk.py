"""The desk: what every screen works on. It holds values, and no rule of the domain."""

from __future__ import annotations

import dataclasses
import os
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from csctl.container.observed import Sample
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, EngineUnavailable, UsageError
from csctl.lifecycle.far_row import FarRow
from csctl.lifecycle.status import Status
from csctl.profile.model import Profile

HISTORY = 120
"""So many samples, one a second, are kept of a container."""

Row = Status | FarRow


def key_of(row: Row) -> str:
    """What a row is called on all screens: by its host as well, if it is another."""
    return str(row) if isinstance(row, FarRow) else row.profile


@dataclass(kw_only=True)
class Desk:
    """The Engine, the profiles, and what is known of both right now."""

    READ_ONLY: ClassVar = "csctl was started with --read-only"

    connect: Callable[[], Engine]
    load: Callable[[], Sequence[Profile]]
    """Reads the profiles that csctl was started with, of any host.

    Raises ProfileError.
    """
    environ: Mapping[str, str]
    paths: list[str] = field(default_factory=list)
    """What `load` reads: files and directories."""
    folder: Path
    """Where a new profile is written unless another place is named."""
    read_only: bool = False
    engine: Engine | None = None
    """None while none answers."""
    lost: EngineUnavailable | None = None
    rows: tuple[Status, ...] = ()
    """Those of this host, or of the Engine that was named."""
    far: tuple[FarRow, ...] = ()
    """Those of other hosts."""
    problems: tuple[CsctlError, ...] = ()
    """What is wrong with profile files that do not load."""
    samples: dict[str, deque[Sample]] = field(default_factory=dict)
    """What containers used of CPU and memory lately, by name, the newest last."""

    @property
    def every(self) -> tuple[Row, ...]:
        """The rows of all hosts."""
        return (*self.rows, *self.far)

    def row(self, key: str) -> Row | None:
        """The row of a profile or container, by its key."""
        return next((row for row in self.every if key_of(row) == key), None)

    def here(self, name: str) -> Status | None:
        """The row of a profile or container of this host."""
        return next((row for row in self.rows if row.profile == name), None)

    def profile(self, name: str) -> Profile | None:
        """The profile of this name on this host."""
        row = self.here(name)
        return row.wanted if row else None

    def read_again(self) -> None:
        """Take the profiles as their files say now, before the fleet notices it.

        Raises ProfileError.
        """
        fresh = {one.name: one for one in self.load() if one.host is None}
        known = {row.profile for row in self.rows}
        self.rows = (
            *(
                dataclasses.replace(row, wanted=fresh.get(row.profile, row.wanted))
                for row in self.rows
            ),
            *(_absent(one) for name, one in fresh.items() if name not in known),
        )

    def places(self) -> list[Path]:
        """What `load` reads, to be watched for changes."""
        return [Path(path) for path in self.paths]

    def add(self, path: Path) -> None:
        """Take a new profile's file to those of the fleet. Raises ProfileError."""
        known = {os.path.realpath(one) for one in self.paths}
        if known.isdisjoint((os.path.realpath(path), os.path.realpath(path.parent))):
            self.paths.append(str(path))
        self.read_again()

    def require_engine(self) -> Engine:
        """The Engine. Raises EngineUnavailable while it is lost."""
        if self.engine is None or self.lost is not None:
            raise self.lost or EngineUnavailable(
                "the Engine was not reached yet", remedy="wait a moment"
            )
        return self.engine

    def require_changes(self) -> None:
        """Refuse whatever changes anything on a read-only desk. Raises UsageError."""
        if self.read_only:
            raise UsageError(self.READ_ONLY, remedy="start it without")

    @property
    def host(self) -> str:
        """The Engine's host and address, as a confirmation names them."""
        if self.engine is None:
            return "no Engine"
        return f"{self.engine.host.name} ({self.engine.url})"

    def where(self, jobs: Collection[str]) -> str:
        """What work is about, each with its host, as a confirmation names it.

        A job of another host says so itself.
        """
        here = [one for one in jobs if self.here(one) is not None]
        far = [one for one in jobs if one not in here]
        return "; ".join(
            [*([f"{', '.join(here)} on {self.host}"] if here else []), *far]
        )

    def keep(self, name: str, sample: Sample) -> None:
        """Remember a sample of a container."""
        self.samples.setdefault(name, deque(maxlen=HISTORY)).append(sample)


def _absent(profile: Profile) -> Status:
    return Status(
        profile=profile.name,
        container=None,
        ready=False,
        api_status=None,
        license=None,
        drift=(),
        wanted=profile,
    )
