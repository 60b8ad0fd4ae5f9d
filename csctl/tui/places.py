"""Places: screens about one row, which one can go to by name and come back to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider

from csctl.tui import doors
from csctl.tui.desk import key_of
from csctl.tui.verb import BY_ACTION

if TYPE_CHECKING:
    from csctl.tui.app import CsctlApp

_VERBS = ("details", "logs", "plan", "models", "license", "images")


@dataclass(frozen=True, slots=True)
class Place:
    """A screen by the verb that opens it, about a profile or container."""

    verb: str
    name: str

    def __str__(self) -> str:
        return f"{self.verb} {self.name}"

    def why_not(self, app: CsctlApp) -> str | None:
        """Why one cannot go there now; None where one can."""
        row = app.desk.row(self.name)
        if row is None:
            return f"there is no {self.name} any more"
        return BY_ACTION[self.verb].why_not(app.desk, row)

    def open(self, app: CsctlApp) -> None:
        """Go there, or say why that cannot be now."""
        if (why := self.why_not(app)) is not None:
            app.notify(why, title=f"{self}: not now", timeout=4)
            return
        match self.verb:
            case "details":
                doors.open_details(app, self.name)
            case "logs":
                doors.open_logs(app, self.name)
            case "plan":
                doors.open_plan(app, (self.name,))
            case "models":
                doors.open_models(app, self.name)
            case "license":
                doors.open_license(app, self.name)
            case "images":
                doors.open_images(app, self.name)


class Places(Provider):
    """What there is to go to: `logs contoso`, and so on for each row."""

    async def discover(self) -> Hits:
        for place in self._all():
            if place.verb == _VERBS[0]:
                yield DiscoveryHit(str(place), self._go(place), help=_help(place))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for place in self._all():
            if (score := matcher.match(str(place))) > 0:
                shown = matcher.highlight(str(place))
                yield Hit(score, shown, self._go(place), help=_help(place))

    def _all(self) -> Iterator[Place]:
        app = cast("CsctlApp", self.app)
        for key in map(key_of, app.desk.every):
            for verb in _VERBS:
                place = Place(verb, key)
                if place.why_not(app) is None:
                    yield place

    def _go(self, place: Place) -> partial[None]:
        return partial(place.open, cast("CsctlApp", self.app))


def _help(place: Place) -> str:
    return BY_ACTION[place.verb].help


def ask(app: CsctlApp) -> None:
    """Ask where to go."""
    hint = "Go to: a name, or a screen and a name, such as logs contoso"
    app.push_screen(CommandPalette([Places], placeholder=hint))
