"""A profile's file, the real Engine, and the application on both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.lifecycle.status import Status, status
from csctl.profile.load import load
from csctl.profile.model import Profile
from tests.faults.site import Site
from tests.tui.stage import Stage, stage


@dataclass(frozen=True)
class Yard:
    """A site whose file is written once, and then changed by the application."""

    site: Site
    path: Path
    engine: Engine

    @classmethod
    def of(cls, site: Site) -> Yard:
        return cls(site, site.profile, connect(site.url, None, {}))

    @property
    def environ(self) -> Mapping[str, str]:
        return self.site.environ

    @property
    def profile(self) -> Profile:
        """The profile as its file says now."""
        [profile] = load([self.path], self.environ)
        return profile

    def rows(self) -> tuple[Status, ...]:
        """The profile's row as it is now."""
        return status(self.engine, [self.profile], self.environ).rows

    def app(self, *, read_only: bool = False) -> Stage:
        """The application on what there is now."""
        app = stage(
            *self.rows(),
            engine=self.engine,
            environ=self.environ,
            folder=self.path.parent,
            read_only=read_only,
        )
        app.desk.paths.append(str(self.path))
        app.desk.load = lambda: load([self.path], self.environ)
        return app
